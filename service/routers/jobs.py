"""Jobs that were queued."""

from fastapi import APIRouter, Request, Response

from service.problems import JobNotFinished, job_failure
from service.schemas import AnyJob, InterpolationResult, NormResult
from service.solving import respond
from service.wiring import Call, CallOf, problems
from workers.records import JobRecord, State

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])


@router.get(
    "/{job_id}",
    operation_id="get_job",
    summary="Look at a job",
    response_class=Response,
    responses={200: {"model": AnyJob, "description": "The job"}, **problems(404, 410, 422, 500, 503)},
)
async def get_job(job_id: str, call: CallOf) -> Response:
    """The job, with its result once it has succeeded. `Prefer: wait=N` holds the answer until it has ended."""
    record = await _found(job_id, call)
    return await respond(call.queue, record, call.preference.applied(waited=True, queued=False), unfinished=200)


@router.get(
    "/{job_id}/result",
    operation_id="get_job_result",
    summary="Fetch the result of a job",
    response_class=Response,
    responses={
        200: {"model": InterpolationResult | NormResult, "description": "The result alone"},
        **problems(404, 409, 410, 422, 500, 503),
    },
)
async def get_job_result(job_id: str, request: Request, call: CallOf) -> Response:
    """The result, exactly as it was computed; the problem in which the job ended if it failed."""
    record = await _found(job_id, call)
    if record.error is not None:
        return job_failure(request, record.error.code, record.error.detail, record.error.pointer)
    result = await call.queue.result(job_id) if record.state is State.SUCCEEDED else None
    if result is None:
        raise JobNotFinished(f"The job is {record.state}.")
    return Response(result, media_type="application/json")


async def _found(job_id: str, call: Call) -> JobRecord:
    """The job, after the wait that the caller wants."""
    record = await call.queue.get(job_id)
    return await call.queue.wait(record, call.preference.wait_s) if call.preference.wait_s else record
