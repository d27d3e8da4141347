"""A checker for a million points: NumPy's widest floats, with the rounding errors of all long sums added back."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tests.oracles.evidence import Evidence, Wire

Wide = NDArray[np.longdouble]


def check_quickly(
    x: ArrayLike, y: ArrayLike, wire: Wire, penalise_biases: bool = True, skip_connection: bool = True
) -> Evidence:
    """Recompute the evidence of an answer to points with distinct abscissae, in any order. O(n log n)."""
    order = np.argsort(np.asarray(x, dtype=float), kind="stable")
    abscissae, ordinates = _wide(x)[order], _wide(y)[order]
    dual = _wide(wire["certificate"]["dual_values"])
    total = np.longdouble(wire["certificate"].get("dual_total", 0.0))
    if dual.size != abscissae.size or dual[-1] != 0 or (skip_connection and dual[0] != 0):
        raise AssertionError("one dual value a distinct abscissa, zero where the setting demands it")
    if total != 0 and (skip_connection or not penalise_biases):
        raise AssertionError("multipliers that add up to zero")
    chords = np.diff(ordinates) / np.diff(abscissae)
    ratio = _worst_ratio(abscissae, dual, total) if penalise_biases else _worst_height(dual)
    steepest = np.max(np.abs(_slopes(wire)))
    reach = max(-abscissae[0], abscissae[-1])
    gain = _total(np.concatenate(([total * ordinates[0]], -chords * np.diff(dual))))
    return Evidence(
        norm=float(_norm(wire, penalise_biases) if skip_connection else _network_norm(wire, penalise_biases)),
        lower_bound=max(0.0, float(gain / max(np.longdouble(1.0), ratio))),
        residual=float(np.max(np.abs(_residuals(abscissae, ordinates, wire)))),
        scale=float(np.max(np.abs(ordinates)) + steepest * reach),
        ratio=float(ratio),
    )


def _wide(numbers: ArrayLike | Sequence[float]) -> Wide:
    return np.asarray(numbers, dtype=float).astype(np.longdouble)


def _running_sums(terms: Wide) -> Wide:
    """Cumulative sums. NumPy adds from the left, so each addition's rounding error can be had afterwards."""
    sums = np.cumsum(terms)
    before = np.concatenate((np.zeros(1, np.longdouble), sums[:-1]))
    shadow = sums - before
    lost = (before - (sums - shadow)) + (terms - shadow)
    result: Wide = sums + np.cumsum(lost)
    return result


def _total(terms: Wide) -> np.longdouble:
    total: np.longdouble = _running_sums(terms)[-1]
    return total


def _norm(wire: Wire, penalise_biases: bool) -> np.longdouble:
    kinks, changes = _wide(wire["function"]["kinks"]), _wide(wire["function"]["slope_changes"])
    weights = np.hypot(np.longdouble(1.0), kinks) if penalise_biases else np.ones_like(kinks)
    return _total(np.abs(changes) * weights) if kinks.size else np.longdouble(0.0)


def _network_norm(wire: Wire, penalise_biases: bool) -> np.longdouble:
    counted = ["hidden_weights", "output_weights"] + ["hidden_biases"] * penalise_biases
    numbers = np.concatenate([_wide(wire["network"][name]) for name in counted])
    return _total(numbers**2) / 2 if numbers.size else np.longdouble(0.0)


def _slopes(wire: Wire) -> Wide:
    """Of the function, from left to right."""
    return _running_sums(_wide(np.concatenate(([wire["function"]["slope0"]], wire["function"]["slope_changes"]))))


def _residuals(x: Wide, y: Wide, wire: Wire) -> Wide:
    """Function minus data: walk over data and kinks together, the slope in hand times each step.

    Steps are differences of doubles, exact in wide floats unless the two are of very different size.
    """
    function = wire["function"]
    kinks = _wide(function["kinks"])
    places = np.concatenate((kinks, x))
    jumps = np.concatenate((_wide(function["slope_changes"]), np.zeros_like(x)))
    order = np.argsort(places, kind="stable")
    places, jumps = places[order], jumps[order]
    slopes = _running_sums(np.concatenate((_wide([function["slope0"]]), jumps)))[:-1]
    steps = np.diff(np.concatenate((_wide([function["x0"]]), places)))
    values = _running_sums(np.concatenate((_wide([function["y0"]]), slopes * steps)))[1:]
    result: Wide = values[order >= kinks.size] - y
    return result


def _worst_height(dual: Wide) -> np.longdouble:
    worst: np.longdouble = max(np.max(np.abs(dual)), np.max(np.abs(dual - dual[0])))
    return worst


def _worst_ratio(x: Wide, dual: Wide, total: np.longdouble) -> np.longdouble:
    """The larger one of what right-facing neurons see and left-facing ones, the data continued by one far point."""
    facing_left = dual - (dual[0] + total * (x[0] - x))
    far = np.longdouble(1e30) + 1e30 * max(abs(x[0]), abs(x[-1]))
    beyond_left = np.concatenate(([-far], x)), np.concatenate(([dual[0] + total * (x[0] + far)], dual))
    beyond_right = np.append(x, far), np.append(facing_left, -(dual[0] + total * (x[0] - far)))
    return max(_worst_inside(*beyond_left), _worst_inside(*beyond_right))


def _worst_inside(x: Wide, dual: Wide) -> np.longdouble:
    """The largest `|q(t)| / sqrt(1 + t^2)`: at the data, or on an interval, where `q = m t + k`, at `t = m / k`."""
    slope = np.diff(dual) / np.diff(x)
    level = dual[:-1] - slope * x[:-1]
    # Inside iff the ratio grows at the left end and falls at the right one; there it is hypot(m, k), evaluated as
    # a value of q, since m and k are large and cancel in narrow intervals.
    inside = (slope > level * x[:-1]) & (slope < level * x[1:]) | (slope < level * x[:-1]) & (slope > level * x[1:])
    at = np.where(inside, slope / np.where(level == 0.0, 1.0, level), x[:-1])
    tops = np.abs(dual[:-1] + slope * (at - x[:-1])) / np.hypot(np.longdouble(1.0), at)
    ends = np.abs(dual) / np.hypot(np.longdouble(1.0), x)
    worst: np.longdouble = max(np.max(tops), np.max(ends))
    return worst
