"""Whether large problems can be taken, and which queues nobody serves."""

from typing import Any

import httpx
import pytest
from fastapi import FastAPI

pytestmark = pytest.mark.anyio


@pytest.fixture
def live(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[str, ...]]:
    """The live workers and their queues, on a Redis that is well."""
    workers = dict[str, tuple[str, ...]]()

    class Found:
        workers = {"a": 0.5, "b": 20.0}  # noqa: RUF012
        redis = {"maxmemory": 0, "used_memory": 1}  # noqa: RUF012

    async def live_queues() -> Any:
        return workers

    async def snapshot() -> Any:
        return Found

    monkeypatch.setattr(app.state.queue, "live_queues", live_queues)
    monkeypatch.setattr(app.state.queue, "snapshot", snapshot)
    return workers


@pytest.mark.parametrize(
    ("queues", "status", "unserved"),
    [
        (("interactive", "batch", "train"), 200, None),
        (("interactive", "batch"), 200, ["train"]),
        (("interactive",), 200, ["batch", "train"]),
        (("batch", "train"), 503, None),
    ],
)
async def test_readiness_is_that_of_the_queue_for_single_problems(
    client: httpx.AsyncClient,
    live: dict[str, tuple[str, ...]],
    queues: tuple[str, ...],
    status: int,
    unserved: list[str] | None,
) -> None:
    live["a"] = queues
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json().get("unserved")) == (status, unserved)
    assert [worker["state"] for worker in answer.json()["workers"]] == ["live", "stalled"]
