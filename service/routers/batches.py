"""Batches: many problems under one id."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import StreamingResponse

from service import batch_results, examples, versions
from service.batching import LINES, QUEUES, Intake
from service.queueing import BatchRecord
from service.schemas.batches import Batch, BatchItem, BatchLine, BatchRequest
from service.wiring import BODY_PROBLEMS, NOT_FOUND, PREFER, QUEUE_PROBLEMS, TERMS, UNCHANGED, CallOf, problems
from workers.records import Verdict

router = APIRouter(prefix="/v1/batches", tags=["batches"])


def _schema(of: type[Any]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{of.__name__}"}


_BODY = {
    "required": True,
    "content": {
        "application/json": {"schema": _schema(BatchRequest), "examples": examples.BATCHES},
        **{
            name: {
                "schema": {"type": "string", "description": f"One {BatchItem.__name__} a line."},
                "itemSchema": _schema(BatchItem),
                "examples": examples.BATCH_LINES,
            }
            for name in LINES
        },
    },
}


@router.post(
    "",
    operation_id="create_batch",
    summary="Queue many problems",
    response_class=Response,
    responses={
        202: {"model": Batch, "description": "The batch"},
        200: {"model": Batch, "description": "The batch that this idempotency key led to before, which has ended"},
        **BODY_PROBLEMS,
        **QUEUE_PROBLEMS,
    },
    openapi_extra={"requestBody": _BODY, "parameters": TERMS["parameters"][1:3]},
)
async def create_batch(request: Request, call: CallOf) -> Response:
    """Take all items or none: as a document, or one item a line, which needs no memory for the whole on either side.

    An item with something wrong in it fails alone. Only one that could not be named in the results refuses the batch.
    """
    receipt = await Intake(call.queue, call.settings, call.scopes).accept(request, call.terms)
    record = await call.queue.batch(receipt.id)
    headers = {"Location": batch_results.address(record)}
    if receipt.verdict is Verdict.REPLAYED:
        headers["Idempotent-Replayed"] = "true"
    known = receipt.verdict is Verdict.REPLAYED and record.state.terminal
    return batch_results.response(record, 200 if known else 202, headers)


@router.get(
    "/{batch_id}",
    operation_id="get_batch",
    summary="Look at a batch",
    response_class=Response,
    openapi_extra={"parameters": [PREFER]},
    responses={200: {"model": Batch, "description": "The batch"}, **UNCHANGED, **NOT_FOUND},
)
async def get_batch(batch_id: str, call: CallOf, if_none_match: Annotated[str, Header()] = "") -> Response:
    """How far it is, by the number of items that have ended.

    `Prefer: wait=N` holds the answer until it has ended; together with `If-None-Match`, until it has changed.
    """
    record = await call.queue.batch(batch_id)
    return await versions.answer(call.queue, call.terms, record, versions.Asked(if_none_match), _told)


@router.get(
    "/{batch_id}/results",
    operation_id="stream_batch_results",
    summary="Fetch the results of a batch",
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {batch_results.MEDIA_TYPE: {"schema": {"type": "string"}, "itemSchema": _schema(BatchLine)}},
            "description": "One line for each item, in the order in which they end",
        },
        **NOT_FOUND,
    },
)
async def stream_batch_results(batch_id: str, call: CallOf) -> Response:
    """All results so far, and those that are still to come as they come; it ends when each item has its line.

    Closing the stream cancels nothing; another one begins from the start.
    """
    lines = batch_results.stream(call.queue, await call.queue.batch(batch_id))
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(lines, headers=headers, media_type=batch_results.MEDIA_TYPE)


@router.post(
    "/{batch_id}/cancel",
    operation_id="cancel_batch",
    summary="Cancel a batch",
    response_class=Response,
    responses={
        200: {"model": Batch, "description": "It has ended: now, or before"},
        202: {"model": Batch, "description": "What runs of it is being stopped, which takes up to 3 s"},
        **NOT_FOUND,
    },
)
async def cancel_batch(batch_id: str, call: CallOf) -> Response:
    """End all items that wait, and have stopped those that run; results that are there stay. Safe to repeat."""
    record = await call.queue.cancel_batch(batch_id)
    return batch_results.response(record, 200 if record.state.terminal else 202)


@router.post(
    "/{batch_id}/retry",
    operation_id="retry_batch",
    summary="Try the rest of a batch again",
    response_class=Response,
    responses={
        202: {"model": Batch, "description": "The new batch"},
        **problems(404, 409, 410, 422, 429, 500, 503),
    },
)
async def retry_batch(batch_id: str, call: CallOf) -> Response:
    """A new batch of the items that were not computed: cancelled, expired or lost; repeated, the same new batch.

    Items that have an error of their own would have it again, and are left out.
    """
    record = await call.queue.retry_batch(batch_id, QUEUES, call.terms.origin)
    return batch_results.response(record, 202, {"Location": batch_results.address(record)})


@router.delete(
    "/{batch_id}",
    operation_id="delete_batch",
    summary="Delete a batch",
    status_code=204,
    response_class=Response,
    responses={204: {"description": "It is gone"}, **problems(404, 409, 422, 500, 503)},
)
async def delete_batch(batch_id: str, call: CallOf) -> Response:
    """Forget a batch that has ended, and its results. Safe to repeat."""
    await call.queue.delete_batch(batch_id)
    return Response(status_code=204)


async def _told(record: BatchRecord, headers: dict[str, str]) -> Response:
    return batch_results.response(record, 200, headers)
