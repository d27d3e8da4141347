"""Which queue a problem goes to, alone and in a batch."""

from typing import Any, cast

import numpy as np
import pytest

from service.items import CHUNK_ITEMS, Chunk, Gatherer
from service.preferences import Preference
from service.queueing import Queue
from service.settings import GatewaySettings
from service.solving import Solver
from service.terms import Terms
from workers import chunks, payloads
from workers.batches import NewBatch
from workers.records import JobRecord, NewJob, Receipt, State, Verdict

POINTS = {"x": [0.0, 1.0, 2.0], "y": [0.0, 1.0, 0.0]}
TRAINING = POINTS | {"width": 2, "steps": 10, "weight_decay": 0.001}
pytestmark = pytest.mark.anyio


class Submitted:
    """A queue that remembers what it is given, and says of each job that it has ended once one waits for it."""

    def __init__(self) -> None:
        self.jobs: list[NewJob] = []
        self.waited: list[float] = []

    async def submit(self, job: NewJob, *_: object, **__: object) -> Receipt:
        self.jobs.append(job)
        return Receipt(Verdict.NEW, job.id)

    async def get(self, job_id: str) -> JobRecord:
        return self._record(job_id, State.QUEUED)

    async def ended(self, record: JobRecord, seconds: float) -> JobRecord:
        self.waited.append(seconds)
        return self._record(record.id, State.SUCCEEDED)

    async def result(self, _: str) -> bytes:
        return b'{"runs": []}'

    def _record(self, job_id: str, state: State) -> JobRecord:
        (job,) = (job for job in self.jobs if job.id == job_id)
        times = {"started_at": 1.0, "finished_at": 2.0, "outcome": "feasible"} if state.terminal else {}
        return JobRecord(job_id, job.kind, job.queue, state, 0, 0.0, job.digest, **times)  # type: ignore[arg-type]


def decoded(problem: dict[str, Any]) -> dict[str, Any]:
    """As from a request: columns are arrays."""
    found: dict[str, Any] = payloads.loads(payloads.dumps(problem))
    return {name: np.array(value, dtype=float) if name in ("x", "y") else value for name, value in found.items()}


async def answered(kind: str, problem: dict[str, Any], preference: Preference) -> tuple[int, Submitted]:
    queue = Submitted()
    solver = Solver(GatewaySettings(), cast("Queue", queue))
    response = await solver.answer(kind, decoded(problem), Terms("me", preference))
    return response.status, queue


async def test_a_training_is_queued_however_small() -> None:
    status, queue = await answered("trainings", TRAINING, Preference())
    assert (status, [job.queue for job in queue.jobs]) == (202, ["train"])
    assert not queue.waited


async def test_one_can_wait_for_a_training() -> None:
    status, queue = await answered("trainings", TRAINING, Preference(wait_s=7.0))
    assert (status, [job.queue for job in queue.jobs], queue.waited) == (200, ["train"], [7.0])


async def test_others_are_queued_with_those_that_wait_for_nobody() -> None:
    status, queue = await answered("interpolations", POINTS, Preference())
    assert (status, queue.jobs) == (200, [])
    status, queue = await answered("interpolations", POINTS, Preference(respond_async=True))
    assert (status, [job.queue for job in queue.jobs]) == (202, ["interactive"])


async def test_large_ones_are_solved_here_while_there_are_hands() -> None:
    settings, terms = GatewaySettings(thread_size=2, linear_at_once=1), Terms("me", Preference())
    queue, cones = Submitted(), POINTS | {"skip_connection": False}
    solver = Solver(settings, cast("Queue", queue))
    assert (await solver.answer("interpolations", decoded(POINTS), terms)).status == 200
    for problem, named in ((cones, terms), (POINTS, Terms("me", Preference(), "a key"))):
        assert (await solver.answer("interpolations", decoded(problem), named)).status == 202
    await solver._hands.acquire_on_behalf_of("another")
    assert (await solver.answer("interpolations", decoded(POINTS), terms)).status == 202
    solver._hands.release_on_behalf_of("another")
    assert (await solver.answer("interpolations", decoded(POINTS), terms)).status == 200
    assert len(queue.jobs) == 3
    small = Solver(settings.model_copy(update={"linear_size": 2}), cast("Queue", queue))
    assert (await small.answer("interpolations", decoded(POINTS), terms)).status == 202


def item(name: int, kind: str) -> dict[str, Any]:
    body = TRAINING if kind == "trainings" else POINTS if kind == "interpolations" else {}
    return {"custom_id": str(name), "kind": kind, "body": body}


def gathered(kinds: list[str]) -> list[Chunk]:
    gatherer = Gatherer(GatewaySettings())
    return gatherer.take_items(item(name, kind) for name, kind in enumerate(kinds)) + gatherer.last()


def names(chunk: Chunk) -> list[str]:
    return [chunks.custom_id(line) for line in chunks.split(chunk.payload)]


def test_a_mixed_batch_has_chunks_for_each_queue() -> None:
    found = gathered(["interpolations", "trainings", "none", "trainings", "interpolations"])
    assert [(chunk.queue, names(chunk), chunk.items) for chunk in found] == [
        ("batch", ["0", "2", "4"], 3),
        ("train", ["1", "3"], 2),
    ]


@pytest.mark.parametrize(("kind", "queue"), [("trainings", "train"), ("interpolations", "batch")])
def test_a_batch_of_one_sort_has_one_queue(kind: str, queue: str) -> None:
    assert [(chunk.queue, chunk.items) for chunk in gathered([kind] * 3)] == [(queue, 3)]


def test_each_queue_has_chunks_of_its_own_size() -> None:
    found = gathered(["trainings", *["interpolations"] * (CHUNK_ITEMS + 1), "trainings"])
    assert [(chunk.queue, chunk.items) for chunk in found] == [("batch", CHUNK_ITEMS), ("train", 2), ("batch", 1)]


async def test_a_bell_is_rung_for_each_queue_of_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    queue, rung = Queue(GatewaySettings()), list[str]()
    monkeypatch.setattr("service.queueing.ring_bell", rung.append)
    monkeypatch.setattr(queue._ledger, "open", lambda *_: Receipt(Verdict.NEW, "b"))
    await queue.open_batch(NewBatch("b", "me", [("train", 1), ("batch", 2), ("train", 3)]), None)
    assert rung == ["batch", "train"]
