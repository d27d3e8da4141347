"""Checkpoints on their way to a ledger that takes its time."""

import logging
import threading
from collections.abc import Iterator
from typing import cast

import pytest

from workers.errors import LedgerFull, LedgerUnavailable
from workers.keeper import Keeper
from workers.ledger import Ledger
from workers.records import Claim

CLAIM = Claim("a", "walk", 1, b"")
PATIENCE_S = 20.0


class SlowLedger:
    """Takes a checkpoint when it is let, and remembers it."""

    def __init__(self) -> None:
        self.asked, self.let = threading.Semaphore(0), threading.Semaphore(0)
        self.states: list[bytes] = []
        self.error: Exception | None = None
        self.ours = True

    def save(self, claim: Claim, state: bytes) -> bool:
        assert claim == CLAIM
        self.asked.release()
        assert self.let.acquire(timeout=PATIENCE_S)
        if self.error:
            raise self.error
        self.states.append(state)
        return self.ours


@pytest.fixture
def ledger() -> SlowLedger:
    return SlowLedger()


@pytest.fixture
def keeper(ledger: SlowLedger) -> Iterator[Keeper]:
    keeper = Keeper(cast("Ledger", ledger))
    yield keeper
    ledger.let.release(100)
    keeper.close()


def test_only_the_newest_waits(keeper: Keeper, ledger: SlowLedger) -> None:
    keeper.keep(CLAIM, b"first")
    assert ledger.asked.acquire(timeout=PATIENCE_S)  # it is on its way
    for number in range(10):
        keeper.keep(CLAIM, b"%d" % number)
    ledger.let.release(100)
    keeper.settle()
    assert ledger.states == [b"first", b"9"]  # and nothing twice


def test_settling_waits_for_what_is_on_its_way(keeper: Keeper, ledger: SlowLedger) -> None:
    keeper.settle()
    keeper.keep(CLAIM, b"first")
    assert ledger.asked.acquire(timeout=PATIENCE_S)
    settled = threading.Thread(target=keeper.settle)
    settled.start()
    settled.join(0.2)
    assert settled.is_alive()
    ledger.let.release()
    settled.join(PATIENCE_S)
    assert not settled.is_alive()
    assert ledger.states == [b"first"]


@pytest.mark.parametrize(
    "error", [LedgerUnavailable("Redis is away."), LedgerFull("There is no room.", 1.0), ZeroDivisionError("a defect")]
)
def test_one_that_cannot_be_stored_is_told_and_harms_nothing(
    keeper: Keeper, ledger: SlowLedger, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    ledger.error = error
    keeper.keep(CLAIM, b"first")
    ledger.let.release(2)
    keeper.settle()
    assert "A checkpoint of job a was not stored" in caplog.text
    assert str(error) in caplog.text
    ledger.error = None
    keeper.keep(CLAIM, b"second")
    keeper.settle()
    assert ledger.states == [b"second"]


def test_one_that_comes_too_late_is_told(keeper: Keeper, ledger: SlowLedger, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    ledger.ours = False
    keeper.keep(CLAIM, b"first")
    ledger.let.release()
    keeper.settle()
    assert "A checkpoint of job a came too late in attempt 1" in caplog.text
