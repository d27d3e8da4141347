"""One job after the other, without Celery."""

import json
import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.processes import eventually
from tests.workers.processes import Place
from workers import chunks, tasks
from workers.errors import LedgerUnavailable
from workers.records import Canceled, Claim, JobError, NewJob, Order, State, Success, Tally
from workers.slot import Ending, Slot


@pytest.fixture
def slot(place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Slot]:
    """A slot with the solver of the tests."""
    monkeypatch.setenv("MINNORM_SOLVER", place.settings.solver)
    slot = Slot(place.settings)
    yield slot
    slot.close()


def test_a_job_is_done(place: Place, slot: Slot) -> None:
    assert not slot.work_one("interactive")
    job = place.submit("echo", "x", bell=False)
    assert slot.work_one("interactive")
    assert place.ledger.result(job) == b'"x"'
    assert place.ledger.get(job).engine == "test-engine 1"


def test_the_next_worker_is_woken_before_a_job_is_computed(
    place: Place, slot: Slot, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = list[str]()
    compute = slot._compute

    def noted(claim: Claim) -> Ending:
        done.append(claim.id)
        return compute(claim)

    monkeypatch.setattr(tasks, "_slot", lambda: slot)
    monkeypatch.setattr(tasks, "ring_bell", done.append)
    monkeypatch.setattr(slot, "_compute", noted)
    jobs = [place.submit("echo", bell=False) for _ in range(3)]
    for _ in jobs:
        tasks.ring("interactive")
    assert done == ["interactive", jobs[0], "interactive", jobs[1], jobs[2]]


def test_a_bell_that_cannot_be_passed_on_harms_no_job(
    place: Place, slot: Slot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: str) -> int:
        raise LedgerUnavailable

    monkeypatch.setattr(tasks, "_slot", lambda: slot)
    monkeypatch.setattr(slot.ledger, "waiting", away)
    job = place.submit("echo", bell=False)
    tasks.ring("interactive")
    assert place.ledger.get(job).state is State.SUCCEEDED


def test_a_dead_runner_is_replaced_before_the_next_job(place: Place, slot: Slot) -> None:
    poison = place.submit("kill", bell=False)
    for attempt, state in ((1, State.QUEUED), (2, State.QUEUED), (3, State.FAILED)):
        assert slot.work_one("interactive")
        assert place.ledger.get(poison).attempt == attempt
        assert place.ledger.get(poison).state is state
    job = place.submit("echo", bell=False)
    assert slot.work_one("interactive")
    assert place.ledger.get(job).state is State.SUCCEEDED


def test_a_job_that_went_on_is_dropped(
    place: Place, slot: Slot, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    job = place.submit("endless", bell=False)
    monkeypatch.setattr(slot.ledger, "beat", lambda *_: Order.STOP)
    assert slot.work_one("interactive")
    assert "which was stopped" in caplog.text
    assert place.ledger.get(job).state is State.RUNNING
    assert place.ledger.get(job).error is None


def test_an_answer_that_comes_too_late_is_dropped(
    place: Place, slot: Slot, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    place.submit("echo", bell=False)
    finish = slot.ledger.finish
    monkeypatch.setattr(slot.ledger, "finish", lambda claim, ending: finish(replace(claim, attempt=7), ending))
    assert slot.work_one("interactive")
    assert "which came too late" in caplog.text


@pytest.mark.parametrize("ours", [True, False])
def test_an_answer_is_kept_while_redis_is_full(
    place: Place, slot: Slot, monkeypatch: pytest.MonkeyPatch, *, ours: bool
) -> None:
    """As long as the lease can be held."""
    job = place.submit("echo", bell=False)
    place.server.client.config_set("maxmemory", "1mb")

    def beat(*_: object) -> Order:
        place.server.client.config_set("maxmemory", "0")
        return Order.GO_ON if ours else Order.STOP

    monkeypatch.setattr(slot.ledger, "beat", beat)
    assert slot.work_one("interactive")
    assert place.ledger.get(job).state is (State.SUCCEEDED if ours else State.RUNNING)


def test_patience_ends(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINNORM_SOLVER", place.settings.solver)
    slot = Slot(place.settings.model_copy(update={"finish_patience_s": 0.0}))
    job = place.submit("echo", bell=False)
    place.server.client.config_set("maxmemory", "1mb")
    with pytest.raises(LedgerUnavailable):
        slot.work_one("interactive")
    slot.close()
    assert place.ledger.get(job).state is State.QUEUED  # and it has not lost an attempt by that


def test_a_slot_that_has_to_stop_gives_its_job_back(place: Place, slot: Slot, monkeypatch: pytest.MonkeyPatch) -> None:
    job = place.submit("endless", bell=False)

    def stop(*_: object) -> Order:
        raise SystemExit(1)

    monkeypatch.setattr(slot.ledger, "beat", stop)
    with pytest.raises(SystemExit):
        slot.work_one("interactive")
    assert place.ledger.get(job).state is State.QUEUED


def test_no_job_is_claimed_without_a_runner(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MINNORM_SOLVER", "no.such.module")
    slot = Slot(place.settings)
    job = place.submit("echo", bell=False)
    assert not slot.work_one("interactive")
    slot.close()
    assert "No runner" in caplog.text
    assert place.ledger.get(job).state is State.QUEUED


def test_the_end_of_a_job_is_logged(place: Place, slot: Slot, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    job = place.submit("refuse", bell=False)
    slot.work_one("interactive")
    assert f"Job {job} (refuse) ended in attempt 1: too-few-points" in caplog.text
    assert place.ledger.get(job).error == JobError("too-few-points", "At least two points are needed.", "/x")


class Finish:
    """Remembers the endings that the ledger is told."""

    def __init__(self, slot: Slot, monkeypatch: pytest.MonkeyPatch) -> None:
        self.endings: list[Ending] = []
        self._finish = slot.ledger.finish
        monkeypatch.setattr(slot.ledger, "finish", self)

    def __call__(self, claim: Claim, ending: Ending) -> bool:
        self.endings.append(ending)
        return self._finish(claim, ending)


def chunk(place: Place, *lines: bytes) -> str:
    """Hand in a chunk."""
    place.ledger.submit(NewJob("chunk", chunks.CHUNK, "interactive", chunks.join(lines), ""))
    return "chunk"


def test_a_chunk_is_done_with_its_poison(place: Place, slot: Slot, monkeypatch: pytest.MonkeyPatch) -> None:
    finish = Finish(slot, monkeypatch)
    items = [chunks.item_line(kind, kind, {}) for kind in ("echo", "kill", "refuse", "echo")]
    job = chunk(place, *items)
    assert slot.work_one("interactive")
    record, lines = place.ledger.get(job), chunks.split(place.ledger.result(job) or b"")
    assert (record.state, record.attempt, record.outcome) == (State.SUCCEEDED, 1, "complete")
    assert [chunks.is_failed(line) for line in lines] == [False, True, True, False]
    (ending,) = finish.endings
    assert isinstance(ending, Success)
    assert ending.tally == Tally(2, 2)


def test_a_chunk_for_which_no_runner_starts_is_given_back(
    place: Place, slot: Slot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without blame: it may well be computed elsewhere, more often than it may be lost."""
    job = chunk(place, chunks.item_line("poison", "kill", {}))
    for _ in range(place.settings.attempts + 1):
        eventually(slot._ensure_runner)
        with monkeypatch.context() as broken:
            broken.setenv("MINNORM_SOLVER", "no.such.module")
            assert slot.work_one("interactive")
        assert place.ledger.get(job).state is State.QUEUED


@pytest.mark.parametrize("kind", ["slow", "endless"])
def test_a_job_is_cancelled(place: Place, slot: Slot, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    finish = Finish(slot, monkeypatch)
    monkeypatch.setattr(slot.ledger, "beat", lambda *_: Order.CANCEL)
    place.submit(kind, {"seconds": 60}, bell=False)
    assert slot.work_one("interactive")
    assert finish.endings == [Canceled()]


def test_the_progress_reaches_the_ledger(place: Place, slot: Slot, monkeypatch: pytest.MonkeyPatch) -> None:
    beat, gate = slot.ledger.beat, place.folder / "gate"

    def told(claim: Claim, progress: Any = None) -> Order:
        if progress:
            gate.touch()
        return beat(claim, progress)

    monkeypatch.setattr(slot.ledger, "beat", told)
    job = place.submit("tell_all", {"seconds": 60, "gate": str(gate)}, bell=False)
    assert slot.work_one("interactive")
    progress = place.ledger.get(job).progress or {}
    assert 0 < progress["fraction"] <= 1
    assert progress["phase"] == "x"


@pytest.fixture
def patient_slot(place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Slot]:
    """For what is asked to stop, and takes its time to do so on a machine that is busy."""
    monkeypatch.setenv("MINNORM_SOLVER", place.settings.solver)
    patient = Slot(place.settings.model_copy(update={"cancel_grace_s": 30.0}))
    yield patient
    patient.close()


def test_a_job_goes_on_where_its_runner_died(place: Place, slot: Slot, caplog: pytest.LogCaptureFixture) -> None:
    """The checkpoint has arrived before the job is given back, large as it is."""
    caplog.set_level(logging.INFO)
    states = {"states": ["first", "last!"], "times": 15_000_000, "die": True}
    job = place.submit("recall", states, bell=False)
    assert slot.work_one("interactive")
    assert place.ledger.get(job).state is State.QUEUED
    assert slot.work_one("interactive")
    assert place.ledger.get(job).attempt == 2
    assert json.loads(place.ledger.result(job) or b"") == "last!" * 15_000_000
    assert f"Job {job} goes on from a checkpoint of 75000000 bytes" in caplog.text
    slot._keeper.settle()
    assert place.is_clean()


def test_a_slot_that_has_to_stop_keeps_the_last_checkpoint(
    place: Place, slot: Slot, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = place.submit("recall", {"states": ["one", "two"], "seconds": 60}, bell=False)
    stored = threading.Event()
    keep = slot._keeper.keep

    def kept(claim: Claim, state: bytes) -> None:
        keep(claim, state)
        if state == b"two":
            stored.set()

    def stop(*_: object) -> Order:
        assert stored.wait(20)
        raise SystemExit(1)

    monkeypatch.setattr(slot._keeper, "keep", kept)
    monkeypatch.setattr(slot.ledger, "beat", stop)
    with pytest.raises(SystemExit):
        slot.work_one("interactive")
    assert place.ledger.get(job).state is State.QUEUED
    claim = place.ledger.claim("interactive")
    assert claim is not None
    assert claim.checkpoint == b"two"


def test_a_checkpoint_that_takes_long_holds_up_no_heartbeat(
    place: Place, slot: Slot, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = place.submit("recall", {"states": ["one"], "seconds": 60}, bell=False)
    saving, beaten, in_time = threading.Event(), threading.Event(), list[bool]()
    beat, beats = slot.ledger.beat, 0

    def save(*_: object) -> bool:
        saving.set()
        in_time.append(beaten.wait(20))
        return True

    def count(claim: Claim, progress: Any = None) -> Order:
        nonlocal beats
        beats += saving.is_set()
        if beats < 5:
            return beat(claim, progress)
        beaten.set()
        return Order.CANCEL

    monkeypatch.setattr(slot.ledger, "save", save)
    monkeypatch.setattr(slot.ledger, "beat", count)
    assert slot.work_one("interactive")
    slot._keeper.settle()
    assert in_time == [True]
    assert place.ledger.get(job).state is State.CANCELED


def test_the_items_of_a_chunk_remember_nothing(place: Place, slot: Slot, monkeypatch: pytest.MonkeyPatch) -> None:
    saved = list[Any]()
    monkeypatch.setattr(slot.ledger, "save", lambda *told: saved.append(told))
    job = chunk(place, *[chunks.item_line(name, "recall", {"states": ["one"]}) for name in "ab"])
    assert slot.work_one("interactive")
    lines = chunks.split(place.ledger.result(job) or b"")
    assert [chunks.item(line)["result"] for line in lines] == [None, None]
    slot._keeper.settle()
    assert not saved


def test_items_that_make_do_with_less_time_have_answers(place: Place, patient_slot: Slot) -> None:
    items = [("make_do", 60), ("echo", 0), ("slow", 60), ("make_do", 60)]
    lines = [chunks.item_line(str(index), kind, {"seconds": s}) for index, (kind, s) in enumerate(items)]
    place.ledger.submit(NewJob("chunk", chunks.CHUNK, "interactive", chunks.join(lines), "", time_limit_s=1.0))
    assert patient_slot.work_one("interactive")
    ended = [chunks.item(line) for line in chunks.split(place.ledger.result("chunk") or b"")]
    outcomes = [item.get("outcome", item.get("error", {}).get("code")) for item in ended]
    assert outcomes == ["time_limit", "optimal", "time-limit", "time_limit"]
    assert [item["custom_id"] for item in ended] == list("0123")


def test_who_makes_do_with_less_time_succeeds(place: Place, patient_slot: Slot) -> None:
    job = NewJob("a", "make_do", "interactive", b'{"seconds": 60}', "", time_limit_s=0.8)
    place.ledger.submit(job)
    assert patient_slot.work_one("interactive")
    record = place.ledger.get(job.id)
    assert (record.state, record.outcome) == (State.SUCCEEDED, "time_limit")
    assert place.ledger.result(job.id) == b'"so far"'


def test_a_job_has_a_time_limit_of_its_own(place: Place, slot: Slot) -> None:
    job = NewJob("a", "slow", "interactive", b'{"seconds": 60}', "", time_limit_s=0.3)
    place.ledger.submit(job)
    assert slot.work_one("interactive")
    assert place.ledger.get(job.id).error == JobError("time-limit", "The computation was stopped after 0.3 s.")
