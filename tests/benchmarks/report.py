"""What a benchmark found out, as rows of Markdown tables."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.benchmarks.pairs import Pair

_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"))


@dataclass(frozen=True)
class Comparison:
    """The first of the pair is ours."""

    problem: str
    rival: str
    times: Pair
    accuracy: str

    HEADERS = ("problem", "time", "rival", "its time", "its time / ours", "how accurate")

    @property
    def cells(self) -> tuple[str, ...]:
        """One row."""
        times = duration(self.times.first), self.rival, duration(self.times.second), spread(self.times)
        return self.problem, *times, self.accuracy


@dataclass(frozen=True)
class Growth:
    """The first of the pair is the smaller size; `memory` is the peak in bytes a point, the data's own not counted."""

    problem: str
    times: Pair
    memory: float

    HEADERS = ("problem", "1e5", "1e6", "growth", "bytes a point")

    @property
    def cells(self) -> tuple[str, ...]:
        """One row."""
        times = duration(self.times.first), duration(self.times.second), spread(self.times)
        return self.problem, *times, f"{self.memory:.0f}"


@dataclass(frozen=True)
class Group:
    """Comparisons of one kind, and what their figures depend on."""

    title: str
    limits: str
    comparisons: Callable[[], Iterator[Comparison]]


def row(cells: tuple[str, ...]) -> str:
    """Of a table."""
    return f"| {' | '.join(cells)} |"


def heading(cells: tuple[str, ...]) -> str:
    """The first two rows of a table."""
    return f"{row(cells)}\n|{'---|' * len(cells)}"


def duration(seconds: float) -> str:
    """In the largest unit that it has at least one of."""
    size, unit = next((unit for unit in _UNITS if seconds >= unit[0]), _UNITS[-1])
    return f"{number(seconds / size)} {unit}"


def spread(times: Pair) -> str:
    """The median ratio, the smallest and the largest."""
    return f"**{number(times.ratio)}** ({number(times.ratios[0])} to {number(times.ratios[-1])})"


def number(value: float) -> str:
    """Three digits."""
    return f"{value:,.0f}" if value >= 100.0 else f"{value:.3g}"


def beside(ours: float, bound: float, rivals: float, nearness: float = 1e-6) -> str:
    """By how much ours and the rival's value exceed a lower bound of both, relative to it.

    A rival that is further from the bound than `nearness` has not solved the problem, and its time means nothing.
    """
    if abs(rivals - bound) > nearness * bound:
        raise AssertionError(f"The rival found {rivals}, the least is {bound}.")
    return f"gap {_excess(ours, bound)}, rival {_excess(rivals, bound)}"


def _excess(value: float, bound: float) -> str:
    return f"{value / bound - 1.0:.1e}"
