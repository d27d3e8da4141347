"""Two pieces of work, timed in turn: the machine's noise hits both, and the ratio of a pair is what counts."""

import gc
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

Work = Callable[[], object]

_SHORTEST = 0.02
"""Seconds."""


@dataclass(frozen=True)
class Pair:
    """Medians in seconds, and all ratios of the second to the first, ascending."""

    first: float
    second: float
    ratios: tuple[float, ...]

    @classmethod
    def of(cls, times: Sequence[tuple[float, float]]) -> "Pair":
        """Times taken in turn."""
        ratios = sorted(second / first for first, second in times)
        return cls(median(first for first, _ in times), median(second for _, second in times), tuple(ratios))

    @property
    def ratio(self) -> float:
        """Its median."""
        return median(self.ratios)


def compare(first: Work, second: Work, rounds: int = 7, parts: tuple[int, int] = (1, 1)) -> Pair:
    """Both in turn, after some calls that do not count. Times are by part, where the work consists of so many."""
    calls = _calls(first), _calls(second)
    works = tuple(zip((first, second), calls, parts, strict=True))
    return Pair.of([(_seconds(*works[0]), _seconds(*works[1])) for _ in range(rounds)])


def _seconds(work: Work, calls: int, parts: int = 1) -> float:
    """Of one part of one call."""
    gc.collect()
    start = time.perf_counter()
    for _ in range(calls):
        work()
    return (time.perf_counter() - start) / (calls * parts)


def _calls(work: Work) -> int:
    """How many make the work last: what runs once after a pause is slower than what runs again and again."""
    work()
    return math.ceil(_SHORTEST / _seconds(work, 1))
