"""What callers may do with jobs: share, repeat, cancel, retry, delete, list; against real servers."""

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.processes import eventually
from tests.workers.claims import ANSWER, JOB, LONG_S, claimed, keys, pass_deadline
from tests.workers.processes import Server
from workers.connection import connect
from workers.errors import JobBusy, JobExpired, JobSucceeded, JobUnknown, KeyReused, LedgerFull, QuotaExceeded
from workers.ledger import Ledger
from workers.records import Canceled, Claim, JobError, NewJob, Order, RequestKey, State, Success, Verdict
from workers.settings import WorkerSettings

SHARED = replace(JOB, digest="d1")


def job(name: str, **changes: object) -> NewJob:
    return replace(SHARED, id=name, **changes)  # type: ignore[arg-type]


def next_claim(ledger: Ledger) -> Claim:
    claim = ledger.claim("interactive")
    assert claim is not None
    return claim


def is_clean(server: Server) -> bool:
    """Whether all that is left are jobs that have ended."""
    left = {key.split(":")[0] for key in keys(server)}
    lists = ("leases", "deadlines", "unfinished")
    return left <= {"job", "result", "input", "answer", "tombstone", "payload", "idempotency"} and not any(
        server.client.exists(f"minnorm:{name}") for name in lists
    )


# Sharing


def test_equal_problems_in_flight_share_one_execution(ledger: Ledger, every_server: Server) -> None:
    verdicts = [ledger.submit(job(name)).verdict for name in "abc"]
    assert verdicts == [Verdict.NEW, Verdict.JOINED, Verdict.JOINED]
    claim = next_claim(ledger)
    assert ledger.claim("interactive") is None
    ledger.beat(claim, {"fraction": 0.25})
    follower = ledger.get("b")
    assert (follower.state, follower.progress, follower.started_at) == (
        State.RUNNING, {"fraction": 0.25}, ledger.get("a").started_at,
    )  # fmt: skip
    assert ledger.finish(claim, ANSWER)
    for name in "abc":
        assert (ledger.get(name).state, ledger.get(name).outcome) == (State.SUCCEEDED, "optimal")
        assert ledger.result(name) == ANSWER.result
    assert is_clean(every_server)


def test_a_finished_problem_is_answered_from_its_digest(ledger: Ledger, every_server: Server) -> None:
    ledger.finish(claimed(ledger, SHARED), ANSWER)
    assert ledger.submit(job("b")).verdict is Verdict.CACHED
    record = ledger.get("b")
    assert (record.state, record.cached, record.outcome, record.engine) == ("succeeded", True, "optimal", "engine 1")
    assert ledger.result("b") == ANSWER.result
    assert ledger.submit(job("c"), share=False).verdict is Verdict.NEW
    other = Success("feasible", b"other")
    assert ledger.finish(next_claim(ledger), other)
    assert (ledger.result("c"), ledger.result("a")) == (other.result, ANSWER.result)
    assert is_clean(every_server)


def test_a_shared_result_stays_as_long_as_a_job_has_it(ledger: Ledger) -> None:
    ledger.finish(claimed(ledger, SHARED), ANSWER)
    ledger.submit(job("b"))
    ledger.delete("a")
    assert ledger.result("b") == ANSWER.result
    ledger.delete("b")
    assert ledger.submit(job("c")).verdict is Verdict.NEW


def test_a_failure_is_shared_too(ledger: Ledger, every_server: Server) -> None:
    for name in "ab":
        ledger.submit(job(name))
    reason = JobError("too-few-points", "Two.", "/x")
    ledger.finish(next_claim(ledger), reason)
    assert ledger.get("b").error == ledger.get("a").error == reason
    assert is_clean(every_server)


@pytest.mark.parametrize("running", [False, True])
def test_who_cancels_does_not_cancel_for_others(ledger: Ledger, every_server: Server, running: bool) -> None:
    for name in "abc":
        ledger.submit(job(name))
    first = next_claim(ledger) if running else None
    ledger.cancel("a")
    assert ledger.get("a").state is (State.CANCELING if running else State.CANCELED)
    second = next_claim(ledger)
    assert (second.id, second.payload) == ("b", SHARED.payload)
    if first:
        assert ledger.beat(first) is Order.CANCEL
        assert ledger.finish(first, Canceled())
    assert ledger.get("a").state is State.CANCELED
    ledger.finish(second, ANSWER)
    assert [ledger.get(name).state for name in "bc"] == ["succeeded", "succeeded"]
    assert is_clean(every_server)


def test_a_follower_is_cancelled_alone(ledger: Ledger, every_server: Server) -> None:
    for name in "ab":
        ledger.submit(job(name))
    ledger.cancel("b")
    claim = next_claim(ledger)
    assert (claim.id, ledger.get("b").state) == ("a", State.CANCELED)
    assert ledger.retry("b").verdict is Verdict.JOINED
    ledger.finish(claim, ANSWER)
    assert ledger.get("b").state is State.CANCELED
    assert is_clean(every_server)


def test_a_lost_leader_keeps_its_followers(ledger: Ledger, every_server: Server) -> None:
    for name in "ab":
        ledger.submit(job(name))
    for _ in range(3):
        next_claim(ledger)
        eventually(lambda: ledger.get("a").state is not State.RUNNING or bool(ledger.reap().ended))
    assert [ledger.get(name).state for name in "ab"] == [State.FAILED, State.FAILED]
    assert is_clean(every_server)


def test_who_bounds_his_own_time_goes_alone(ledger: Ledger, every_server: Server) -> None:
    ledger.submit(job("a", time_limit_s=1.0))
    assert ledger.submit(job("b")).verdict is Verdict.NEW
    assert ledger.submit(job("c", time_limit_s=2.0)).verdict is Verdict.NEW
    ledger.finish(next_claim(ledger), JobError("time-limit", "Too long."))
    ledger.finish(next_claim(ledger), ANSWER)
    assert ledger.claim("interactive") is None
    assert [ledger.get(name).state for name in "abc"] == ["failed", "succeeded", "succeeded"]
    assert is_clean(every_server)


def test_what_ended_for_want_of_time_answers_nobody_who_comes_later(ledger: Ledger, every_server: Server) -> None:
    partial = Success("time_limit", b"what there is")
    claim = claimed(ledger, SHARED)
    assert ledger.submit(job("b")).verdict is Verdict.JOINED
    assert ledger.finish(claim, partial)
    assert (ledger.get("b").outcome, ledger.result("b")) == ("time_limit", partial.result)
    assert ledger.submit(job("c")).verdict is Verdict.NEW
    assert ledger.finish(next_claim(ledger), ANSWER)
    assert (ledger.result("c"), ledger.result(SHARED.id)) == (ANSWER.result, partial.result)
    assert ledger.submit(job("d")).verdict is Verdict.CACHED
    for name in (SHARED.id, "b", "c", "d"):
        ledger.delete(name)
    assert not [key for key in keys(every_server) if key.split(":")[0] in {"result", "answer"}]
    assert is_clean(every_server)


# Idempotency keys


def test_a_key_leads_to_one_job(ledger: Ledger, every_server: Server) -> None:
    key = RequestKey("k", "f1")
    assert ledger.submit(job("a", digest=""), key).verdict is Verdict.NEW
    again = ledger.submit(job("b", digest=""), key)
    assert (again.verdict, again.id) == (Verdict.REPLAYED, "a")
    with pytest.raises(KeyReused):
        ledger.submit(job("c", digest=""), RequestKey("k", "f2"))
    assert ledger.submit(job("d", digest="", caller="other"), RequestKey("k", "f2")).verdict is Verdict.NEW
    assert ledger.waiting("interactive") == 2
    assert {key for key in keys(every_server) if key.startswith("payload")} == {"payload:a", "payload:d"}


def test_an_answer_at_once_can_be_kept_under_its_key(ledger: Ledger, every_server: Server) -> None:
    key = RequestKey("k", "f1")
    assert ledger.keep(job("a"), ANSWER, key).verdict is Verdict.NEW
    again = ledger.keep(job("b"), ANSWER, key)
    assert (again.verdict, again.id) == (Verdict.REPLAYED, "a")
    assert (ledger.get("a").state, ledger.result("a")) == (State.SUCCEEDED, ANSWER.result)
    with pytest.raises(JobUnknown):
        ledger.get("b")
    with pytest.raises(KeyReused):
        ledger.keep(job("c"), ANSWER, RequestKey("k", "f2"))
    assert is_clean(every_server)


# Cancellation and deadlines


def test_cancelling_is_safe_to_repeat_and_never_undoes_an_end(ledger: Ledger, every_server: Server) -> None:
    claim = claimed(ledger)
    for _ in range(2):
        ledger.cancel("a")
        assert ledger.get("a").state is State.CANCELING
    assert ledger.finish(claim, ANSWER)  # too late: it was promised to be cancelled
    for _ in range(2):
        ledger.cancel("a")
        assert ledger.get("a").state is State.CANCELED
    assert ledger.result("a") is None
    ledger.finish(claimed(ledger, replace(JOB, id="b")), ANSWER)
    ledger.cancel("b")
    assert ledger.get("b").state is State.SUCCEEDED
    with pytest.raises(JobUnknown):
        ledger.cancel("nobody")
    assert is_clean(every_server)


@pytest.mark.parametrize("end", [Ledger.reap, lambda ledger: ledger.release(Claim("a", "echo", 1, b""))])
def test_a_cancelled_job_whose_worker_dies_has_ended(
    ledger: Ledger, every_server: Server, end: Callable[[Ledger], object]
) -> None:
    claimed(ledger)
    ledger.cancel("a")
    eventually(lambda: (end(ledger), ledger.get("a").state is State.CANCELED)[1])
    assert is_clean(every_server)


def test_a_deadline_ends_what_waits_and_stops_what_runs(settings: WorkerSettings, every_server: Server) -> None:
    client = connect(settings)
    ledger = Ledger(client, settings.model_copy(update={"lease_s": LONG_S}))
    for name in "ab":
        ledger.submit(replace(JOB, id=name, cancel_after_s=LONG_S))
    claim = next_claim(ledger)
    ledger.reap()
    assert ledger.get("b").state is State.QUEUED
    pass_deadline(every_server, "a", "b")
    ledger.reap()
    assert ledger.get("b").state is State.EXPIRED
    assert ledger.get("a").state is State.CANCELING
    assert ledger.beat(claim) is Order.CANCEL
    ledger.finish(claim, Canceled())
    assert ledger.get("a").state is State.EXPIRED
    assert is_clean(every_server)
    client.close()


def test_what_is_past_its_deadline_is_not_begun(ledger: Ledger, every_server: Server) -> None:
    ledger.submit(replace(JOB, cancel_after_s=0.01))
    time.sleep(0.05)  # the deadline passes
    assert ledger.claim("interactive") is None
    assert (ledger.get("a").state, ledger.get("a").attempt) == (State.EXPIRED, 0)
    assert is_clean(every_server)


# Retry and deletion


def test_what_did_not_succeed_can_be_tried_again(ledger: Ledger, every_server: Server) -> None:
    ledger.submit(job("a", metadata={"who": "me"}, time_limit_s=7.0))
    with pytest.raises(JobBusy):
        ledger.retry("a")
    ledger.cancel("a")
    receipt = ledger.retry("a")
    assert receipt.verdict is Verdict.NEW
    assert ledger.retry("a") == replace(receipt, verdict=Verdict.REPLAYED)
    claim = next_claim(ledger)
    assert (claim.id, claim.payload, claim.time_limit_s) == (receipt.id, SHARED.payload, 7.0)
    ledger.finish(claim, ANSWER)
    assert (ledger.get(receipt.id).retry_of, ledger.get(receipt.id).metadata) == ("a", {"who": "me"})
    with pytest.raises(JobSucceeded):
        ledger.retry(receipt.id)
    with pytest.raises(JobUnknown):
        ledger.retry("nobody")
    assert is_clean(every_server)


def test_deletion_leaves_a_tombstone_only(ledger: Ledger, every_server: Server) -> None:
    ledger.submit(job("q"))
    ledger.delete("q")
    claim = claimed(ledger, job("r"))
    with pytest.raises(JobBusy):
        ledger.delete("r")
    ledger.finish(claim, ANSWER)
    ledger.delete("r")
    ledger.delete("r")  # safe to repeat
    with pytest.raises(JobExpired):
        ledger.get("r")
    with pytest.raises(JobUnknown):
        ledger.delete("nobody")
    assert {key.split(":")[0] for key in keys(every_server)} == {"tombstone"}
    assert ledger.list("", 10).jobs == ()
    assert is_clean(every_server)


# Fairness and limits


def test_callers_are_served_in_turn(ledger: Ledger) -> None:
    for number in range(5):
        ledger.submit(replace(JOB, id=f"many{number}", caller="many"))
    ledger.submit(replace(JOB, id="one", caller="one"))
    ledger.submit(replace(JOB, id="two", caller="two"))
    order = [next_claim(ledger).id for _ in range(7)]
    assert order == ["many0", "one", "two", "many1", "many2", "many3", "many4"]


def test_limits_refuse_with_an_estimate(settings: WorkerSettings, every_server: Server) -> None:
    client = connect(settings)
    ledger = Ledger(client, settings.model_copy(update={"caller_items": 2, "queue_items": 3}))
    for name in "ab":
        ledger.submit(replace(JOB, id=name, caller="x"))
    with pytest.raises(QuotaExceeded) as quota:
        ledger.submit(replace(JOB, id="c", caller="x"))
    ledger.submit(replace(JOB, id="d", caller="y"))
    with pytest.raises(LedgerFull) as full:
        ledger.submit(replace(JOB, id="e", caller="z"))
    assert quota.value.retry_after_s > 0 < full.value.retry_after_s
    assert not {"payload:c", "payload:e"} & keys(every_server)
    ledger.finish(next_claim(ledger), ANSWER)
    ledger.submit(replace(JOB, id="f", caller="x"))
    client.close()


# Lists and versions


def test_lists_are_paged_newest_first_and_apart_by_caller(ledger: Ledger) -> None:
    for number in range(7):
        ledger.submit(replace(JOB, id=f"j{number}", kind="odd" if number % 2 else "even", caller="me"))
    ledger.submit(replace(JOB, id="foreign", caller="you"))
    ledger.cancel("j3")
    seen, before = [], None
    while True:
        page = ledger.list("me", 3, before)
        seen += [record.id for record in page.jobs]
        before = page.next_cursor
        if before is None:
            break
    assert seen == [f"j{number}" for number in reversed(range(7))]
    assert [record.id for record in ledger.list("me", 9, state="canceled").jobs] == ["j3"]
    assert [record.id for record in ledger.list("me", 9, state="queued", kind="odd").jobs] == ["j5", "j1"]


def test_the_index_forgets_what_has_expired(settings: WorkerSettings) -> None:
    client = connect(settings)
    ledger = Ledger(client, settings.model_copy(update={"retention_s": 0.02}))
    ledger.finish(claimed(ledger), ANSWER)
    eventually(lambda: (ledger.reap(), not client.exists("minnorm:jobs:"))[1])
    client.close()


def test_every_change_has_a_new_revision(ledger: Ledger) -> None:
    ledger.submit(JOB)
    seen = [ledger.get("a").revision]
    claim = next_claim(ledger)
    seen.append(ledger.get("a").revision)
    ledger.beat(claim)
    assert ledger.get("a").revision == seen[-1]
    for _ in range(2):
        ledger.beat(claim, {"fraction": 0.25, "step": 3})
    assert ledger.get("a").revision == seen[-1] + 1  # what is told again is no change
    for step in (lambda: ledger.beat(claim, {"fraction": 0.5}), lambda: ledger.finish(claim, ANSWER)):
        step()
        seen.append(ledger.get("a").revision)
    assert seen == sorted(set(seen))


def test_progress_never_goes_backwards(ledger: Ledger) -> None:
    claim = claimed(ledger)
    ledger.beat(claim, {"fraction": 0.5})
    ledger.release(claim)
    again = next_claim(ledger)
    ledger.beat(again, {"fraction": 0.1})
    assert ledger.get("a").progress == {"fraction": 0.5}
    ledger.beat(again, {"fraction": 0.6})
    assert ledger.get("a").progress == {"fraction": 0.6}
