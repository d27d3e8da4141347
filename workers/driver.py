"""The worker's side of a runner: start it, hand it problems, watch it, end it."""

import contextlib
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, cast

from workers import slate
from workers.frames import read_message, write_message
from workers.immutable import immutable
from workers.memory import forget
from workers.records import Canceled, JobError, Order, Success
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


Message = tuple[dict[str, Any], bytes]
Beat = Callable[[Mapping[str, Any] | None], Order]
"""Called every `beat_s` with the latest progress, if any was told; answers how to go on."""


class RunnerDied(Exception):
    """The runner has ended, did not start, or no longer answers; `item` is what it had in hand."""

    def __init__(self, message: str, item: int = 0) -> None:
        super().__init__(message)
        self.item = item


class TimeUp(Exception):
    """A job, or the given item of a chunk, took longer than it may, and has been stopped."""

    def __init__(self, item: int, limit_s: float) -> None:
        super().__init__(item, limit_s)
        self.item = item
        self.error = JobError("time-limit", f"The computation was stopped after {limit_s:g} s.")


class NotOurs(Exception):
    """The job in hand has gone to another attempt, so this one was stopped."""


def go_on(_: Mapping[str, Any] | None) -> Order:
    """The beat of those who hold no lease."""
    return Order.GO_ON


@immutable
class Work:
    """What a runner is given: a job, or the items of a chunk."""

    kind: str
    payload: bytes
    limit_s: float | None = None
    """For the job, or for each item, if that is less than the setting."""
    suspect: int | None = None
    """The item that may have killed a runner: the lines before it are sent first."""
    keep: Callable[[bytes], None] = forget
    """Takes the lines of a chunk as they come; called by the thread that reads the pipe."""
    saved: bytes | None = None
    """The checkpoint to go on from."""
    save: Callable[[bytes], None] = forget
    """Takes the checkpoints of a job as they come, in the same way."""


class Runner:
    """One warm child process that computes. It takes one problem at a time.

    A thread talks to the pipes, so that the caller is free to beat, and to kill the process when time is up:
    that closes the pipes, which ends the thread's waiting.
    """

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._talker = ThreadPoolExecutor(1, thread_name_prefix="runner-pipes")
        self._progress: Mapping[str, Any] | None = None
        self._in_hand = 0
        with slate.blank() as shared:
            self._slate = slate.Slate(shared.fileno())
            self._process = subprocess.Popen(
                [sys.executable, "-m", "workers.runner", str(shared.fileno())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=ROOT,
                env={**os.environ, **ONE_THREAD},
                pass_fds=(shared.fileno(),),
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

    def wait_until_warm(self, beat: Beat = go_on) -> Order:
        """Wait for the end of the warm-up, or for an order to stop; raises RunnerDied when there is none."""
        heard = self._listen(self._greeting, beat, _seconds(self._settings.runner_start_s))
        if heard is None:
            self.kill()
            raise RunnerDied(f"runner {self.pid} was not warm in time")
        return heard if isinstance(heard, Order) else Order.GO_ON

    def solve(self, work: Work, beat: Beat = go_on) -> Success | JobError | Canceled:
        """Compute one job, or the items of a chunk.

        An answer that comes after the call to stop is dropped if the job was cancelled. If its time was up it is the
        answer: what a computation has to show that makes do with less time.

        Raises
        ------
        RunnerDied
            If the process ended before it answered.
        TimeUp
            If the job or an item took too long, and had nothing to show.
        NotOurs
            If `beat` said so; the process has been killed.
        """
        limit_s = min(self._settings.time_limit_s, work.limit_s or self._settings.time_limit_s)
        self._progress, self._slate.stop = None, False
        self._slate.begin(0)
        answer = self._talker.submit(self._exchange, work)
        heard = self._listen(answer, beat, lambda: self._left(limit_s))
        if isinstance(heard, tuple):
            return self._decode(*heard)
        last = self._stop(answer, beat, at_once=heard is Order.STOP)
        if heard is Order.CANCEL:
            return Canceled()
        if last and "outcome" in last[0]:
            return self._decode(*last)
        raise TimeUp(self._in_hand, limit_s)

    def _listen(self, answer: Future[Message], beat: Beat, left: Callable[[], float]) -> Message | Order | None:
        """The answer, the order that comes before it, or None when no time is left."""
        while (seconds := left()) > 0:
            with contextlib.suppress(TimeoutError):
                return answer.result(min(self._settings.beat_s, seconds))
            if (order := beat(self._progress)) is not Order.GO_ON:
                return order
        return None

    def _left(self, limit_s: float) -> float:
        self._in_hand, since = self._slate.look()
        return since + limit_s - time.monotonic()

    def _stop(self, answer: Future[Message], beat: Beat, *, at_once: bool) -> Message | None:
        """Ask for an end, which leaves the process warm; kill it when it has not come to one in time.

        What it said last, if it came to an end.
        """
        if not at_once:
            self._slate.stop = True
            self._process.send_signal(signal.SIGINT)
            with contextlib.suppress(RunnerDied):
                heard = self._listen(answer, partial(_unless_lost, beat), _seconds(self._settings.cancel_grace_s))
                if isinstance(heard, tuple):
                    return heard
                at_once = heard is Order.STOP
        self.kill()
        if at_once:
            raise NotOurs
        return None

    def kill(self) -> None:
        """End the process and all it started, at once."""
        self._kill_group()
        self._process.wait()
        self._talker.shutdown()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):  # what was still buffered for a dead process
                cast("BinaryIO", pipe).close()

    def _exchange(self, work: Work) -> Message:
        self._hand_over(work)
        while True:
            head, body = self._read()
            if "progress" in head:
                self._progress = head["progress"]
            elif "segment" in head:
                work.keep(body)
            elif "checkpoint" in head:
                work.save(body)
            else:
                return head, body

    def _hand_over(self, work: Work) -> None:
        pipe = cast("BinaryIO", self._process.stdin)
        head = {"kind": work.kind, "suspect": work.suspect, "saved": work.saved is not None}
        try:
            write_message(pipe, head, work.payload)
            if work.saved is not None:
                write_message(pipe, {}, work.saved)
        except OSError as error:
            raise self._obituary() from error

    def _read(self) -> Message:
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
        status, (item, _) = self._process.wait(), self._slate.look()
        return RunnerDied(f"runner {self.pid} ended with status {status}", item)

    def _kill_group(self) -> None:
        if self.alive:  # else its number may belong to another process by now
            os.killpg(self.pid, signal.SIGKILL)

    def _decode(self, head: dict[str, Any], body: bytes) -> Success | JobError:
        if "error" in head:
            return JobError(**head["error"])
        greeting, _ = self._greeting.result()
        return Success(head["outcome"], body, greeting["engine"])


def _seconds(duration_s: float) -> Callable[[], float]:
    """What is left of a time that begins now."""
    end = time.monotonic() + duration_s
    return lambda: end - time.monotonic()


def _unless_lost(beat: Beat, progress: Mapping[str, Any] | None) -> Order:
    """For a computation that is about to end: only the loss of the lease is news."""
    return Order.STOP if beat(progress) is Order.STOP else Order.GO_ON
