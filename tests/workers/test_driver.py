"""A runner as its worker sees it."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from workers.desk import TELL_S
from workers.driver import NotOurs, Runner, RunnerDied, TimeUp, Work
from workers.records import Canceled, JobError, Order, Success
from workers.settings import WorkerSettings

GRACE_S = 0.4
ENDLESS = Work("endless", b"null")


class Orders:
    """A beat that gives `order` from its second call on, and remembers what it is told."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.told: list[Mapping[str, Any] | None] = []

    def __call__(self, progress: Mapping[str, Any] | None) -> Order:
        self.told.append(progress)
        return self.order if len(self.told) > 1 else Order.GO_ON


def pid_of(runner: Runner) -> int:
    """The pid by which the runner itself goes: proves that it computes."""
    answer = runner.solve(Work("surroundings", b"null"))
    assert isinstance(answer, Success)
    return int(json.loads(answer.result)["pid"])


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Runner]]:
    """Start runners with the solver of the tests; they are ended with the test."""
    runners = []

    def made(**changes: str | float) -> Runner:
        settings = {
            "solver": "tests.workers.kinds",
            "beat_s": 0.05,
            "time_limit_s": 60.0,
            "cancel_grace_s": GRACE_S,
        } | changes
        for name, value in settings.items():
            monkeypatch.setenv(f"MINNORM_{name.upper()}", str(value))
        runners.append(Runner(WorkerSettings()))
        return runners[-1]

    yield made
    for runner in runners:
        runner.kill()


def test_a_runner_computes_one_job_after_the_other(start: Callable[..., Runner]) -> None:
    runner = start()
    runner.wait_until_warm()
    for payload in (b"1", b'"one"', b'"%b"' % (b"x" * 2**25)):
        assert runner.solve(Work("echo", payload)) == Success("optimal", payload, "test-engine 1")
    refusal = JobError("too-few-points", "At least two points are needed.", "/x")
    assert runner.solve(Work("refuse", b"null")) == refusal
    answer = runner.solve(Work("echo", b"not JSON"))
    assert isinstance(answer, JobError)
    assert answer.code == "internal-error"
    assert runner.alive


def test_the_solver_of_the_service_runs_in_it(start: Callable[..., Runner]) -> None:
    runner = start(solver="workers.compute")
    runner.wait_until_warm()
    answer = runner.solve(Work("interpolations", b'{"x": [0, 1, 2, 3], "y": [0, 1, 1, 0]}'))
    assert isinstance(answer, Success)
    assert json.loads(answer.result)["certificate"]["relative_gap"] < 1e-12


def test_a_job_that_is_not_ours_is_stopped_at_once(start: Callable[..., Runner]) -> None:
    runner = start(cancel_grace_s=60)
    with pytest.raises(NotOurs):
        runner.solve(ENDLESS, Orders(Order.STOP))
    assert not runner.alive


def test_progress_comes_with_the_beat(start: Callable[..., Runner], tmp_path: Path) -> None:
    """The computation ends when enough has come."""
    runner, gate, fractions = start(), tmp_path / "gate", list[float]()

    def beat(progress: Mapping[str, Any] | None) -> Order:
        fractions.extend([progress["fraction"]] if progress else [])
        if len(set(fractions)) > 5:
            gate.touch()
        return Order.GO_ON

    seconds = 60
    answer = runner.solve(Work("tell_all", json.dumps({"seconds": seconds, "gate": str(gate)}).encode()), beat)
    assert len(set(fractions)) > 5
    assert fractions == sorted(fractions)
    assert isinstance(answer, Success)
    assert json.loads(answer.result) > 10 * len(set(fractions))  # so most was dropped
    assert (len(set(fractions)) - 2) * TELL_S <= fractions[-1] * seconds
    runner.solve(Work("slow", b'{"seconds": 0.1}'), later := Orders(Order.GO_ON))
    assert not any(later.told), "progress of an earlier job"


def test_a_python_loop_is_stopped_and_its_runner_stays(start: Callable[..., Runner]) -> None:
    runner = start(cancel_grace_s=30)
    pid = pid_of(runner)
    assert runner.solve(Work("slow", b'{"seconds": 60}'), Orders(Order.CANCEL)) == Canceled()
    assert pid_of(runner) == pid


def test_compiled_code_is_stopped_with_its_runner(start: Callable[..., Runner]) -> None:
    runner, orders = start(), Orders(Order.CANCEL)
    runner.wait_until_warm()
    began = time.monotonic()
    assert runner.solve(ENDLESS, orders) == Canceled()
    assert time.monotonic() - began > GRACE_S
    assert not runner.alive


def test_a_lease_that_is_lost_in_the_meantime(start: Callable[..., Runner]) -> None:
    """Beats go on while it is asked to stop."""
    runner = start(cancel_grace_s=60)
    runner.wait_until_warm()
    orders = iter([Order.CANCEL, Order.CANCEL, Order.CANCEL, Order.CANCEL, Order.STOP])
    with pytest.raises(NotOurs):
        runner.solve(ENDLESS, lambda _: next(orders))
    assert not runner.alive


@pytest.mark.parametrize("size", [1, 300_000])
def test_an_interim_word_is_never_cut_off(start: Callable[..., Runner], size: int) -> None:
    """Whenever the call to stop comes; a word longer than a pipe holds takes a while to be written."""
    runner = start(beat_s=0.01, cancel_grace_s=30)
    pid = pid_of(runner)
    for delay in range(30):
        orders = iter([Order.GO_ON] * (delay // 2))
        work = Work("tell_all", json.dumps({"seconds": 60, "size": size}).encode())
        assert runner.solve(work, lambda _, orders=orders: next(orders, Order.CANCEL)) == Canceled()  # type: ignore[misc]
        assert runner.solve(Work("echo", b"7")) == Success("optimal", b"7", "test-engine 1")
    assert pid_of(runner) == pid


def test_a_checkpoint_is_never_cut_off(start: Callable[..., Runner]) -> None:
    """The same for states; and what an earlier job has saved does not come to the next one."""
    runner = start(beat_s=0.01, cancel_grace_s=30)
    pid = pid_of(runner)
    for delay in range(20):
        orders = iter([Order.GO_ON] * (delay // 2))
        first, second = list[int](), list[bytes]()
        work = Work("walk", b'{"steps": 1000000000, "ballast": 300000}', save=partial(note_step, first))
        assert runner.solve(work, lambda _, orders=orders: next(orders, Order.CANCEL)) == Canceled()  # type: ignore[misc]
        assert first == list(range(len(first)))
        answer = runner.solve(Work("recall", b'{"states": ["one", "two"]}', save=second.append))
        assert answer == Success("optimal", b"null", "test-engine 1")
        assert second == [b"one", b"two"]
    assert pid_of(runner) == pid


def note_step(steps: list[int], state: bytes) -> None:
    """Take down the step of a state of kind `walk`, if it has all of its ballast."""
    told, ballast = state[:-300_000], state[-300_000:]
    steps.append(json.loads(told)["step"] if ballast == b"." * 300_000 else -1)


@pytest.mark.parametrize("saved", [b"what was saved", b"", None])
def test_a_runner_is_told_what_was_saved(start: Callable[..., Runner], saved: bytes | None) -> None:
    runner, told = start(), None if saved is None else saved.decode()
    for _ in range(2):
        answer = runner.solve(Work("recall", b'{"states": []}', saved=saved))
        assert answer == Success("optimal", json.dumps(told).encode(), "test-engine 1")
        assert runner.solve(Work("echo", b"7")) == Success("optimal", b"7", "test-engine 1")


def test_what_was_saved_before_a_death_arrives(start: Callable[..., Runner]) -> None:
    runner, saved = start(), list[bytes]()
    states = {"states": ["one", "two"], "times": 1_000_000, "die": True}
    with pytest.raises(RunnerDied):
        runner.solve(Work("recall", json.dumps(states).encode(), save=saved.append))
    assert saved == [b"one" * 1_000_000, b"two" * 1_000_000]


def test_a_late_signal_harms_nobody(start: Callable[..., Runner]) -> None:
    """Neither while the runner idles, nor the next job, nor when nobody has announced it."""
    runner = start()
    pid = pid_of(runner)
    for _ in range(200):
        runner._slate.stop = True
        os.kill(runner.pid, signal.SIGINT)
        runner.solve(Work("echo", b"1"))
        os.kill(runner.pid, signal.SIGINT)
    assert runner.solve(Work("echo", b"7")) == Success("optimal", b"7", "test-engine 1")

    def disturb(_: object) -> Order:
        os.kill(runner.pid, signal.SIGINT)
        return Order.GO_ON

    assert isinstance(runner.solve(Work("slow", b'{"seconds": 0.3}'), disturb), Success)
    assert pid_of(runner) == pid


def test_an_answer_races_with_its_cancellation(start: Callable[..., Runner]) -> None:
    runner = start(beat_s=0.02, cancel_grace_s=30)
    pid = pid_of(runner)
    for _ in range(50):
        ending = runner.solve(Work("slow", b'{"seconds": 0.02}'), lambda _: Order.CANCEL)
        assert isinstance(ending, Success | Canceled)
        assert runner.solve(Work("echo", b"7")) == Success("optimal", b"7", "test-engine 1")
    assert pid_of(runner) == pid


@pytest.mark.parametrize(("of_all", "of_job"), [(0.3, None), (0.3, 20.0), (20.0, 0.3)])
def test_time_is_limited(start: Callable[..., Runner], of_all: float, of_job: float | None) -> None:
    runner = start(time_limit_s=of_all)
    runner.wait_until_warm()
    began = time.monotonic()
    with pytest.raises(TimeUp) as stopped:
        runner.solve(Work("endless", b"null", of_job))
    assert stopped.value.error == JobError("time-limit", "The computation was stopped after 0.3 s.")
    assert time.monotonic() - began > 0.3 + GRACE_S
    assert not runner.alive


def test_a_python_loop_that_takes_too_long_leaves_its_runner(start: Callable[..., Runner]) -> None:
    runner = start(cancel_grace_s=30)
    pid = pid_of(runner)
    began = time.monotonic()
    with pytest.raises(TimeUp):
        runner.solve(Work("slow", b'{"seconds": 60}', 0.3))
    assert time.monotonic() - began >= 0.3
    assert pid_of(runner) == pid


def test_who_makes_do_with_less_time_has_an_answer(start: Callable[..., Runner]) -> None:
    runner = start(cancel_grace_s=30)
    pid = pid_of(runner)
    for limit_s in (0.5, 0.7):
        answer = runner.solve(Work("make_do", b'{"seconds": 60}', limit_s))
        assert answer == Success("time_limit", b'"so far"', "test-engine 1")
    assert isinstance(runner.solve(Work("make_do", b'{"seconds": 0}', 20.0)), Success)
    assert pid_of(runner) == pid


def test_such_an_answer_of_a_cancelled_job_is_dropped(start: Callable[..., Runner]) -> None:
    runner = start(cancel_grace_s=30)
    pid = pid_of(runner)
    assert runner.solve(Work("make_do", b'{"seconds": 60}'), Orders(Order.CANCEL)) == Canceled()
    assert pid_of(runner) == pid


def test_such_an_answer_has_to_come_soon(start: Callable[..., Runner]) -> None:
    runner = start()
    runner.wait_until_warm()
    with pytest.raises(TimeUp):
        runner.solve(Work("make_do", b'{"seconds": 60, "tidy": 60}', 0.5))
    assert not runner.alive


@pytest.mark.parametrize("kind", ["kill", "segfault", "leave"])
def test_the_death_of_a_runner_is_noticed(start: Callable[..., Runner], kind: str) -> None:
    runner = start()
    with pytest.raises(RunnerDied):
        runner.solve(Work(kind, b"null"))
    assert not runner.alive


def test_a_large_problem_for_a_dead_runner(start: Callable[..., Runner]) -> None:
    runner = start()
    runner.wait_until_warm()
    os.kill(runner.pid, signal.SIGKILL)
    with pytest.raises(RunnerDied):
        runner.solve(Work("echo", bytes(2**24)))


def test_a_runner_that_dies_while_it_is_asked_to_stop(start: Callable[..., Runner]) -> None:
    runner, orders = start(cancel_grace_s=60), Orders(Order.CANCEL)
    runner.wait_until_warm()

    def beat(_: object) -> Order:
        if len(orders.told) == 4:
            os.kill(runner.pid, signal.SIGKILL)
        return orders(None)

    assert runner.solve(ENDLESS, beat) == Canceled()
    assert not runner.alive


def test_a_runner_that_does_not_start(start: Callable[..., Runner]) -> None:
    runner = start(solver="no.such.module")
    with pytest.raises(RunnerDied):
        runner.wait_until_warm()
    assert not runner.alive


def test_a_runner_that_warms_up_for_ever(start: Callable[..., Runner]) -> None:
    runner = start(solver="tests.workers.cold", runner_start_s=0.3)
    with pytest.raises(RunnerDied, match="not warm in time"):
        runner.wait_until_warm()
    assert not runner.alive


@pytest.mark.parametrize("order", [Order.CANCEL, Order.STOP])
def test_an_order_is_heard_while_a_runner_warms_up(start: Callable[..., Runner], order: Order) -> None:
    runner = start(solver="tests.workers.cold")
    assert runner.wait_until_warm(Orders(order)) is order
    assert runner.alive


def test_computing_threads_are_one_and_memory_is_bounded(start: Callable[..., Runner]) -> None:
    answer = start(job_memory_bytes=4 * 2**30).solve(Work("surroundings", b"null"))
    assert isinstance(answer, Success)
    told = json.loads(answer.result)
    assert told["OMP_NUM_THREADS"] == told["OPENBLAS_NUM_THREADS"] == told["NUMBA_NUM_THREADS"] == "1"
    assert told["address_space"] == 4 * 2**30
    assert told["group"] != os.getpgrp()
