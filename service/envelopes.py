"""Jobs as they look on the wire."""

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import asdict, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson
from anyio.to_thread import run_sync
from fastapi import Response

from service.sending import InSlices, Part
from workers import encoding, payloads
from workers.compute import Answer
from workers.immutable import immutable
from workers.minnorm import ENGINE
from workers.records import JobRecord, State, new_id

LONG_BYTES = 2**20
"""Of a result; longer ones are not copied into one text with what is around them."""


class _Written(Response):
    """JSON that is there. To ask which headers are missing takes as long as some problems."""

    def __init__(self, content: bytes, status: int, headers: Mapping[str, str]) -> None:
        self.status_code, self.body, self.background = status, content, None
        self.raw_headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(content))]
        for name, value in headers.items():
            self.raw_headers.append((name.lower().encode("latin-1"), value.encode("latin-1")))


@immutable
class Envelope:
    """A job. Its result is what was computed here, or JSON from the ledger, which is not taken apart again."""

    fields: dict[str, Any]
    result: Any = None
    is_long: bool = False
    """Whether it is written piece by piece as it is sent: at no time all of it, and others are served in between."""

    def json(self) -> bytes:
        """The whole job."""
        if self.result is None:
            return orjson.dumps(self.fields)
        result = orjson.Fragment(self.result) if isinstance(self.result, bytes) else self.result
        return payloads.dumps(self.fields | {"result": result})

    def job(self) -> dict[str, Any]:
        """The whole job as values; columns may be arrays."""
        result = orjson.loads(self.result) if isinstance(self.result, bytes) else self.result
        return self.fields | {"result": result}

    def response(self, status: int, headers: Mapping[str, str] | None = None) -> Response:
        """The job as a response."""
        if self.is_long:
            return InSlices(_in_pieces(self.fields, self.result), status, headers, "application/json")
        return _Written(self.json(), status, headers or {})


async def _in_pieces(fields: dict[str, Any], result: Any) -> AsyncIterator[Part]:
    """A long job in JSON. What is to be computed first is computed on a thread; the rest takes too little for one."""
    yield orjson.dumps(fields)[:-1] + b',"result":'
    if isinstance(result, bytes):
        yield result
    else:
        result = await run_sync(encoding.computed, result)
        for piece in encoding.pieces(result):
            yield piece
    yield b"}"


@immutable
class Reply:
    """What a request is answered with, before it is written in some form."""

    envelope: Envelope
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def has_result(self) -> bool:
        """Whether it can be had in other forms than JSON."""
        return self.status == 200 and self.envelope.result is not None

    def response(self) -> Response:
        """In JSON."""
        return self.envelope.response(self.status, self.headers)


@immutable
class Solved:
    """A problem that was solved at once: a job that has ended, and that no ledger knows."""

    kind: str
    digest: str
    answer: Answer
    started_at: float
    seconds: float
    metadata: dict[str, str] | None = None

    @property
    def milliseconds(self) -> float:
        """The same, to three places."""
        return round(self.seconds * 1e6) / 1e3  # `round` to a place writes the number out and reads it again

    def envelope(self, *, is_long: bool) -> Envelope:
        """The job."""
        begin = _time(self.started_at)
        fields = {
            "id": new_id("job"),
            "kind": self.kind,
            "state": "succeeded",
            "outcome": self.answer.outcome,
            "created_at": begin,
            "started_at": begin,
            "finished_at": _time(self.started_at + self.seconds),
            "digest": self.digest,
            "engine": ENGINE,
            **({"metadata": self.metadata} if self.metadata else {}),
            "timings_ms": {"solve": self.milliseconds},
            "links": {},
        }
        return Envelope(fields, self.answer.wire, is_long)


def recorded(record: JobRecord, result: bytes | None = None) -> Envelope:
    """A job from the ledger."""
    times = {
        name: _time(value)
        for name in ("created_at", "started_at", "finished_at", "expires_at")
        if (value := getattr(record, name)) is not None
    }
    told = {name: value for name in ("outcome", "progress", "engine") if (value := getattr(record, name)) is not None}
    fields = {
        "id": record.id,
        "kind": record.kind,
        "state": str(record.state),
        **told,
        **times,
        **({"error": asdict(record.error)} if record.error else {}),
        "digest": record.digest,
        **({"timings_ms": timings} if (timings := _timings(record)) else {}),
        **({"cached": True} if record.cached else {}),
        **({"metadata": record.metadata} if record.metadata else {}),
        "links": _links(record),
    }
    return Envelope(fields, result, is_long=result is not None and len(result) > LONG_BYTES)


def page(records: Iterable[JobRecord], next_cursor: int | None, headers: dict[str, str] | None) -> Response:
    """A part of a list of jobs."""
    fields: dict[str, Any] = {"jobs": [recorded(record).fields for record in records]}
    if next_cursor is not None:
        fields["next_cursor"] = next_cursor
    return Response(orjson.dumps(fields), headers=headers, media_type="application/json")


def _links(record: JobRecord) -> dict[str, str]:
    address = f"/v1/jobs/{record.id}"
    links = {"self": address, "result": f"{address}/result", "events": f"{address}/events"}
    if not record.state.terminal:
        links["cancel"] = f"{address}/cancel"
    elif record.state is not State.SUCCEEDED:
        links["retry"] = f"{address}/retry"
    return links | ({"retry_of": f"/v1/jobs/{record.retry_of}"} if record.retry_of else {})


def _timings(record: JobRecord) -> dict[str, float]:
    timings: dict[str, float] = {}
    if record.started_at is not None:
        timings["queued"] = round((record.started_at - record.created_at) * 1e3, 3)
        if record.finished_at is not None:
            timings["run"] = round((record.finished_at - record.started_at) * 1e3, 3)
    return timings


def _time(seconds: float) -> str:
    microseconds = round(seconds * 1e6)
    return f"{_second(microseconds // 1_000_000)}.{microseconds // 1000 % 1000:03d}Z"


@lru_cache(maxsize=1024)
def _second(seconds: int) -> str:
    """Times of a small problem are mostly in the same second; to write one down takes longer than all else of it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()[:-6]
