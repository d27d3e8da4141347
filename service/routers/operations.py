"""For operators and programs: is it alive, is it ready, what can it do."""

from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from service.schemas import Capabilities, Health
from service.solving import INTERACTIVE
from service.wiring import Call, PartsOf, problems
from workers.errors import LedgerUnavailable
from workers.minnorm import ENGINE

router = APIRouter(tags=["operations"])


@router.get(
    "/livez",
    operation_id="get_liveness",
    summary="Does the process answer?",
    response_model=Health,
    response_model_exclude_none=True,
)
async def get_liveness() -> Any:
    """Always 200: says that the gateway's event loop runs, and nothing of Redis or workers."""
    return {"status": "ok"}


@router.get(
    "/readyz",
    operation_id="get_readiness",
    summary="Can large problems be taken?",
    response_class=Response,
    responses={200: {"model": Health}, 503: {"model": Health, "description": "Not ready; `detail` says why"}},
)
async def get_readiness(call: PartsOf) -> Response:
    """200 if Redis answers and a live worker serves the queue; small problems are solved even while it says 503."""
    try:
        live = await call.queue.live_queues()
    except LedgerUnavailable:
        return _unready("Redis does not answer.", call)
    if INTERACTIVE not in live:
        return _unready("No live worker.", call)
    return JSONResponse({"status": "ok"})


def _unready(why: str, call: Call) -> Response:
    headers = {"Retry-After": str(call.settings.retry_after_s)}
    return JSONResponse({"status": "unready", "detail": why}, 503, headers)


@router.get(
    "/v1/capabilities",
    operation_id="get_capabilities",
    summary="What is offered, and its limits",
    response_model=Capabilities,
    responses=problems(500),
)
async def get_capabilities(call: PartsOf) -> Any:
    """Kinds of problems, engine version and the limits in force."""
    settings = call.settings
    return {
        "engine": ENGINE,
        "kinds": ["interpolations", "norms", "verifications"],
        "limits": {
            "max_body_bytes": settings.max_body_bytes,
            "max_points": settings.max_points,
            "max_wait_s": settings.max_wait_s,
            "largest_at_once": settings.thread_size,
        },
    }
