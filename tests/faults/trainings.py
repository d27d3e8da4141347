"""The trainings of the service as a solver of their own: nothing else is warmed up, and they are saved more often.

A line in the file `trace` of a problem tells, for each attempt, from which step on it had been saved, and the first
step of which it told. An attempt that has got on and has saved that halts as long as there is the file `hold`. A runner
loads this when `MINNORM_SOLVER` is `tests.faults.trainings`.
"""

import struct
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from workers import compute, trainings
from workers.memory import Memory

ENGINE = compute.ENGINE
STEP = struct.Struct("!Q")

trainings.SAVED_EVERY_S = 0.05

Tell = Callable[[Mapping[str, Any]], None]


def warm_up() -> None:
    """The first job will do; what it needs was compiled before."""


def answer(kind: str, problem: Any, tell: Tell, memory: Memory) -> compute.Answer:
    noted = Noted(Path(problem.pop("trace")), Path(problem.pop("hold")), tell, memory)
    return compute.answer(kind, problem, noted.tell, noted)


class Noted:
    """A memory that knows the step before which a state was saved, and takes down how an attempt begins."""

    def __init__(self, trace: Path, hold: Path, tell: Tell, memory: Memory) -> None:
        self._trace = trace
        self._hold = hold
        self._tell = tell
        self._told: Mapping[str, Any] = {}
        self._memory = memory
        self._step: int | None = None
        kept = memory.saved
        self._began = 0 if kept is None else int(STEP.unpack(kept[: STEP.size])[0])
        self.saved = None if kept is None else kept[STEP.size :]

    def tell(self, progress: Mapping[str, Any]) -> None:
        if "step" in progress:
            if self._step is None:
                with self._trace.open("a") as file:
                    file.write(f"{self._began} {progress['step']}\n")
            self._step = progress["step"]
        self._told = progress
        self._tell(progress)

    def save(self, state: bytes) -> None:
        self._memory.save(STEP.pack(self._step or 0) + state)
        while (self._step or 0) > self._began and self._hold.exists():
            self._tell(self._told)  # again: what is told too soon after another word is dropped
            time.sleep(0.02)
