"""The events of a job as a stream (server-sent events): `state`, `progress`, and `end`, after which it closes.

The id of an event is the revision of the record. Whoever comes back with `Last-Event-ID` hears of what has changed
since then, as it is now: states that were passed through in between are not repeated.
"""

from collections.abc import AsyncIterator

import orjson

from service import envelopes
from service.queueing import Queue
from workers.errors import LedgerUnavailable
from workers.records import JobRecord

SILENCE_S = 15.0
"""Longest time without a line, so that proxies keep the connection."""
RECONNECT_MS = 1000
NOTHING = -1
"""What has been seen by whoever comes for the first time: not even the first revision, which is 0."""


async def stream(queue: Queue, record: JobRecord, last_seen: int) -> AsyncIterator[bytes]:
    """Tell of a job until it ends, or the gateway does; then the caller reconnects and goes on."""
    yield f"retry: {RECONNECT_MS}\n\n".encode()
    told: JobRecord | None = None
    while True:
        if record.revision > last_seen or record.state.terminal:
            for event in _events(told, record):
                yield event
            told = record
        if record.state.terminal or queue.closing:
            return
        try:
            new = await queue.changed(record, SILENCE_S)
        except LedgerUnavailable:
            return
        if new.revision == record.revision:
            yield b": still here\n\n"
        record = new


def _events(before: JobRecord | None, now: JobRecord) -> list[bytes]:
    found = []
    if before is None or before.state is not now.state:
        found.append(_event("state", now))
    if now.progress and (before is None or before.progress != now.progress) and not now.state.terminal:
        found.append(_event("progress", now))
    if now.state.terminal:
        found.append(_event("end", now))
    return found


def _event(name: str, record: JobRecord) -> bytes:
    data = orjson.dumps(record.progress) if name == "progress" else envelopes.recorded(record).json()
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (record.revision, name.encode(), data)
