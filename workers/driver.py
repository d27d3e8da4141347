"""The worker's side of a runner: start it, hand it problems, watch it, end it."""

import contextlib
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO, cast

from workers.frames import read_message, write_message
from workers.records import JobError, Success
from workers.settings import WorkerSettings

ROOT = Path(__file__).parents[1]
ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMBA_NUM_THREADS",
    ),
    "1",
)
"""A worker has as many runners as it may use cores; more threads in each would fight for them."""

LAST_BREATH_S = 2.0
"""For a process that has closed its pipes to end by itself, so that its status tells why."""

logger = logging.getLogger(__name__)


class RunnerDied(Exception):
    """The runner has ended, did not start, or no longer answers."""


class NotOurs(Exception):
    """The job in hand has gone to another attempt, so this one was stopped."""


class Runner:
    """One warm child process that computes. It takes one problem at a time.

    A thread talks to the pipes, so that the caller is free to beat, and to kill the process when time is up:
    that closes the pipes, which ends the thread's waiting.
    """

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._talker = ThreadPoolExecutor(1, thread_name_prefix="runner-pipes")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "workers.runner"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, **ONE_THREAD},
            process_group=0,  # Ctrl-C in a terminal is for the worker, which then decides
        )
        self._greeting = self._talker.submit(self._read)
        logger.info("Started runner %s", self.pid)

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    def wait_until_warm(self) -> None:
        """Wait for the end of the warm-up; raises RunnerDied when there is none."""
        try:
            self._greeting.result(self._settings.runner_start_s)
        except TimeoutError:
            self.kill()
            raise RunnerDied(f"runner {self.pid} was not warm in time") from None

    def solve(self, kind: str, payload: bytes, beat: Callable[[], bool]) -> Success | JobError:
        """Compute one job.

        Parameters
        ----------
        kind, payload
            What the solver is given.
        beat
            Called every `beat_s`; returns False when the job is no longer ours.

        Raises
        ------
        RunnerDied
            If the process ended before it answered.
        NotOurs
            If `beat` returned False; the process has been killed.
        """
        answer = self._talker.submit(self._exchange, kind, payload)
        deadline = time.monotonic() + self._settings.time_limit_s
        while (left := deadline - time.monotonic()) > 0:
            try:
                return self._decode(*answer.result(min(self._settings.beat_s, left)))
            except TimeoutError:
                if not beat():
                    self.kill()
                    raise NotOurs from None
        self.kill()
        return JobError("time-limit", f"The computation was stopped after {self._settings.time_limit_s:g} s.")

    def kill(self) -> None:
        """End the process and all it started, at once."""
        self._kill_group()
        self._process.wait()
        self._talker.shutdown()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):  # what was still buffered for a dead process
                cast("BinaryIO", pipe).close()

    def _exchange(self, kind: str, payload: bytes) -> tuple[dict[str, Any], bytes]:
        try:
            write_message(cast("BinaryIO", self._process.stdin), {"kind": kind}, payload)
        except OSError as error:
            raise self._obituary() from error
        return self._read()

    def _read(self) -> tuple[dict[str, Any], bytes]:
        try:
            return read_message(cast("BinaryIO", self._process.stdout))
        except (EOFError, OSError, ValueError) as error:
            raise self._obituary() from error

    def _obituary(self) -> RunnerDied:
        """Make sure of the death: a process that has closed its pipes is of no more use."""
        try:
            self._process.wait(LAST_BREATH_S)
        except subprocess.TimeoutExpired:
            self._kill_group()
        return RunnerDied(f"runner {self.pid} ended with status {self._process.wait()}")

    def _kill_group(self) -> None:
        if self.alive:  # else its number may belong to another process by now
            os.killpg(self.pid, signal.SIGKILL)

    def _decode(self, head: dict[str, Any], body: bytes) -> Success | JobError:
        if "error" in head:
            return JobError(**head["error"])
        greeting, _ = self._greeting.result()
        return Success(head["outcome"], body, greeting["engine"])
