"""Builds the app. Served by `uvicorn --factory service.main:create_app`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import anyio
from anyio.to_thread import run_sync
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from service import allocation, credentials, problems
from service.admission import Admission
from service.closing import told_of_the_end
from service.compressing import Compressing
from service.items import REQUESTS
from service.metrics import Metrics
from service.pictures import drawing
from service.queueing import Queue
from service.reception import Reception
from service.routers import (
    batches,
    classifications,
    interpolations,
    jobs,
    norms,
    operations,
    page,
    pages,
    plots,
    regressions,
    results,
    trainings,
    validations,
    verifications,
)
from service.routes import Shortcut
from service.schemas.batches import BatchItem, BatchLine, BatchRequest
from service.schemas.faults import Problem
from service.settings import GatewaySettings, gateway_settings
from service.solving import Solver
from workers import compute, journal, tracing
from workers.minnorm.cores import use_spare_cores

DESCRIPTION = """\
Minimum-norm one-hidden-layer ReLU networks on one-dimensional data: what training with weight decay looks for, computed
exactly. Through points, or as near to them as a loss and a regularisation say, or with their labels as its sign. Biases
penalised or free, with a skip connection or without one; for the least norm, the fewest kinks or an l^p path norm,
increasing, decreasing, convex or concave if wished. Every answer carries a certificate that a caller can check.
Networks are trained, too, by gradient methods, and set beside the global optimum.

Small problems are answered at once (200); larger ones, and all trainings, become jobs (202). Errors are problem
documents (RFC 9457).
"""
ROOMS = (
    interpolations,
    regressions,
    classifications,
    norms,
    verifications,
    trainings,
    validations,
    jobs,
    results,
    batches,
    plots,
    operations,
    pages,
    page,
)
MOST_ARTISTS = 2
"""Pictures that are drawn at the same time: more would take memory, and be done no sooner."""
UNROUTED: tuple[type[BaseModel], ...] = (Problem, BatchItem, BatchLine, BatchRequest, *REQUESTS.values())
"""Models of what no route takes or returns as a whole; the items of a batch refer to the last ones."""


def create_app(settings: GatewaySettings | None = None) -> FastAPI:
    """An app of its own; nothing is shared between two of them but compiled code."""
    settings = settings or gateway_settings()
    app = FastAPIOffline(
        title="Minimum-norm ReLU networks",
        version=compute.ENGINE.split()[-1],
        description=DESCRIPTION,
        lifespan=_lifespan,
        swagger_ui_parameters={"tryItOutEnabled": True, "displayRequestDuration": True},
        telemetry={"tracing": False, "metrics": False, "logs": False},  # we have our own (`tracing`, `metrics`)
    )
    queue = Queue(settings)
    # Starlette's own class looks for each attribute in vain first, which takes a microsecond every time.
    app.state = SimpleNamespace(  # type: ignore[assignment]
        settings=settings,
        queue=queue,
        solver=Solver(settings, queue),
        metrics=Metrics(),
        artists=anyio.CapacityLimiter(MOST_ARTISTS),
    )
    # The last one is the outermost.
    app.add_middleware(Shortcut, routes=[route for room in ROOMS for route in room.router.routes])
    app.add_middleware(Compressing, settings=settings)
    app.add_middleware(Admission, settings=settings, queue=queue)
    app.add_middleware(Reception, settings=settings, metrics=app.state.metrics)
    for room in ROOMS:
        app.include_router(room.router)
    problems.install(app, settings)
    _describe_problems(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    journal.set_up(app.state.settings.log, take_over=("uvicorn", "uvicorn.error"))
    tracing.start(app.state.settings.traces, "minnorm-gateway")
    allocation.give_back_what_is_long()
    use_spare_cores()
    await run_sync(compute.warm_up)
    with told_of_the_end(app.state.queue.close):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(app.state.queue.keep_reaping)
            # Beside the first requests, which rarely need them.
            tasks.start_soon(app.state.queue.prepare)
            tasks.start_soon(run_sync, drawing.prepare)
            yield
            tasks.cancel_scope.cancel()
    await run_sync(tracing.stop)


def _describe_problems(app: FastAPI) -> None:
    """Put the schemas into the OpenAPI document that no route takes or returns as a model."""
    without = app.openapi

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            schemas = credentials.described(without())["components"]["schemas"]
            modes: list[tuple[type[BaseModel], Any]] = [(model, "validation") for model in UNROUTED]
            _, own = models_json_schema(modes, ref_template="#/components/schemas/{model}")
            for name, schema in own["$defs"].items():
                schemas.setdefault(name, schema)
        return app.openapi_schema or {}

    app.openapi = document  # type: ignore[method-assign]
