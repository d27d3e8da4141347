"""Jobs as they look on the wire."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson
from fastapi import Response

from workers.compute import Answer
from workers.minnorm import ENGINE
from workers.records import JobRecord


def new_id() -> str:
    """An id for a job."""
    return f"job_{uuid4().hex}"


@dataclass(frozen=True)
class Envelope:
    """A job, its result already JSON: a million numbers are encoded once, where they were computed."""

    fields: dict[str, Any]
    result: bytes | None = None

    def json(self) -> bytes:
        """The whole job."""
        whole = self.fields if self.result is None else self.fields | {"result": orjson.Fragment(self.result)}
        return orjson.dumps(whole)

    def response(self, status: int, headers: dict[str, str] | None = None) -> Response:
        """The job as a response."""
        return Response(self.json(), status, headers, media_type="application/json")


def solved(kind: str, digest: str, answer: Answer, started_at: float, seconds: float) -> Envelope:
    """A problem that was solved at once: a job that has ended, and that no ledger knows."""
    fields = {
        "id": new_id(),
        "kind": kind,
        "state": "succeeded",
        "outcome": answer.outcome,
        "created_at": _time(started_at),
        "started_at": _time(started_at),
        "finished_at": _time(started_at + seconds),
        "digest": digest,
        "engine": ENGINE,
        "timings_ms": {"solve": round(seconds * 1e3, 3)},
        "links": {},
    }
    return Envelope(fields, answer.result)


def recorded(record: JobRecord, result: bytes | None = None) -> Envelope:
    """A job from the ledger."""
    times = {
        name: _time(value)
        for name in ("created_at", "started_at", "finished_at", "expires_at")
        if (value := getattr(record, name)) is not None
    }
    told = {name: value for name in ("outcome", "progress", "engine") if (value := getattr(record, name)) is not None}
    address = f"/v1/jobs/{record.id}"
    fields = {
        "id": record.id,
        "kind": record.kind,
        "state": str(record.state),
        **told,
        **times,
        **({"error": asdict(record.error)} if record.error else {}),
        "digest": record.digest,
        **({"timings_ms": timings} if (timings := _timings(record)) else {}),
        "links": {"self": address, "result": f"{address}/result"},
    }
    return Envelope(fields, result)


def _timings(record: JobRecord) -> dict[str, float]:
    timings: dict[str, float] = {}
    if record.started_at is not None:
        timings["queued"] = round((record.started_at - record.created_at) * 1e3, 3)
        if record.finished_at is not None:
            timings["run"] = round((record.finished_at - record.started_at) * 1e3, 3)
    return timings


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
