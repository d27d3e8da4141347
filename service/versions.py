"""Versions of jobs and batches: asked for, waited for, and not sent twice."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from fastapi import Response

from service.queueing import BatchRecord, Queue
from service.terms import Terms
from workers.records import JobRecord

R = TypeVar("R", bound=JobRecord | BatchRecord)


async def answer(
    queue: Queue, terms: Terms, record: R, known: str, respond: Callable[[R, dict[str, str]], Awaitable[Response]]
) -> Response:
    """Answer with a record, after the wait that its caller wants: for its end, or for a change of what is `known`.

    Parameters
    ----------
    queue, terms, record
        What is asked, and how.
    known
        The header `If-None-Match`.
    respond
        Makes the response from a record and headers; not called when the caller knows this version.
    """
    if wait_s := terms.preference.wait_s:
        record = await (queue.changed if _tag(record) in known else queue.ended)(record, wait_s)
    headers = terms.preference.applied(waited=True, queued=False) | {"ETag": _tag(record)}
    if _tag(record) in known:
        return Response(status_code=304, headers=headers)
    return await respond(record, headers)


def _tag(record: JobRecord | BatchRecord) -> str:
    return f'"{record.revision}"'
