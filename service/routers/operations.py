"""For operators and programs: is it alive, is it ready, what can it do."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from service.items import REQUESTS
from service.metrics import MEDIA_TYPE
from service.schemas.operations import Capabilities, Health
from service.schemas.parts import MOST_POWERS
from service.schemas.requests import MOST_FOLDS, MOST_REGULARISATIONS
from service.solving import BATCH, INTERACTIVE, TRAIN
from service.wiring import Call, CallOf, problems
from workers import compute
from workers.errors import LedgerUnavailable
from workers.training import recipe

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
async def get_readiness(call: CallOf) -> Response:
    """200 if Redis answers and a live worker serves single problems; small ones are solved even while it says 503.

    Other queues that no live worker serves are named in `unserved`: their work waits.
    """
    try:
        live, found = await call.queue.live_queues(), await call.queue.snapshot()
    except LedgerUnavailable:
        return _unready("Redis does not answer.", call)
    workers = [
        {"name": name, "state": "live" if name in live else "stalled", "silent_s": round(silent_s, 3)}
        for name, silent_s in found.workers.items()
    ]
    unserved = [queue for queue in (INTERACTIVE, BATCH, TRAIN) if not any(queue in queues for queues in live.values())]
    if INTERACTIVE in unserved:
        return _unready("No live worker.", call, workers)
    if 0 < found.redis["maxmemory"] <= found.redis["used_memory"]:
        return _unready("Redis is full.", call, workers)
    return JSONResponse({"status": "ok", "workers": workers, **({"unserved": unserved} if unserved else {})})


def _unready(why: str, call: Call, workers: list[dict[str, Any]] | None = None) -> Response:
    headers = {"Retry-After": str(call.settings.retry_after_s)}
    return JSONResponse({"status": "unready", "detail": why, "workers": workers or []}, 503, headers)


@router.get(
    "/metrics",
    operation_id="get_metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    responses={200: {"content": {MEDIA_TYPE: {"schema": {"type": "string"}}}, "description": "Prometheus text"}},
)
async def get_metrics(request: Request, call: CallOf) -> Response:
    """Depth and age of the queues, attempts, leases that expired, durations by kind and outcome, refusals, Redis.

    Without Redis `minnorm_redis_up` is 0, and only the figures of this process are told.
    """
    try:
        found = await call.queue.snapshot()
    except LedgerUnavailable:
        found = None
    return Response(request.app.state.metrics.render(found), media_type=MEDIA_TYPE)


@router.get(
    "/v1/capabilities",
    operation_id="get_capabilities",
    summary="What is offered, and its limits",
    response_model=Capabilities,
    responses=problems(500),
)
async def get_capabilities(call: CallOf) -> Any:
    """Kinds of problems, settings, objectives, losses, shapes, optimisers, engine version and the limits in force."""
    settings = call.settings
    return {
        "engine": compute.ENGINE,
        "kinds": list(REQUESTS),
        "settings": [vars(setting) | {"objectives": objectives} for setting, objectives in compute.offered()],
        "losses": compute.LOSSES,
        "shapes": compute.SHAPES,
        "optimisers": recipe.METHODS,
        "schedules": recipe.SCHEDULES,
        "limits": {
            "max_body_bytes": settings.max_body_bytes,
            "max_batch_bytes": settings.max_batch_bytes,
            "max_batch_items": settings.max_batch_items,
            "max_points": settings.max_points,
            "max_levels": settings.max_levels,
            "max_points_without_skip": compute.MOST_WITHOUT_SKIP,
            "max_points_of_fit": compute.MOST_OF_FIT,
            "max_regularisations": MOST_REGULARISATIONS,
            "max_folds": MOST_FOLDS,
            "max_powers": MOST_POWERS,
            "max_width": recipe.MOST_NEURONS,
            "max_neurons": recipe.MOST_IN_ALL,
            "max_steps": recipe.MOST_STEPS,
            "max_seeds": recipe.MOST_SEEDS,
            "max_snapshots": recipe.MOST_SNAPSHOTS,
            "max_frames": recipe.MOST_FRAMES,
            "max_wait_s": settings.max_wait_s,
            "largest_at_once": settings.thread_size,
            "largest_linear_at_once": settings.linear_size,
        },
    }
