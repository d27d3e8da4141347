"""Leases, stale attempts, losses and live workers in the ledger, against real servers."""

import time
from dataclasses import replace

import pytest

from tests.processes import eventually
from tests.workers.claims import ANSWER, JOB, claimed, keys, reclaimed
from tests.workers.processes import Server
from workers.errors import LedgerUnavailable
from workers.ledger import Ledger
from workers.records import WORKER_LOST, JobError, Order, State, Success


def test_a_beat_extends_the_lease(ledger: Ledger, every_server: Server) -> None:
    claim = claimed(ledger)
    ends = [every_server.client.zscore("minnorm:leases", "a") or 0.0]
    for _ in range(3):
        assert ledger.beat(claim) is Order.GO_ON
        ends.append(every_server.client.zscore("minnorm:leases", "a") or 0.0)
    assert ends == sorted(set(ends))
    seconds, microseconds = every_server.client.time()
    assert ends[-1] <= seconds + microseconds / 1e6 + 0.05
    eventually(lambda: ledger.reap().requeued == ("a",))
    assert ledger.beat(claim) is Order.STOP


def test_a_beat_tells_of_progress(ledger: Ledger) -> None:
    claim = claimed(ledger)
    assert ledger.beat(claim, {"fraction": 0.5, "phase": "sweep"}) is Order.GO_ON
    assert ledger.get("a").progress == {"fraction": 0.5, "phase": "sweep"}


@pytest.mark.parametrize("ending", [ANSWER, JobError("too-few-points", "Two are needed.", "/x")])
def test_a_stale_attempt_changes_nothing(ledger: Ledger, every_server: Server, ending: Success | JobError) -> None:
    stale = claimed(ledger)
    fresh = reclaimed(ledger)
    assert fresh.attempt == 2
    assert ledger.beat(stale) is Order.STOP
    assert not ledger.finish(stale, ending)
    assert ledger.release(stale) is None
    assert ledger.get("a").state is State.RUNNING
    assert ledger.finish(fresh, replace(ANSWER, result=b"fresh"))
    assert not ledger.finish(stale, ending)
    assert ledger.result("a") == b"fresh"
    assert not any(key.startswith("staged:") for key in keys(every_server))


def test_a_second_finish_changes_nothing(ledger: Ledger) -> None:
    claim = claimed(ledger)
    assert ledger.finish(claim, ANSWER)
    before = ledger.get("a")
    assert not ledger.finish(claim, replace(ANSWER, result=b"other"))
    assert not ledger.finish(claim, JobError("internal-error", "too late"))
    assert ledger.get("a") == before
    assert ledger.result("a") == ANSWER.result


def test_a_result_that_a_torn_server_forgot_can_be_stored_again(
    ledger: Ledger, every_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = claimed(ledger)
    with monkeypatch.context() as torn:
        torn.setattr(ledger, "_stage", lambda *_: None)
        with pytest.raises(LedgerUnavailable, match="VANISHED"):
            ledger.finish(claim, ANSWER)
    assert every_server.client.zscore("minnorm:leases", "a") is not None  # else nobody would ever try it again
    assert ledger.finish(claim, ANSWER)
    assert ledger.result("a") == ANSWER.result


def test_a_job_that_is_queued_again_cannot_be_finished(ledger: Ledger) -> None:
    claim = claimed(ledger)
    eventually(lambda: ledger.reap().requeued)
    assert not ledger.finish(claim, ANSWER)
    assert ledger.get("a").state is State.QUEUED


def test_a_lost_job_goes_to_the_head_of_its_queue(ledger: Ledger) -> None:
    claimed(ledger)
    ledger.submit(replace(JOB, id="b"))
    again = reclaimed(ledger)
    assert (again.id, again.attempt, again.payload) == ("a", 2, JOB.payload)


def test_a_job_fails_once_it_has_cost_too_many_workers(ledger: Ledger) -> None:
    claimed(ledger)
    reclaimed(ledger)
    reclaimed(ledger)
    eventually(lambda: ledger.reap().ended == ("a",))
    record = ledger.get("a")
    assert (record.state, record.attempt, record.error) == (State.FAILED, 3, WORKER_LOST)
    assert ledger.reap().ended == ()


def test_a_released_job_is_queued_at_once(ledger: Ledger) -> None:
    claim = claimed(ledger)
    ledger.beat(claim, {"fraction": 0.5})
    assert ledger.release(claim) is State.QUEUED
    record = ledger.get("a")
    assert (record.state, record.started_at, record.progress) == (State.QUEUED, None, {"fraction": 0.5})
    assert ledger.release(claim) is None
    assert ledger.waiting("interactive") == 1


def test_releases_count_as_losses_unless_the_job_is_blameless(ledger: Ledger) -> None:
    ledger.submit(JOB)
    states = []
    for blameless in (True, False, True, False, True, False):
        claim = ledger.claim("interactive")
        assert claim is not None
        states.append(ledger.release(claim, blameless=blameless))
    assert states == [State.QUEUED] * 5 + [State.FAILED]
    assert ledger.get("a").error == WORKER_LOST


def test_reaping_counts_what_waits(ledger: Ledger) -> None:
    assert ledger.reap().waiting == {}
    for name in "abc":
        ledger.submit(replace(JOB, id=name, queue="batch" if name == "c" else "interactive"))
    assert ledger.reap().waiting == {"interactive": 2, "batch": 1}


def test_reaping_forgets_leases_of_jobs_that_are_gone(ledger: Ledger, every_server: Server) -> None:
    claimed(ledger)
    every_server.client.delete("minnorm:job:a")
    eventually(lambda: not (ledger.reap().requeued or every_server.client.zcard("minnorm:leases")))
    assert ledger.waiting("interactive") == 0


def test_workers_are_listed_while_they_live(ledger: Ledger) -> None:
    ledger.announce("one@host", ("interactive", "batch"), life_s=60)
    ledger.announce("two@host", ("train",), life_s=0.05)
    ledger.announce("one@host", ("interactive", "batch"), life_s=60)
    one = eventually(lambda: [worker for worker in ledger.workers() if worker.name == "one@host"])[0]
    assert one.queues == ("interactive", "batch")
    assert one.seen_at == pytest.approx(time.time(), abs=60)
    eventually(lambda: len(ledger.workers()) == 1)
