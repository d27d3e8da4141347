"""Jobs that were queued."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from service import envelopes, events, versions
from service.envelopes import Reply
from service.formats import described
from service.formats.forms import Form, dressed, varied, wanted
from service.formats.media import PICTURES
from service.problems import job_ended, job_failure
from service.refusals import InvalidHeader, JobNotFinished
from service.schemas.jobs import AnyJob, Job, JobPage, PageOfJobs
from service.schemas.results import AnyResult
from service.solving import respond
from service.wiring import FORM_PROBLEMS, NOT_FOUND, PREFER, UNCHANGED, Call, CallOf, problems
from workers.records import JobRecord, State

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])


@router.get(
    "",
    operation_id="list_jobs",
    summary="List jobs",
    response_class=Response,
    responses={200: {"model": JobPage, "description": "The caller's jobs, newest first"}, **problems(422, 500, 503)},
)
async def list_jobs(request: Request, call: CallOf, asked: Annotated[PageOfJobs, Query()]) -> Response:
    """Jobs that were queued, or were sent with an idempotency key, without their results.

    The header `Link` has the address of the next page.
    """
    page = await call.queue.list(call.terms.caller, asked.limit, asked.cursor, asked.state, asked.kind)
    headers = None
    if page.next_cursor is not None:
        further = request.url.include_query_params(cursor=page.next_cursor)
        headers = {"Link": f'<{further.path}?{further.query}>; rel="next"'}
    return envelopes.page(page.jobs, page.next_cursor, headers)


@router.get(
    "/{job_id}",
    operation_id="get_job",
    summary="Look at a job",
    response_class=Response,
    openapi_extra={"parameters": [PREFER, *described.OF_ANSWERS]},
    responses={
        200: {"model": AnyJob, "description": "The job", "content": described.ANSWERS},
        **UNCHANGED,
        **FORM_PROBLEMS,
        **NOT_FOUND,
    },
)
async def get_job(job_id: str, call: CallOf, if_none_match: Annotated[str, Header()] = "") -> Response:
    """The job, with its result once it has succeeded.

    `Prefer: wait=N` holds the answer until it has ended; together with `If-None-Match`, until it has changed. `Accept`
    may ask for its result as a table or a picture; as long as it has none, it is told in JSON.
    """
    form = wanted(call.request)
    record = await call.queue.get(job_id)
    asked = versions.Asked(if_none_match, "" if form is None else form.tag)
    return await versions.answer(call.queue, call.terms, record, asked, partial(_told, call, form))


@router.get(
    "/{job_id}/result",
    operation_id="get_job_result",
    summary="Fetch the result of a job",
    response_class=Response,
    openapi_extra={"parameters": [PREFER, *described.OF_ANSWERS]},
    responses={
        200: {"model": AnyResult, "description": "The result alone", "content": described.ANSWERS},
        **problems(404, 406, 409, 410, 422, 500, 503),
    },
)
async def get_job_result(job_id: str, request: Request, call: CallOf) -> Response:
    """The result, exactly as it was computed; the problem in which the job ended if it has none.

    `Accept` may ask for it as a table or as a picture.
    """
    form = wanted(request)
    return await _result(await _found(job_id, call), request, call, form)


@router.get(
    "/{job_id}/plot",
    operation_id="get_job_plot",
    summary="Draw the result of a job",
    response_class=Response,
    openapi_extra={"parameters": [PREFER, *described.OF_PICTURES]},
    responses={
        200: {"content": described.PICTURES_ONLY, "description": "The picture"},
        **problems(404, 406, 409, 410, 422, 500, 503),
    },
)
async def get_job_plot(job_id: str, request: Request, call: CallOf) -> Response:
    """The data and the result: an SVG, or a PNG if `Accept` says so.

    The problem in which the job ended, if it has no result.
    """
    form = wanted(request, offers=PICTURES)
    return await _result(await _found(job_id, call), request, call, form)


@router.get(
    "/{job_id}/events",
    operation_id="stream_job_events",
    summary="Follow a job",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}, "description": "Server-sent events"},
        **problems(400, 404, 410, 422, 500, 503),
    },
)
async def stream_job_events(
    job_id: str, call: CallOf, last_event_id: Annotated[str, Header(max_length=20)] = ""
) -> Response:
    """Events `state` and `end` with the job, without its result, and `progress`; resumable with `Last-Event-ID`.

    Closing the stream cancels nothing.
    """
    if last_event_id and not last_event_id.isdecimal():
        raise InvalidHeader("Last-Event-ID: the id of an event of this stream, which is a number.")
    lines = events.stream(call.queue, await call.queue.get(job_id), int(last_event_id or events.NOTHING))
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(lines, headers=headers, media_type="text/event-stream")


@router.post(
    "/{job_id}/cancel",
    operation_id="cancel_job",
    summary="Cancel a job",
    response_class=Response,
    responses={
        200: {"model": Job, "description": "It has ended: now, or before"},
        202: {"model": Job, "description": "It is being stopped, which takes up to 3 s"},
        **NOT_FOUND,
    },
)
async def cancel_job(job_id: str, call: CallOf) -> Response:
    """End a job that waits, at once; have one stopped that runs; change nothing if it has ended. Safe to repeat."""
    record = await call.queue.cancel(job_id)
    return envelopes.recorded(record).response(200 if record.state.terminal else 202)


@router.post(
    "/{job_id}/retry",
    operation_id="retry_job",
    summary="Try a job again",
    response_class=Response,
    responses={
        202: {"model": Job, "description": "The new job"},
        **problems(404, 409, 410, 422, 429, 500, 503),
    },
)
async def retry_job(job_id: str, call: CallOf) -> Response:
    """A new job with the work of one that has failed, was cancelled or has expired; repeated, the same new job."""
    record = await call.queue.retry(job_id, call.terms.origin)
    return envelopes.recorded(record).response(202, {"Location": f"/v1/jobs/{record.id}"})


@router.delete(
    "/{job_id}",
    operation_id="delete_job",
    summary="Delete a job",
    status_code=204,
    response_class=Response,
    responses={204: {"description": "It is gone"}, **problems(404, 409, 422, 500, 503)},
)
async def delete_job(job_id: str, call: CallOf) -> Response:
    """Forget a job that waits or has ended, and its result unless another job has it too. Safe to repeat."""
    await call.queue.delete(job_id)
    return Response(status_code=204)


async def _result(record: JobRecord, request: Request, call: Call, form: Form | None) -> Response:
    """The result of a job in some form, or the problem in which it ended."""
    if record.error is not None:
        return job_failure(request, record.error.code, record.error.detail, record.error.pointer)
    if record.state in (State.CANCELED, State.EXPIRED):
        return job_ended(request, record.state)
    result = await call.queue.result(record.id) if record.state is State.SUCCEEDED else None
    if result is None:
        raise JobNotFinished(f"The job is {record.state}.")
    if form is None:
        return varied(Response(result, media_type="application/json"))
    return await _in_form(Reply(envelopes.recorded(record, result), 200), call, form, record)


async def _told(call: Call, form: Form | None, record: JobRecord, headers: dict[str, str]) -> Response:
    """A job in some form."""
    return await _in_form(await respond(call.queue, record, headers, unfinished=200), call, form, record)


async def _in_form(reply: Reply, call: Call, form: Form | None, record: JobRecord) -> Response:
    needed = form is not None and record.state is State.SUCCEEDED
    return varied(await dressed(reply, form, record.kind, await call.queue.input(record.id) if needed else None))


async def _found(job_id: str, call: Call) -> JobRecord:
    """The job, after the wait that the caller wants."""
    record = await call.queue.get(job_id)
    wait_s = call.terms.preference.wait_s
    return await call.queue.ended(record, wait_s) if wait_s else record
