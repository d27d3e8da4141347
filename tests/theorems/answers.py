"""What is tested: the wire form of an answer, as a caller gets it, and nothing behind it."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from workers import compute
from workers.payloads import loads

Numbers = Sequence[float]


def answer(x: Numbers, y: Numbers, **options: Any) -> dict[str, Any]:
    """The best interpolator, from JSON: of least norm with penalised biases and a skip connection unless told."""
    wire: dict[str, Any] = loads(compute.answer("interpolations", {"x": x, "y": y, **options}).result)
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
