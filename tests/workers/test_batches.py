"""The life of a batch in the ledger, against real servers; the chunks are computed by hand."""

import os
from collections.abc import Callable, Sequence

import pytest

from tests.processes import eventually
from tests.workers.claims import LONG_S, keys, pass_deadline
from tests.workers.processes import Server
from workers.batches import NewBatch
from workers.connection import connect
from workers.errors import JobBusy, JobExpired, JobSucceeded, JobUnknown, KeyReused, LedgerFull, QuotaExceeded
from workers.ledger import Ledger
from workers.records import (
    WORKER_LOST,
    Canceled,
    Claim,
    JobError,
    NewJob,
    Order,
    Receipt,
    RequestKey,
    State,
    Success,
    Tally,
    Verdict,
)
from workers.settings import WorkerSettings

QUEUE = "batch"
ROOMS = ("batch", "done", "job", "payload", "result", "answer")


def opened(
    ledger: Ledger,
    name: str = "b",
    items: Sequence[int] = (2, 3, 4),
    request: RequestKey | None = None,
    cancel_after_s: float | None = None,
    caller: str = "me",
) -> Receipt:
    """Stage the chunks of a batch, and open it."""
    for index in range(len(items)):
        ledger.stage(name, index, payload(index))
    batch = NewBatch(name, caller, [(QUEUE, count) for count in items], cancel_after_s, {"for": "a test"})
    return ledger.open(batch, request)


def payload(index: int) -> bytes:
    return f"payload {index}".encode()


def result(succeeded: int, failed: int = 0) -> Success:
    return Success("complete", f"result {succeeded}".encode(), "engine 1", Tally(succeeded, failed))


def taken(ledger: Ledger) -> Claim:
    claim = ledger.claim(QUEUE)
    assert claim is not None
    return claim


def finish_all(ledger: Ledger) -> None:
    while claim := ledger.claim(QUEUE):
        assert ledger.finish(claim, result(1))


def counts(ledger: Ledger, name: str = "b") -> dict[str, int]:
    """The counts that are not zero."""
    return {what: count for what, count in ledger.batch(name).counts.items() if count}


def names(server: Server) -> list[str]:
    return [os.fsdecode(name) for name in server.client.keys("*")]


def names_of_batches(server: Server) -> list[str]:
    return [name for name in names(server) if name.split(":")[1] in ROOMS]


def lives_at_one_time(server: Server, keys: Sequence[str]) -> list[int]:
    """Milliseconds that are left to each: one look at all of them, for time goes by between several."""
    with server.client.pipeline() as together:
        for key in keys:
            together.pttl(key)
        return together.execute()


def test_a_batch_lives_from_opening_to_its_results(ledger: Ledger) -> None:
    assert opened(ledger) == Receipt(Verdict.NEW, "b")
    batch = ledger.batch("b")
    assert (batch.state, batch.items, batch.chunks, batch.metadata) == ("queued", 9, 3, {"for": "a test"})
    assert batch.started_at is batch.finished_at is batch.expires_at is None
    assert ledger.waiting(QUEUE) == 3

    first, second, third = (taken(ledger) for _ in range(3))
    assert first == Claim("b.0", "chunk", 1, payload(0))
    assert ledger.claim(QUEUE) is None
    running = ledger.batch("b")
    assert running.state is State.RUNNING
    assert running.revision > batch.revision

    assert ledger.finish(third, result(3, 1))
    assert ledger.finish(first, result(2))
    assert ledger.ended_chunks("b", 0) == [2, 0]
    assert ledger.ended_chunks("b", 1) == [0]
    assert counts(ledger) == {"succeeded": 5, "failed": 1}
    assert ledger.batch("b").state is State.RUNNING
    assert ledger.chunk("b", 2) == (State.SUCCEEDED, b"result 3", "")

    assert ledger.finish(second, result(0, 3))
    ended = ledger.batch("b")
    assert (ended.state, ended.counts["succeeded"], ended.counts["failed"]) == ("succeeded", 5, 4)
    assert ended.undone == 0
    times = [ended.created_at, ended.started_at or 0, ended.finished_at or 0, ended.expires_at or 0]
    assert times == sorted(times)
    assert times[3] == pytest.approx(times[2] + 60)
    assert ledger.ended_chunks("b", 0) == [2, 0, 1]


def test_a_chunk_is_no_job_of_its_caller(ledger: Ledger) -> None:
    opened(ledger)
    with pytest.raises(JobUnknown):
        ledger.get("b.0")
    assert ledger.list("me", 10).jobs == ()


def test_nothing_of_a_batch_goes_before_the_batch_has_ended(ledger: Ledger, every_server: Server) -> None:
    opened(ledger, items=(1, 1, 1))
    ledger.finish(taken(ledger), result(1))
    ledger.finish(taken(ledger), JobError("some", "thing"))
    mine = names_of_batches(every_server)
    assert len(mine) == 9  # the batch, the order of its chunks, three jobs, one answer and its result, two payloads
    assert {every_server.client.ttl(name) for name in mine} == {-1}

    ledger.finish(taken(ledger), result(1))
    mine = names_of_batches(every_server)
    lives = lives_at_one_time(every_server, mine)
    assert all(30_000 < life <= 60_000 for life in lives)
    assert max(lives) - min(lives) < 100


def test_what_is_left_of_a_batch_is_that_it_was(every_server: Server, settings: WorkerSettings) -> None:
    client = connect(settings)
    ledger = Ledger(client, settings.model_copy(update={"retention_s": 0.05}))
    opened(ledger)
    finish_all(ledger)
    eventually(lambda: keys(every_server) == {"tombstone:b"}, what="expiry of everything else")
    with pytest.raises(JobExpired):
        ledger.batch("b")
    client.close()


def test_an_unknown_batch(ledger: Ledger) -> None:
    for verb in (ledger.batch, ledger.cancel_batch, ledger.retry_batch, ledger.delete_batch):
        with pytest.raises(JobUnknown):
            verb("b")
    assert ledger.ended_chunks("b", 0) == []
    assert ledger.chunk("b", 0) == (State.EXPIRED, b"", "")


def test_a_cancelled_batch_ends_with_the_chunks_that_run(ledger: Ledger) -> None:
    opened(ledger, items=(1, 2, 4, 8))
    ledger.finish(taken(ledger), result(1))
    running = taken(ledger)
    ledger.cancel_batch("b")
    assert ledger.batch("b").state is State.CANCELING
    assert counts(ledger) == {"succeeded": 1, "canceled": 12}
    assert ledger.claim(QUEUE) is None
    assert ledger.waiting(QUEUE) == 0
    ledger.cancel_batch("b")  # changes nothing
    assert counts(ledger) == {"succeeded": 1, "canceled": 12}

    assert ledger.beat(running) is Order.CANCEL
    assert ledger.finish(running, Canceled())
    batch = ledger.batch("b")
    assert (batch.state, batch.undone) == ("canceled", 3)
    assert counts(ledger) == {"succeeded": 1, "canceled": 14}
    assert ledger.ended_chunks("b", 0) == [0, 2, 3, 1]
    assert ledger.chunk("b", 1) == (State.CANCELED, payload(1), "")
    ledger.cancel_batch("b")
    assert ledger.batch("b") == batch


def test_a_cancelled_batch_of_which_nothing_runs_ends_at_once(ledger: Ledger, every_server: Server) -> None:
    opened(ledger)
    ledger.cancel_batch("b")
    assert ledger.batch("b").state is State.CANCELED
    assert not {"leases", "deadlines", "unfinished"} & {name.removeprefix("minnorm:") for name in names(every_server)}


def test_a_batch_that_has_succeeded_stays_so(ledger: Ledger) -> None:
    opened(ledger)
    finish_all(ledger)
    before = ledger.batch("b")
    ledger.cancel_batch("b")
    assert ledger.batch("b") == before


def test_a_batch_expires_in_parts(ledger: Ledger, every_server: Server) -> None:
    opened(ledger, items=(1, 2), cancel_after_s=LONG_S)
    ledger.finish(taken(ledger), result(1))
    pass_deadline(every_server, "b.1")
    ledger.reap()
    assert ledger.batch("b").state is State.EXPIRED
    assert counts(ledger) == {"succeeded": 1, "expired": 2}
    assert ledger.chunk("b", 1) == (State.EXPIRED, payload(1), "")


def test_a_chunk_that_costs_three_workers_fails_and_the_others_go_on(ledger: Ledger) -> None:
    opened(ledger, items=(5, 1))
    for _ in range(3):
        claim = taken(ledger)
        assert claim.id == "b.0"
        eventually(lambda: (found := ledger.reap()).requeued or found.ended)
    finish_all(ledger)
    assert counts(ledger) == {"succeeded": 1, "failed": 5}
    state, kept, error = ledger.chunk("b", 0)
    assert (state, kept) == (State.FAILED, payload(0))
    assert WORKER_LOST.code in error
    batch = ledger.batch("b")
    assert (batch.state, batch.undone) == ("succeeded", 1)


def test_a_late_attempt_does_not_count_twice(ledger: Ledger) -> None:
    opened(ledger, items=(5,))
    late = taken(ledger)
    eventually(lambda: ledger.reap().requeued)
    claim = taken(ledger)
    assert ledger.finish(claim, result(5))
    assert not ledger.finish(late, result(5))
    assert counts(ledger) == {"succeeded": 5}
    assert ledger.ended_chunks("b", 0) == [0]


def test_a_batch_is_deleted_as_a_whole(ledger: Ledger, every_server: Server) -> None:
    opened(ledger)
    with pytest.raises(JobBusy):
        ledger.delete_batch("b")
    ledger.finish(taken(ledger), result(1))
    ledger.cancel_batch("b")
    ledger.delete_batch("b")
    assert keys(every_server) == {"tombstone:b"}
    ledger.delete_batch("b")  # safe to repeat
    with pytest.raises(JobExpired):
        ledger.batch("b")


def test_what_was_not_done_is_tried_again(ledger: Ledger) -> None:
    opened(ledger, items=(1, 2, 4))
    with pytest.raises(JobBusy):
        ledger.retry_batch("b")
    ledger.finish(taken(ledger), result(1))
    ledger.cancel_batch("b")
    receipt = ledger.retry_batch("b")
    assert receipt.verdict is Verdict.NEW
    assert ledger.retry_batch("b") == Receipt(Verdict.REPLAYED, receipt.id)

    again = ledger.batch(receipt.id)
    assert (again.state, again.items, again.chunks, again.retry_of) == ("queued", 6, 2, "b")
    assert again.metadata == {"for": "a test"}
    ledger.delete_batch("b")  # what is tried again is its own
    claims = [taken(ledger), taken(ledger)]
    assert [claim.payload for claim in claims] == [payload(1), payload(2)]
    for claim, items in zip(claims, (2, 4), strict=True):
        ledger.finish(claim, result(items))
    assert counts(ledger, receipt.id) == {"succeeded": 6}
    with pytest.raises(JobSucceeded):
        ledger.retry_batch(receipt.id)


def test_a_key_belongs_to_its_request(ledger: Ledger, every_server: Server) -> None:
    first = opened(ledger, "b", request=RequestKey("key", "one"))
    before = keys(every_server)
    assert opened(ledger, "c", request=RequestKey("key", "one")) == Receipt(Verdict.REPLAYED, first.id)
    job = NewJob("j", "echo", "interactive", b"{}", "", caller="me")
    with pytest.raises(KeyReused):  # a key of a batch is none for a job
        ledger.submit(job, RequestKey("key", "same"))
    with pytest.raises(KeyReused):
        opened(ledger, "d", request=RequestKey("key", "two"))
    assert keys(every_server) == before
    assert opened(ledger, "e", request=RequestKey("key", "two"), caller="you").verdict is Verdict.NEW


@pytest.mark.parametrize("verb", [Ledger.get, Ledger.cancel, Ledger.delete, Ledger.retry])
def test_chunks_are_no_jobs_to_callers(ledger: Ledger, verb: Callable[[Ledger, str], object]) -> None:
    opened(ledger)
    with pytest.raises(JobUnknown):
        verb(ledger, "b.0")
    assert len([taken(ledger) for _ in range(3)]) == 3


def test_an_opening_that_is_repeated_changes_nothing(ledger: Ledger) -> None:
    opened(ledger)
    assert ledger.open(NewBatch("b", "me", [(QUEUE, 2)] * 3)) == Receipt(Verdict.KNOWN, "b")
    assert ledger.waiting(QUEUE) == 3


def test_a_caller_has_a_quota_of_items(every_server: Server, settings: WorkerSettings) -> None:
    client = connect(settings)
    ledger = Ledger(client, settings.model_copy(update={"caller_items": 10}))
    opened(ledger, "b", items=(6,))
    before = keys(every_server)
    with pytest.raises(QuotaExceeded) as refused:
        opened(ledger, "c", items=(3, 2))
    assert refused.value.retry_after_s > 0
    assert keys(every_server) == before
    assert opened(ledger, "d", items=(4,)).verdict is Verdict.NEW
    assert opened(ledger, "e", items=(5, 5), caller="you").verdict is Verdict.NEW
    finish_all(ledger)
    assert every_server.client.exists("minnorm:unfinished") == 0
    client.close()


@pytest.mark.parametrize("full", ["batch", "train"])
def test_a_batch_needs_place_in_each_of_its_queues(every_server: Server, settings: WorkerSettings, full: str) -> None:
    client = connect(settings)
    ledger = Ledger(client, settings.model_copy(update={"queue_items": 3}))
    for index in range(2):
        ledger.stage("b", index, payload(index))
    ledger.open(NewBatch("b", "me", [("batch", 1), ("train", 1)]))
    ledger.cancel_batch("b")
    for name in "xyz":
        ledger.submit(NewJob(name, "echo", full, b"{}", "", caller="you"))
    before = keys(every_server)
    with pytest.raises(LedgerFull):
        ledger.retry_batch("b")
    for index in range(2):
        ledger.stage("c", index, payload(index))
    with pytest.raises(LedgerFull):
        ledger.open(NewBatch("c", "me", [("batch", 1), ("train", 1)]))
    assert keys(every_server) == before
    taken = ledger.claim(full)
    assert taken is not None
    again = ledger.retry_batch("b")
    assert again.verdict is Verdict.NEW
    assert (ledger.waiting("batch"), ledger.waiting("train")) == ((3, 1) if full == "batch" else (1, 3))
    client.close()


def test_a_chunk_that_is_missing_opens_nothing(ledger: Ledger, every_server: Server) -> None:
    ledger.stage("b", 0, b"payload")
    with pytest.raises(Exception, match="VANISHED"):
        ledger.open(NewBatch("b", "me", [(QUEUE, 1), (QUEUE, 1)]))
    assert keys(every_server) == {"payload:b.0"}
    assert ledger.waiting(QUEUE) == 0


def test_staged_chunks_are_dropped(ledger: Ledger, every_server: Server) -> None:
    for index in range(3):
        ledger.stage("b", index, b"payload")
    assert all(every_server.client.ttl(f"minnorm:payload:b.{index}") > 600 for index in range(3))
    ledger.discard("b", 3)
    ledger.discard("c", 0)
    assert keys(every_server) == set()


def test_chunks_that_leave_no_room_for_their_results_are_refused(ledger: Ledger, every_server: Server) -> None:
    used = every_server.client.info("memory")["used_memory"]
    every_server.client.config_set("maxmemory", used + 30 * 2**20)
    try:
        ledger.stage("b", 0, bytes(2**20))
        with pytest.raises(LedgerFull):
            ledger.stage("b", 1, bytes(2**20), staged=12 * 2**20)
    finally:
        every_server.client.config_set("maxmemory", 0)
