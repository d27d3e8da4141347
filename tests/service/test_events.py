"""What a stream of events begins with."""

from types import SimpleNamespace
from typing import Any

import pytest

from service import events
from workers.records import JobRecord, State

pytestmark = pytest.mark.anyio

ENDING: Any = SimpleNamespace(closing=True)
"""The queue of a gateway that ends: the stream tells what is to be told, and closes."""


@pytest.mark.parametrize(
    ("revision", "last_seen", "names"), [(0, events.NOTHING, ["state"]), (0, 0, []), (3, 2, ["state"]), (3, 3, [])]
)
async def test_it_tells_what_has_not_been_seen(revision: int, last_seen: int, names: list[str]) -> None:
    record = JobRecord("a", "norms", "interactive", State.QUEUED, 0, 0.0, "", revision=revision)
    told = b"".join([piece async for piece in events.stream(ENDING, record, last_seen)]).decode()
    assert [line.removeprefix("event: ") for line in told.splitlines() if line.startswith("event: ")] == names
    assert told.startswith("retry: ")
