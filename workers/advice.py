"""What a caller may want to know about a problem that is nevertheless sound."""

from collections.abc import Iterator

import numpy as np

from workers.immutable import immutable
from workers.minnorm.dataset import Dataset, Floats
from workers.payloads import Problem

_FAR = 10.0
"""Abscissae further from zero than this many deviations owe their answer to the offset."""
_UNITS = 1e-2, 1e2
"""Deviations of abscissae outside of these owe it to their unit: what `sqrt(1 + x^2)` weighs is then one term alone."""


@immutable
class Warned:
    """A place, a code for programs, and words."""

    pointer: str
    code: str
    detail: str


def warnings(kind: str, problem: Problem) -> Iterator[Warned]:
    """What is remarkable about data that can be solved. O(n log n)."""
    if "x" not in problem:
        return
    if kind == "interpolations":
        yield from _about_points(problem)
    if problem.get("penalise_biases", True) and not problem.get("standardise", False):
        yield from _about_scale(np.unique(problem["x"]))


def _about_points(problem: Problem) -> Iterator[Warned]:
    """Which of them make no difference."""
    data = Dataset.from_points(problem["x"], problem["y"])
    given, distinct, vertices = problem["x"].size, data.x.size, data.vertices().size
    if distinct < given:
        yield Warned("/x", "merged", f"{given - distinct} of {given} points are given more than once; they are merged.")
    if vertices < distinct:
        words = "collinear with their neighbours within rounding; they count as exactly collinear."
        yield Warned("/y", "collinear", f"{distinct - vertices} of {distinct} points are {words}")


def _about_scale(x: Floats) -> Iterator[Warned]:
    """Penalised biases tie the answer to the origin and the unit of the abscissae."""
    with np.errstate(over="ignore", invalid="ignore"):
        mean, deviation = float(np.mean(x)), float(np.std(x))
    if abs(mean) <= _FAR * deviation and _UNITS[0] <= deviation <= _UNITS[1]:
        return
    found = f"The abscissae have mean {mean:.4g} and standard deviation {deviation:.4g}"
    if not np.isfinite([mean, deviation]).all():
        found = "The abscissae are very large"
    words = "penalised biases tie the answer to their origin and unit. Consider standardise, or free biases."
    yield Warned("/x", "scale-of-x", f"{found}; {words}")
