"""Where a runner computes: problems come in, answers, interim words and parts of answers go out (see `frames`).

in      {"kind": ...} with the problem as JSON, {"kind": "chunk", "suspect": ...} with the lines of its items;
        if {"saved": true} is in that head, {} with the last checkpoint follows
out     any number of {"progress": ...}, of {"checkpoint": true} with a state to go on from,
        and of {"segment": true} with lines of a chunk,
then one of {"outcome": ...} with the result, {"error": ...}, {"stopped": true}
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, BinaryIO, Protocol

from workers import chunks, payloads
from workers.frames import read_message, write_message
from workers.interruption import Interruption
from workers.memory import FORGETFUL, Memory, Notebook
from workers.minnorm.errors import MinnormError
from workers.records import JobError
from workers.slate import Slate

TELL_S = 0.1
"""Shortest time between two words about the progress; what is told in between is dropped."""
SEGMENT_S = 0.2
"""Age at which the finished lines of a chunk are sent; as much work is lost when the runner dies."""
MEMORY_LIMIT = JobError("memory-limit", "The computation needs more memory than a job may have.")
DEFECT = JobError("internal-error", "The computation failed because of a defect in this service.")

logger = logging.getLogger(__name__)

Message = tuple[dict[str, Any], bytes]


class Answer(Protocol):
    """What a solver returns."""

    @property
    def outcome(self) -> str:
        """How the mathematics ended."""

    @property
    def result(self) -> bytes:
        """JSON."""


class Solver(Protocol):
    """What the module named by the setting `solver` offers; its `ENGINE`, if any, is recorded with each job."""

    def warm_up(self) -> None:
        """Load or compile everything, so that no job waits for it."""

    def answer(self, kind: str, problem: Any, tell: Callable[[Mapping[str, Any]], None], memory: Memory) -> Answer:
        """Solve one problem, which is decoded JSON; `tell` how far that has got, with a `fraction` if it is known.

        An earlier attempt may have left something in `memory`. When time is up, or the job is cancelled, this raises
        `KeyboardInterrupt` inside of it, once; what it returns nevertheless is the answer if time was up.
        """


class Desk:
    """Takes one problem at a time."""

    def __init__(self, solver: Solver, pipes: tuple[BinaryIO, BinaryIO], slate: Slate) -> None:
        self._solver = solver
        self._problems, self._answers = pipes
        self._slate = slate
        self._interruption = Interruption(slate)
        self._tell_at = 0.0

    def serve_one(self) -> None:
        """Read a problem and answer it. Raises `EOFError` or `BrokenPipeError` when the worker has gone."""
        head, payload = read_message(self._problems)
        saved = read_message(self._problems)[1] if head.get("saved") else None
        try:
            if head["kind"] == chunks.CHUNK:
                answer, result = self._chunk(head, payload)
            else:
                answer, result = self._job(str(head["kind"]), payload, Notebook(saved, self._save))
        except KeyboardInterrupt:
            answer, result = {"stopped": True}, b""
        write_message(self._answers, answer, result)

    def _job(self, kind: str, payload: bytes, memory: Memory) -> Message:
        answer = self._attempt(kind, lambda: self._solver.answer(kind, payloads.loads(payload), self._tell, memory))
        if isinstance(answer, JobError):
            return {"error": asdict(answer)}, b""
        outcome, result = answer
        return {"outcome": outcome}, result

    def _chunk(self, head: dict[str, Any], payload: bytes) -> Message:
        """Compute the items. What is finished before a suspect, which has killed a runner, is in safety before it."""
        finished, sent_at = list[bytes](), time.monotonic()
        try:
            for index, line in enumerate(chunks.split(payload)):
                now = self._slate.begin(index)
                if index == head["suspect"] or now - sent_at > SEGMENT_S:
                    self._send(finished)
                    sent_at = now
                finished.append(line if chunks.is_failed(line) else self._line(line))
        finally:
            self._send(finished)
        return {"outcome": chunks.OUTCOME}, b""

    def _line(self, line: bytes) -> bytes:
        item: dict[str, Any] = {}

        def solve() -> Answer:
            item.update(chunks.item(line))
            return self._solver.answer(item["kind"], item["problem"], _say_nothing, FORGETFUL)

        answer, name = self._attempt(chunks.CHUNK, solve), item.get("custom_id", "")
        if isinstance(answer, JobError):
            return chunks.failed_line(name, answer)
        return chunks.answered_line(name, *answer)

    def _send(self, finished: list[bytes]) -> None:
        if finished:
            write_message(self._answers, {"segment": True}, chunks.join(finished))
            finished.clear()

    def _attempt(self, kind: str, solve: Callable[[], Answer]) -> tuple[str, bytes] | JobError:
        """The outcome and the result of a computation, or why there is none."""

        def ended() -> tuple[str, bytes]:
            answer = solve()
            return answer.outcome, answer.result  # which may be written only when it is asked for

        try:
            return self._interruption.allow(ended)
        except MinnormError as error:
            return JobError(error.code, str(error), error.pointer)
        except MemoryError:
            logger.exception("A job of kind %s needs more memory than it may have", kind)
            return MEMORY_LIMIT
        except Exception:
            logger.exception("A job of kind %s failed", kind)
            return DEFECT

    def _tell(self, progress: Mapping[str, Any]) -> None:
        if (now := time.monotonic()) < self._tell_at:
            return
        self._tell_at = now + TELL_S
        self._interruption.forbid(lambda: write_message(self._answers, {"progress": dict(progress)}))

    def _save(self, state: bytes) -> None:
        self._interruption.forbid(lambda: write_message(self._answers, {"checkpoint": True}, state))


def _say_nothing(_: Mapping[str, Any]) -> None:
    """The progress of a chunk is counted in items."""
