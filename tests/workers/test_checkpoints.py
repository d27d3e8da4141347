"""Checkpoints in the ledger, against real servers."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.processes import eventually
from tests.workers.claims import ANSWER, JOB, LONG_S, claimed, keys, pass_deadline, reclaimed
from tests.workers.processes import Server
from workers.errors import LedgerFull, LedgerUnavailable
from workers.ledger import Ledger
from workers.records import WORKER_LOST, Canceled, Claim, JobError, State

LARGE = bytes(range(256)) * 2**12 * 72
"""As much as a training of a million neurons may save: 72 MB."""


def checkpoints(server: Server) -> set[str]:
    return {key for key in keys(server) if key.startswith(("checkpoint:", "saved:"))}


def test_the_next_attempt_gets_what_was_saved_last(ledger: Ledger, every_server: Server) -> None:
    claim = claimed(ledger)
    assert claim.checkpoint is None
    assert ledger.save(claim, b"\x00\xff one")
    assert ledger.save(claim, b"\x00\xff two")
    assert checkpoints(every_server) == {"checkpoint:a"}
    again = reclaimed(ledger)
    assert (again.attempt, again.payload, again.checkpoint) == (2, JOB.payload, b"\x00\xff two")
    assert reclaimed(ledger).checkpoint == b"\x00\xff two"  # also when the second one has saved nothing


def test_a_checkpoint_stays_as_long_as_its_job(ledger: Ledger, every_server: Server) -> None:
    ledger.save(claimed(ledger), b"one")
    assert every_server.client.ttl("minnorm:checkpoint:a") == -1


def test_a_large_checkpoint_passes_unharmed(ledger: Ledger) -> None:
    assert ledger.save(claimed(ledger), LARGE)
    assert reclaimed(ledger).checkpoint == LARGE


def test_a_claim_asks_once(ledger: Ledger, every_server: Server) -> None:
    """Jobs that save nothing pay nothing for those that do."""
    ledger.submit(JOB)
    client: Any = every_server.client
    client.config_resetstat()
    assert ledger.claim(JOB.queue) is not None
    calls = {name: stats["calls"] for name, stats in client.info("commandstats").items()}
    assert (calls["cmdstat_mget"], calls.get("cmdstat_get", 0)) == (1, 0)
    assert calls["cmdstat_evalsha"] == 1


def test_a_stale_attempt_saves_nothing(ledger: Ledger, every_server: Server) -> None:
    stale = claimed(ledger)
    ledger.save(stale, b"stale")
    eventually(lambda: ledger.reap().requeued)
    assert not ledger.save(stale, b"while it waits")
    fresh = ledger.claim(JOB.queue)
    assert fresh is not None
    assert not ledger.save(stale, b"while another one runs")
    assert ledger.save(fresh, b"fresh")
    assert not ledger.save(stale, b"afterwards")
    assert checkpoints(every_server) == {"checkpoint:a"}
    assert reclaimed(ledger).checkpoint == b"fresh"


def test_a_job_that_has_ended_saves_nothing(ledger: Ledger, every_server: Server) -> None:
    claim = claimed(ledger)
    ledger.finish(claim, ANSWER)
    assert not ledger.save(claim, b"late")
    assert not checkpoints(every_server)


def test_a_job_that_is_to_be_cancelled_saves_nothing(ledger: Ledger, every_server: Server) -> None:
    claim = claimed(ledger)
    ledger.cancel("a")
    assert not ledger.save(claim, b"in vain")
    assert not checkpoints(every_server)


def _succeed(ledger: Ledger, claim: Claim) -> None:
    ledger.finish(claim, ANSWER)


def _fail(ledger: Ledger, claim: Claim) -> None:
    ledger.finish(claim, JobError("time-limit", "too long"))


def _cancel_waiting(ledger: Ledger, claim: Claim) -> None:
    ledger.release(claim)
    ledger.cancel("a")


def _cancel_running(ledger: Ledger, claim: Claim) -> None:
    ledger.cancel("a")
    ledger.finish(claim, Canceled())


def _cancel_lost(ledger: Ledger, claim: Claim) -> None:
    ledger.cancel("a")
    ledger.release(claim)


def _delete(ledger: Ledger, claim: Claim) -> None:
    ledger.release(claim)
    ledger.delete("a")


def _lose_for_good(ledger: Ledger, claim: Claim) -> None:
    ledger.release(claim)
    while again := ledger.claim(JOB.queue):
        ledger.release(again)


ENDS = (_succeed, _fail, _cancel_waiting, _cancel_running, _cancel_lost, _delete, _lose_for_good)


@pytest.mark.parametrize("end", ENDS)
def test_nothing_is_left_when_a_job_ends(
    ledger: Ledger, every_server: Server, end: Callable[[Ledger, Claim], object]
) -> None:
    claim = claimed(ledger)
    ledger.save(claim, b"one")
    ledger._stage("saved", "a:1", b"of a worker that died over it")
    assert checkpoints(every_server) == {"checkpoint:a", "saved:a:1"}
    end(ledger, claim)
    assert not checkpoints(every_server)
    assert not every_server.client.zcard("minnorm:leases")


@pytest.mark.parametrize("runs", [True, False])
def test_nothing_is_left_when_a_job_expires(ledger: Ledger, every_server: Server, *, runs: bool) -> None:
    claim = claimed(ledger, replace(JOB, cancel_after_s=LONG_S))
    ledger.save(claim, b"one")
    if not runs:
        ledger.release(claim, blameless=True)
    pass_deadline(every_server, "a")

    def expired() -> bool:
        ledger.reap()
        return ledger.get("a").state is State.EXPIRED

    eventually(expired)
    assert not checkpoints(every_server)


def test_what_never_became_a_checkpoint_goes_by_itself(ledger: Ledger, every_server: Server) -> None:
    claimed(ledger)
    ledger._stage("saved", "a:1", b"of a worker that died over it")
    assert 0 < every_server.client.ttl("minnorm:saved:a:1") <= 600


def test_a_job_that_is_tried_again_begins_anew(ledger: Ledger) -> None:
    """It may be the checkpoint that was its ruin."""
    claim = claimed(ledger)
    ledger.save(claim, b"one")
    ledger.finish(claim, JobError("internal-error", "broken"))
    fresh = ledger.retry("a")
    again = ledger.claim(JOB.queue)
    assert again is not None
    assert (again.id, again.checkpoint) == (fresh.id, None)


@pytest.mark.parametrize("runs", [True, False])
def test_who_takes_the_place_of_a_cancelled_job_goes_on_from_there(
    ledger: Ledger, every_server: Server, *, runs: bool
) -> None:
    claim = claimed(ledger, replace(JOB, digest="d"))
    ledger.submit(replace(JOB, id="b", digest="d"))
    ledger.save(claim, b"one")
    if not runs:
        ledger.release(claim)
    ledger.cancel("a")
    other = ledger.claim(JOB.queue)
    assert other == Claim("b", JOB.kind, 1, JOB.payload, checkpoint=b"one")
    assert not ledger.save(claim, b"too late")
    if runs:
        ledger.finish(claim, Canceled())
    assert checkpoints(every_server) == {"checkpoint:b"}
    ledger.finish(other, ANSWER)
    assert not checkpoints(every_server)


def test_a_checkpoint_takes_no_room_that_results_need(ledger: Ledger, every_server: Server) -> None:
    claim = claimed(ledger)
    ledger.save(claim, b"one")
    used = int(every_server.client.info("memory")["used_memory"])
    every_server.client.config_set("maxmemory", used + 8_000_000)
    try:
        with pytest.raises(LedgerFull):
            ledger.save(claim, bytes(2_000_000))
        every_server.client.config_set("maxmemory", "1mb")
        with pytest.raises(LedgerUnavailable):
            ledger.save(claim, b"two")
    finally:
        every_server.client.config_set("maxmemory", 0)
    assert reclaimed(ledger).checkpoint == b"one"


def test_a_checkpoint_that_a_torn_server_forgot(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    claim = claimed(ledger)
    ledger.save(claim, b"one")
    with monkeypatch.context() as torn:
        torn.setattr(ledger, "_stage", lambda *_: None)
        with pytest.raises(LedgerUnavailable, match="VANISHED"):
            ledger.save(claim, b"two")
    assert reclaimed(ledger).checkpoint == b"one"


class Trials:
    """Attempts at a job, each of which gets to a fraction of it and is lost."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        ledger.submit(JOB)

    def lose_at(self, fraction: float, *, saves: bool = True, blameless: bool = False) -> State | None:
        claim = self._ledger.claim(JOB.queue)
        assert claim is not None
        self._ledger.beat(claim, {"fraction": fraction})
        if saves:
            self._ledger.save(claim, f"{fraction}".encode())
        return self._ledger.release(claim, blameless=blameless)


def test_a_job_that_gets_on_may_be_lost_as_often_as_it_likes(ledger: Ledger) -> None:
    trials = Trials(ledger)
    for step in range(1, 10):
        assert trials.lose_at(step / 10) is State.QUEUED
    claim = ledger.claim(JOB.queue)
    assert claim is not None
    assert (claim.attempt, claim.checkpoint) == (10, b"0.9")


def test_losses_are_counted_from_the_last_progress(ledger: Ledger) -> None:
    trials = Trials(ledger)
    trials.lose_at(0.1)
    assert trials.lose_at(0.1) is State.QUEUED
    assert trials.lose_at(0.2) is State.QUEUED  # the first one since there was progress
    assert trials.lose_at(0.2) is State.QUEUED
    assert trials.lose_at(0.15) is State.FAILED
    assert ledger.get("a").error == WORKER_LOST


def test_saving_is_no_progress(ledger: Ledger) -> None:
    """A job that dies at one place fails, whatever it saves on its way there."""
    trials = Trials(ledger)
    assert [trials.lose_at(0.5) for _ in range(3)] == [State.QUEUED, State.QUEUED, State.FAILED]


def test_progress_that_nobody_saves_is_none(ledger: Ledger) -> None:
    """The next attempt would have to get there again."""
    trials = Trials(ledger)
    ends = [trials.lose_at(fraction, saves=False) for fraction in (0.2, 0.4, 0.6)]
    assert ends == [State.QUEUED, State.QUEUED, State.FAILED]


def test_progress_of_an_attempt_that_saved_nothing_does_not_count_later(ledger: Ledger) -> None:
    trials = Trials(ledger)
    trials.lose_at(0.9, saves=False)
    ends = [trials.lose_at(fraction) for fraction in (0.1, 0.2)]
    assert ends == [State.QUEUED, State.FAILED]


def test_an_earlier_checkpoint_does_not_make_later_progress_count(ledger: Ledger) -> None:
    trials = Trials(ledger)
    trials.lose_at(0.1)
    ends = [trials.lose_at(fraction, saves=False) for fraction in (0.2, 0.3)]
    assert ends == [State.QUEUED, State.FAILED]


def test_a_blameless_loss_neither_counts_nor_hides_progress(ledger: Ledger) -> None:
    trials = Trials(ledger)
    trials.lose_at(0.1)
    trials.lose_at(0.1)
    assert trials.lose_at(0.2, blameless=True) is State.QUEUED
    assert trials.lose_at(0.2, saves=False) is State.QUEUED  # what was saved since the last loss that counts
    assert [trials.lose_at(0.2) for _ in range(2)] == [State.QUEUED, State.FAILED]


def test_an_expired_lease_counts_in_the_same_way(ledger: Ledger) -> None:
    claim = claimed(ledger)
    for step in range(1, 6):
        ledger.beat(claim, {"fraction": step / 10})
        assert ledger.save(claim, b"state")
        claim = reclaimed(ledger)
    reclaimed(ledger)  # the second loss since 0.5
    eventually(lambda: ledger.reap().ended)
    assert ledger.get("a").attempt == 7
    assert ledger.get("a").error == WORKER_LOST
