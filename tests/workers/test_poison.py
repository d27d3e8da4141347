"""Jobs that misbehave, and bells that go astray, harm neither their worker nor other jobs."""

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.processes import eventually
from tests.workers.processes import Place
from workers import chunks
from workers.records import WORKER_LOST, NewJob, State
from workers.tasks import ring_bell


@pytest.fixture(scope="module")
def shared() -> Iterator[Place]:
    """One worker for all jobs that must not harm it."""
    with TemporaryDirectory(prefix="mn") as name:
        place = Place(Path(name), job_memory_bytes=4 * 2**30)
        place.worker()
        yield place
        place.close()


def handed_in(place: Place, job: NewJob) -> str:
    """Submit a job of more than a kind and a content."""
    place.ledger.submit(job)
    ring_bell(job.queue, place.celery)
    return job.id


@pytest.mark.parametrize("kind", ["kill", "segfault", "leave"])
def test_poison_fails_after_its_attempts_and_harms_no_other_job(shared: Place, kind: str) -> None:
    poison = shared.submit(kind)
    others = [shared.submit("echo", number) for number in range(5)]
    record = shared.ended(poison)
    assert (record.state, record.attempt, record.error) == (State.FAILED, 3, WORKER_LOST)
    assert [shared.ended(job).attempt for job in others] == [1] * 5
    shared.ledger.delete(poison)  # its input is kept for another try
    assert shared.is_clean()


@pytest.mark.parametrize(
    ("kind", "code", "pointer"),
    [
        ("endless", "time-limit", ""),
        ("hog", "memory-limit", ""),
        ("refuse", "too-few-points", "/x"),
        ("stumble", "internal-error", ""),
        ("no such kind", "internal-error", ""),
    ],
)
def test_a_failure_is_told_by_its_code(shared: Place, kind: str, code: str, pointer: str) -> None:
    limit_s = 1.0 if code == "time-limit" else None
    job = NewJob(f"{kind} alone", kind, "interactive", b"null", "", time_limit_s=limit_s)
    record = shared.ended(handed_in(shared, job))
    assert record.state is State.FAILED
    assert record.attempt == 1
    assert record.error is not None
    assert (record.error.code, record.error.pointer) == (code, pointer)
    assert "secret" not in record.error.detail
    shared.ledger.delete(record.id)
    assert shared.ended(shared.submit("echo")).state is State.SUCCEEDED
    assert shared.is_clean()


def test_a_solver_that_prints_breaks_nothing(shared: Place) -> None:
    assert shared.ended(shared.submit("shout", 7)).state is State.SUCCEEDED


def test_lost_bells_are_rung_again(shared: Place) -> None:
    jobs = [shared.submit("echo", number, bell=False) for number in range(50)]
    shared.server.client.delete("interactive")
    assert {shared.ended(job).state for job in jobs} == {State.SUCCEEDED}


def test_superfluous_bells_change_nothing(shared: Place) -> None:
    executions = shared.folder / "executions"
    jobs = [shared.submit("count", {"executions": str(executions)}) for _ in range(20)]
    for _ in range(1000):
        assert ring_bell("interactive", shared.celery)
    assert {shared.ended(job).state for job in jobs} == {State.SUCCEEDED}
    eventually(lambda: not shared.server.client.llen("interactive"))
    assert executions.read_bytes() == b"." * 20


def test_a_bell_of_a_full_server_is_told(shared: Place, caplog: pytest.LogCaptureFixture) -> None:
    shared.server.client.config_set("maxmemory", "1mb")
    try:
        assert not ring_bell("interactive", shared.celery)
    finally:
        shared.server.client.config_set("maxmemory", "0")
    assert "could not be rung" in caplog.text
    assert ring_bell("interactive", shared.celery)


def test_a_poisonous_item_harms_neither_its_chunk_nor_other_jobs(shared: Place) -> None:
    """Fresh runners are started, and an item that takes too long is waited for, under one lease."""
    kinds = ["echo", "segfault", "echo", "endless", "hog", "echo"]
    lines = [chunks.item_line(kind, kind, {}) for kind in kinds]
    job = NewJob("chunk", chunks.CHUNK, "interactive", chunks.join(lines), "", time_limit_s=2.0)
    record = shared.ended(handed_in(shared, job))
    assert (record.state, record.attempt) == (State.SUCCEEDED, 1)
    ended = chunks.split(shared.ledger.result(job.id) or b"")
    codes = [json.loads(line).get("error", {}).get("code") for line in ended]
    assert codes == [None, "worker-lost", None, "time-limit", "memory-limit", None]
    assert shared.ended(shared.submit("echo")).state is State.SUCCEEDED
    assert shared.is_clean()
