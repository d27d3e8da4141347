"""Versions of jobs and batches: asked for, waited for, and not sent twice."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from fastapi import Response

from service.queueing import BatchRecord, Queue
from service.terms import Terms
from workers.immutable import immutable
from workers.records import JobRecord

R = TypeVar("R", bound=JobRecord | BatchRecord)


@immutable
class Asked:
    """The header `If-None-Match`, and what tells the wanted form of the answer from others."""

    known: str
    form: str = ""


async def answer(
    queue: Queue,
    terms: Terms,
    record: R,
    asked: Asked,
    respond: Callable[[R, dict[str, str]], Awaitable[Response]],
) -> Response:
    """Answer with a record, after the wait that its caller wants: for its end, or for a change of what is known.

    Parameters
    ----------
    queue, terms, record, asked
        What is asked, and how.
    respond
        Makes the response from a record and headers; not called when the caller knows this version.
    """
    if wait_s := terms.preference.wait_s:
        record = await (queue.changed if is_known(_tag(record, asked), asked.known) else queue.ended)(record, wait_s)
    headers = terms.preference.applied(waited=True, queued=False) | {"ETag": _tag(record, asked)}
    if is_known(_tag(record, asked), asked.known):
        return Response(status_code=304, headers=headers | {"Vary": "Accept"})
    return await respond(record, headers)


def is_known(tag: str, known: str) -> bool:
    """Whether the header `If-None-Match` has a tag; compared weakly, as RFC 9110 asks there."""
    tags = {each.strip().removeprefix("W/") for each in known.split(",")}
    return "*" in tags or tag.removeprefix("W/") in tags


def _tag(record: JobRecord | BatchRecord, asked: Asked) -> str:
    """Weak, since the bytes depend on how they are compressed."""
    return f'W/"{record.revision}{asked.form}"'
