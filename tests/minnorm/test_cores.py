"""Two pieces of work on two cores, where there are two to use."""

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from workers.minnorm import cores

PATIENCE_S = 20.0


@pytest.fixture
def spare(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as executor:
        monkeypatch.setattr(cores, "_spare", executor)
        yield executor


def fail() -> int:
    raise ArithmeticError("no")


def test_without_a_spare_core_they_work_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "_spare", None)
    assert cores.both(threading.get_ident, threading.get_ident) == (threading.get_ident(),) * 2


@pytest.mark.usefixtures("spare")
def test_both_work_at_the_same_time() -> None:
    meeting = threading.Barrier(2, timeout=PATIENCE_S)
    assert sorted(cores.both(meeting.wait, meeting.wait)) == [0, 1]


def test_nobody_waits_for_a_core_that_is_busy(spare: ThreadPoolExecutor) -> None:
    free = threading.Event()
    busy = spare.submit(free.wait, PATIENCE_S)
    assert cores.both(threading.get_ident, threading.get_ident) == (threading.get_ident(),) * 2
    assert not busy.done()
    free.set()


@pytest.mark.usefixtures("spare")
def test_what_goes_wrong_is_told() -> None:
    for pair in ((fail, int), (int, fail)):
        with pytest.raises(ArithmeticError):
            cores.both(*pair)


@pytest.mark.parametrize(("count", "others"), [(1, None), (2, 1), (8, 7)])
def test_all_cores_but_one_are_spare(monkeypatch: pytest.MonkeyPatch, count: int, others: int | None) -> None:
    monkeypatch.setattr(cores, "_spare", None)
    monkeypatch.setattr(cores, "ThreadPoolExecutor", lambda threads, **_: threads)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(count), raising=False)
    cores.use_spare_cores()
    spare: Any = cores._spare
    assert spare == others
