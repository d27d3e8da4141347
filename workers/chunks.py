"""Chunks of batches on their way through the queue: lines of JSON, one for each item, in the order of the caller.

    in      {"custom_id": ..., "kind": ..., "problem": {...}}
    out     {"custom_id": ..., "status": 200, "outcome": ..., "result": {...}}
    both    {"error": {"code": ..., "detail": ..., "pointer": ...}, "custom_id": ...}

The last one is an item that has failed, be it before it was queued: it goes through as it is. It is told by its
first bytes, so that nobody has to decode a result to count it.
"""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from workers import payloads
from workers.payloads import Problem
from workers.records import JobError, Tally

CHUNK = "chunk"
"""The kind of job that a chunk is."""
OUTCOME = "complete"
"""How each chunk ends that was computed, whatever became of its items."""
FAILED = b'{"error"'


def item_line(custom_id: str, kind: str, problem: Problem) -> bytes:
    """An item to be computed."""
    return payloads.dumps({"custom_id": custom_id, "kind": kind, "problem": problem})


def failed_line(custom_id: str, error: JobError) -> bytes:
    """An item that has failed."""
    return payloads.dumps({"error": asdict(error), "custom_id": custom_id})


def answered_line(custom_id: str, outcome: str, result: bytes) -> bytes:
    """An item that has come to an answer; `result` is JSON, in which a line break can only be white space."""
    head = payloads.dumps({"custom_id": custom_id, "status": 200, "outcome": outcome})
    return b'%b,"result":%b}' % (head[:-1], result.replace(b"\n", b" "))


def item(line: bytes) -> dict[str, Any]:
    """Decode a line of any sort."""
    decoded: dict[str, Any] = payloads.loads(line)
    return decoded


def custom_id(line: bytes) -> str:
    """The caller's name for an item; "" if that cannot be told, so that its failure can be."""
    try:
        return str(item(line)["custom_id"])
    except (KeyError, TypeError, ValueError):
        return ""


def is_failed(line: bytes) -> bool:
    """Whether a line is that of an item that has failed."""
    return line.startswith(FAILED)


def join(lines: Iterable[bytes]) -> bytes:
    """A payload or result from its lines."""
    return b"\n".join(lines)


def split(payload: bytes) -> list[bytes]:
    """The lines of a payload or result."""
    return payload.split(b"\n") if payload else []


def tally(lines: Iterable[bytes]) -> Tally:
    """Count how the items of a result ended."""
    failures = [is_failed(line) for line in lines]
    return Tally(succeeded=failures.count(False), failed=failures.count(True))
