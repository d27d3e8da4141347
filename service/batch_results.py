"""Batches as they look on the wire: the batch itself, and the stream of its results, line by line as chunks end."""

from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import anyio
import orjson
from anyio.to_thread import run_sync
from fastapi import Response
from fastapi.exceptions import RequestValidationError

from service.kinds import DUPLICATE, INTERNAL, KINDS, PAGES
from service.problems import problem_fields
from service.queueing import BatchRecord, Queue
from service.refusals import GatewayError, JobNotFinished
from workers import chunks
from workers.errors import JobExpired, LedgerUnavailable
from workers.records import JobError, State

MEDIA_TYPE = "application/x-ndjson"
HOLD_S = 60.0
"""How often a stream without news looks at its batch; it is woken up by news."""
AGAIN_S = 1.0
"""How soon a stream tries again that Redis has not answered."""
OF_THE_GATEWAY = {DUPLICATE.slug, KINDS[RequestValidationError].slug} | {
    KINDS[kind].slug for kind in GatewayError.__subclasses__()
}
"""Errors that were found before the queue: they point into the item, all others into its body."""


def response(record: BatchRecord, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A batch as a response."""
    return Response(orjson.dumps(_fields(record)), status, headers, media_type="application/json")


def address(record: BatchRecord) -> str:
    """The path of a batch."""
    return f"/v1/batches/{record.id}"


def _fields(record: BatchRecord) -> dict[str, Any]:
    pending = record.items - sum(record.counts.values())
    times = {
        name: datetime.fromtimestamp(value, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        for name in ("created_at", "started_at", "finished_at", "expires_at")
        if (value := getattr(record, name)) is not None
    }
    return {
        "id": record.id,
        "state": str(record.state),
        **times,
        "counts": {"total": record.items, "pending": pending, **record.counts},
        "progress": {"fraction": (record.items - pending) / record.items},
        **({"metadata": record.metadata} if record.metadata else {}),
        "links": _links(record),
    }


def _links(record: BatchRecord) -> dict[str, str]:
    here = address(record)
    links = {"self": here, "results": f"{here}/results"}
    if not record.state.terminal:
        links["cancel"] = f"{here}/cancel"
    elif record.undone:
        links["retry"] = f"{here}/retry"
    return links | ({"retry_of": f"/v1/batches/{record.retry_of}"} if record.retry_of else {})


async def stream(queue: Queue, record: BatchRecord) -> AsyncIterator[bytes]:
    """Tell how each item ended, chunk by chunk, until all have been told.

    An end that is none must not look like one: while Redis does not answer it waits, and when the gateway ends before
    the batch, the stream breaks off.
    """
    told = 0
    while told < record.chunks and not queue.closing:
        try:
            for index in await queue.ended_chunks(record.id, told):
                yield await run_sync(_lines, *await queue.chunk(record.id, index))
                told += 1
            if told < record.chunks:
                record = await queue.changed(record, HOLD_S)
        except LedgerUnavailable:
            await anyio.sleep(AGAIN_S)
    if told < record.chunks:
        raise JobNotFinished("The gateway ends before the batch; ask again for its results.")


def _lines(state: State, content: bytes, error: str) -> bytes:
    """The lines of a chunk: its result, or the same error for each of its items."""
    lines = chunks.split(content)
    if not lines:
        raise JobExpired("The batch has been deleted.")  # the stream breaks off, and does not look complete
    if state is State.SUCCEEDED:
        told = [_failed(line) if chunks.is_failed(line) else line for line in lines]
    else:
        why = _error_of(state, error)
        told = [_told(chunks.custom_id(line), why) for line in lines]
    return b"".join(line + b"\n" for line in told)


def _error_of(state: State, error: str) -> JobError:
    if state is State.FAILED and error:
        return JobError(**orjson.loads(error))
    kind = PAGES.get(state, INTERNAL)
    return JobError(kind.slug, kind.explanation)


def _failed(line: bytes) -> bytes:
    item = chunks.item(line)
    return _told(item["custom_id"], JobError(**item["error"]))


def _told(custom_id: str, error: JobError) -> bytes:
    kind = PAGES.get(error.code, INTERNAL)
    place = asdict(error)
    if error.pointer and error.code not in OF_THE_GATEWAY:
        place["pointer"] = f"/body{error.pointer}"
    fields = {"custom_id": custom_id, "status": kind.status, "error": problem_fields(kind, error.detail, [place])}
    return orjson.dumps(fields)
