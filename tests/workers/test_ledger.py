"""The life of a job in the ledger, against real servers."""

from dataclasses import replace

import pytest

from tests.processes import eventually
from tests.workers.claims import ANSWER, JOB, claimed, keys
from tests.workers.processes import Server
from workers.connection import connect
from workers.errors import JobExpired, JobUnknown, LedgerFull, LedgerUnavailable
from workers.ledger import Ledger
from workers.records import Claim, JobError, Order, Receipt, State, Verdict
from workers.settings import WorkerSettings


def test_a_job_lives_from_submission_to_result(ledger: Ledger) -> None:
    assert ledger.submit(replace(JOB, digest="d1")) == Receipt(Verdict.NEW, "a")
    record = ledger.get("a")
    assert (record.state, record.attempt, record.kind, record.queue) == ("queued", 0, "echo", "interactive")
    assert record.started_at is record.finished_at is record.expires_at is None
    assert record.outcome is None
    assert record.error is None
    assert not record.state.terminal
    assert ledger.result("a") is None

    claim = ledger.claim("interactive")
    assert claim == Claim("a", "echo", 1, JOB.payload)
    assert ledger.get("a").state is State.RUNNING

    assert ledger.finish(claim, ANSWER)
    record = ledger.get("a")
    assert (record.state, record.outcome) == ("succeeded", "optimal")
    assert (record.engine, record.digest) == ("engine 1", "d1")
    times = [record.created_at, record.started_at or 0, record.finished_at or 0, record.expires_at or 0]
    assert times == sorted(times)
    assert times[3] == pytest.approx(times[2] + 60)
    assert record.state.terminal
    assert ledger.result("a") == ANSWER.result


def test_times_come_from_the_server(ledger: Ledger, every_server: Server) -> None:
    before = every_server.client.time()
    ledger.submit(JOB)
    after = every_server.client.time()
    first, last = (seconds + microseconds / 1e6 for seconds, microseconds in (before, after))
    assert first <= ledger.get("a").created_at <= last


def test_a_queue_is_first_in_first_out(ledger: Ledger) -> None:
    for name in "abc":
        ledger.submit(replace(JOB, id=name))
    claims = [ledger.claim("interactive") for _ in range(4)]
    assert [claim and claim.id for claim in claims] == ["a", "b", "c", None]


def test_queues_are_apart(ledger: Ledger) -> None:
    ledger.submit(JOB)
    assert ledger.claim("batch") is None
    assert ledger.depths() == {"interactive": 1}
    assert (ledger.waiting("interactive"), ledger.waiting("batch")) == (1, 0)


@pytest.mark.parametrize("step", ["queued", "running", "succeeded", "expired"])
def test_a_repeated_submission_changes_nothing(ledger: Ledger, every_server: Server, step: str) -> None:
    ledger.submit(JOB)
    if step != "queued":
        claim = ledger.claim("interactive")
        assert claim is not None
        if step != "running":
            ledger.finish(claim, ANSWER)
        if step == "expired":
            every_server.client.delete("minnorm:job:a", "minnorm:result:a", "minnorm:answer:a")
    before = keys(every_server)
    assert ledger.submit(JOB) == Receipt(Verdict.KNOWN, "a")
    assert keys(every_server) == before
    assert ledger.waiting("interactive") == (step == "queued")
    assert all(every_server.client.ttl(key) == -1 for key in every_server.client.keys("minnorm:payload:*"))


def test_a_payload_without_its_submission_goes_away(ledger: Ledger, every_server: Server) -> None:
    """A gateway that dies between the two steps of a submission leaves nothing for ever."""
    ledger.submit(JOB)
    assert every_server.client.ttl("minnorm:payload:a") == -1
    with pytest.raises(LedgerUnavailable, match="VANISHED"):
        ledger._run("submit", "b", "echo", "interactive", "d", "", 1, *[""] * 5, 60, 9, 9, 60, 60)
    assert ledger.depths() == {"interactive": 1}


@pytest.mark.parametrize("fields", [{}, {"state": "canceled", "kind": "echo"}])
def test_claim_skips_ids_that_vanished_or_are_not_queued(
    ledger: Ledger, every_server: Server, fields: dict[str, str]
) -> None:
    for name in "ab":
        ledger.submit(replace(JOB, id=name))
    every_server.client.delete("minnorm:job:a")
    for name, value in fields.items():
        every_server.client.hset("minnorm:job:a", name, value)
    claim = ledger.claim("interactive")
    assert claim is not None
    assert claim.id == "b"


def test_a_doubled_queue_entry_is_claimed_once(ledger: Ledger, every_server: Server) -> None:
    ledger.submit(JOB)
    assert ledger.claim("interactive") is not None
    every_server.client.zadd("minnorm:line:interactive:", {"a": 1})
    every_server.client.lpush("minnorm:turns:interactive", "", "")
    assert ledger.claim("interactive") is None
    assert ledger.claim("interactive") is None


def test_a_failure_keeps_its_reason(ledger: Ledger) -> None:
    reason = JobError("too-few-points", "Two are needed: «deux».", "/x")
    assert ledger.finish(claimed(ledger), reason)
    record = ledger.get("a")
    assert (record.state, record.error, record.outcome) == (State.FAILED, reason, None)
    assert ledger.result("a") is None


def test_a_finished_job_leaves_its_input_with_its_answer_and_no_lease(ledger: Ledger, every_server: Server) -> None:
    ledger.finish(claimed(ledger), ANSWER)
    assert keys(every_server) == {"job:a", "result:a", "input:a", "answer:a", "tombstone:a"}
    client = every_server.client
    assert client.zcard("minnorm:leases") == 0
    assert 0 < client.pttl("minnorm:job:a") <= 60_000
    assert 0 < client.pttl("minnorm:result:a") <= 60_000
    assert 60_000 < client.pttl("minnorm:tombstone:a") <= 120_000


def test_nothing_expires_before_the_end(ledger: Ledger, every_server: Server) -> None:
    claimed(ledger)
    assert every_server.client.ttl("minnorm:job:a") == every_server.client.ttl("minnorm:payload:a") == -1


def test_a_tombstone_tells_expired_from_unknown(settings: WorkerSettings) -> None:
    client = connect(settings)
    ledger = Ledger(client, settings.model_copy(update={"retention_s": 0.01}))
    with pytest.raises(JobUnknown):
        ledger.get("a")
    ledger.finish(claimed(ledger), ANSWER)
    eventually(lambda: ledger.result("a") is None)
    with pytest.raises(JobExpired):
        ledger.get("a")
    assert client.pexpire("minnorm:tombstone:a", 1)  # sooner than by itself
    eventually(lambda: not client.exists("minnorm:tombstone:a"))
    with pytest.raises(JobUnknown):
        ledger.get("a")
    client.close()


def test_a_waiting_job_takes_little_room(ledger: Ledger, every_server: Server) -> None:
    before = every_server.client.info("memory")["used_memory"]
    for number in range(1000):
        ledger.submit(replace(JOB, id=f"{number:032x}", digest="0" * 64))
    assert (every_server.client.info("memory")["used_memory"] - before) / 1000 < 2000


def test_large_payloads_and_results_pass_unharmed(ledger: Ledger) -> None:
    large = bytes(range(256)) * 2**16
    claim = claimed(ledger, replace(JOB, payload=large))
    assert claim.payload == large
    ledger.beat(claim)
    assert ledger.finish(claim, replace(ANSWER, result=large))
    assert ledger.result("a") == large


def test_scripts_survive_a_server_that_forgot_them(ledger: Ledger, every_server: Server) -> None:
    ledger.submit(JOB)
    every_server.client.script_flush()
    assert ledger.claim("interactive") is not None


def test_a_full_server_takes_no_new_work_but_ends_the_old(ledger: Ledger, every_server: Server) -> None:
    claim = claimed(ledger)
    lost = claimed(ledger, replace(JOB, id="b"))
    ledger.submit(replace(JOB, id="c"))
    every_server.client.config_set("maxmemory", "1mb")
    try:
        assert ledger.beat(claim) is Order.GO_ON
        with pytest.raises(LedgerUnavailable):
            ledger.submit(replace(JOB, id="d"))
        with pytest.raises(LedgerUnavailable):
            ledger.finish(claim, ANSWER)
        assert ledger.finish(claim, JobError("internal-error", "no room"))
        assert ledger.release(lost) is State.QUEUED
        assert ledger.claim("interactive") is not None
        eventually(lambda: ledger.reap().requeued)
        ledger.announce("one@host", (), life_s=60)
    finally:
        every_server.client.config_set("maxmemory", "0")
    assert ledger.get("a").state is State.FAILED


def test_a_large_job_is_refused_where_its_result_would_find_no_room(ledger: Ledger, every_server: Server) -> None:
    used = int(every_server.client.info("memory")["used_memory"])
    every_server.client.config_set("maxmemory", used + 8_000_000)
    try:
        with pytest.raises(LedgerFull):
            ledger.submit(replace(JOB, payload=b"." * 2_000_000))
        assert ledger.submit(replace(JOB, payload=b"." * 900_000)).verdict is Verdict.NEW
    finally:
        every_server.client.config_set("maxmemory", 0)
