"""A runner as its worker sees it."""

import json
import os
import signal
from collections.abc import Callable, Iterator

import pytest

from workers.driver import NotOurs, Runner, RunnerDied
from workers.records import JobError, Success
from workers.settings import WorkerSettings


def mine() -> bool:
    return True


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Runner]]:
    """Start runners with the solver of the tests; they are ended with the test."""
    runners = []

    def made(**changes: str | float) -> Runner:
        settings = {"solver": "tests.workers.kinds", "beat_s": 0.05, "time_limit_s": 20.0} | changes
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
    for payload in (b"", b"one", bytes(range(256)) * 2**17):
        assert runner.solve("echo", payload, mine) == Success("optimal", payload, "test-engine 1")
    assert runner.solve("refuse", b"", mine) == JobError("too-few-points", "At least two points are needed.", "/x")
    assert runner.alive


def test_the_solver_of_the_service_runs_in_it(start: Callable[..., Runner]) -> None:
    runner = start(solver="workers.compute")
    runner.wait_until_warm()
    answer = runner.solve("interpolations", b'{"x": [0, 1, 2, 3], "y": [0, 1, 1, 0]}', mine)
    assert isinstance(answer, Success)
    assert json.loads(answer.result)["certificate"]["relative_gap"] < 1e-12


def test_the_lease_is_beaten_for_while_compiled_code_holds_the_lock(start: Callable[..., Runner]) -> None:
    runner = start()
    beats = iter([True] * 5)
    with pytest.raises(NotOurs):
        runner.solve("endless", b"", lambda: next(beats, False))
    assert next(beats, None) is None
    assert not runner.alive


def test_time_is_limited(start: Callable[..., Runner]) -> None:
    runner = start(time_limit_s=0.3)
    answer = runner.solve("endless", b"", mine)
    assert answer == JobError("time-limit", "The computation was stopped after 0.3 s.")
    assert not runner.alive


@pytest.mark.parametrize("kind", ["kill", "segfault", "leave"])
def test_the_death_of_a_runner_is_noticed(start: Callable[..., Runner], kind: str) -> None:
    runner = start()
    with pytest.raises(RunnerDied):
        runner.solve(kind, b"", mine)
    assert not runner.alive


def test_a_large_problem_for_a_dead_runner(start: Callable[..., Runner]) -> None:
    runner = start()
    runner.wait_until_warm()
    os.kill(runner.pid, signal.SIGKILL)
    with pytest.raises(RunnerDied):
        runner.solve("echo", bytes(2**24), mine)


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


def test_computing_threads_are_one_and_memory_is_bounded(start: Callable[..., Runner]) -> None:
    answer = start(job_memory_bytes=4 * 2**30).solve("surroundings", b"", mine)
    assert isinstance(answer, Success)
    told = json.loads(answer.result)
    assert told["OMP_NUM_THREADS"] == told["OPENBLAS_NUM_THREADS"] == told["NUMBA_NUM_THREADS"] == "1"
    assert told["address_space"] == 4 * 2**30
    assert told["group"] != os.getpgrp()
