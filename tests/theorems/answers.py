"""What is tested: the wire form of an answer, as a caller gets it, and nothing behind it."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from workers.encoding import dumps, interpolation_wire, loads
from workers.minnorm.dataset import Dataset
from workers.minnorm.interpolate import interpolate

Numbers = Sequence[float]


def answer(x: Numbers, y: Numbers) -> dict[str, Any]:
    """The interpolator of least norm, from JSON."""
    wire: dict[str, Any] = loads(dumps(interpolation_wire(interpolate(Dataset.from_points(x, y)))))
    return wire


def value(wire: dict[str, Any], x: float) -> float:
    """The function of an answer, from its definition."""
    function = wire["function"]
    kinks = zip(function["kinks"], function["slope_changes"], strict=True)
    rest = sum(change * max(x - kink, 0.0) for kink, change in kinks)
    return float(function["y0"] + function["slope0"] * (x - function["x0"]) + rest)


def chords(x: Numbers, y: Numbers) -> list[float]:
    """Slopes of the data."""
    return [(d - b) / (c - a) for (a, b), (c, d) in pairwise(zip(x, y, strict=True))]


def curvatures(x: Numbers, y: Numbers) -> list[float]:
    """Differences of neighbouring chord slopes, at the inner points."""
    return [after - before for before, after in pairwise(chords(x, y))]
