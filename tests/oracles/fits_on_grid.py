"""Bounds on the objective of regularised fits: functions with kinks at the places of a fine grid, data included.

Where a function has other kinks, take its chords over grid and data: it keeps its values at the data, and stays
increasing or convex. Each kink has become two, `delta` apart in angle, which cost at most `1 / cos(delta / 2)` times
as much. So the least objective on the grid exceeds the least of all by that factor at most; with free biases, not at
all.

Without a skip connection a kink is made by neurons that face right or left, and the rest is a line that is the
difference of two neurons active on all of the data, which needs no grid.
"""

from math import cos
from typing import Any, NamedTuple

import cvxpy
import numpy as np
from numpy.typing import NDArray

from tests.oracles.fits import Objective, Problem
from tests.oracles.solved import solved

cp: Any = cvxpy  # its own annotations are incomplete

Floats = NDArray[np.float64]


class Bounds(NamedTuple):
    """The least objective lies between these."""

    lower: float
    upper: float


def bounds_by_grid(problem: Problem, places: int = 2000) -> Bounds:
    """Bounds on the least objective over all functions."""
    x, values = problem.abscissae, cp.Variable(problem.abscissae.size)
    kinks = _grid(x, places)
    prices = np.hypot(1.0, kinks) if problem.penalise_biases else np.ones_like(kinks)
    right, left, line = cp.Variable(kinks.size), cp.Variable(kinks.size), cp.Variable(2)
    cost, limits = prices @ (cp.abs(right) + cp.abs(left)), [left == 0.0]
    if not problem.skip_connection:
        cost_of_line, limits = _line(x, line, problem.penalise_biases)
        cost += cost_of_line
    steps = np.subtract.outer(x, kinks)
    bends = np.maximum(steps, 0.0) @ right + np.maximum(-steps, 0.0) @ left
    limits.append(values == bends + np.column_stack((x, np.ones(x.size))) @ line)
    limits += [limit for name in problem.shape for limit in _shaped(name, right + left, line[0] - cp.sum(left))]
    objective = Objective(problem.x.size, values, problem.loss, problem.delta)
    objective.assign(problem)
    upper = solved(cp.Problem(cp.Minimize(objective.value(cost)), [*objective.limits, *limits]))
    widest = float(np.max(np.diff(np.arctan(kinks)))) if problem.penalise_biases else 0.0
    return Bounds(upper * cos(widest / 2), upper)


def _grid(x: Floats, places: int) -> Floats:
    """Uniform in angle between the ends, which are left out, and all other data in it."""
    low, high = np.arctan(x[[0, -1]])
    return np.unique(np.concatenate((np.tan(np.linspace(low, high, places))[1:-1], x[1:-1])))


def _shaped(name: str, changes: Any, first: Any) -> list[Any]:
    """The slopes between the kinks, or their changes, have one sign."""
    sign = 1.0 if name in {"increasing", "convex"} else -1.0
    if name in {"convex", "concave"}:
        return [sign * changes >= 0.0]
    slopes = cp.Variable(changes.size + 1)
    return [sign * slopes >= 0.0, slopes[0] == first, cp.diff(slopes) == changes]


def _line(x: Floats, line: Any, penalise_biases: bool) -> tuple[Any, list[Any]]:
    """Cost of the least difference of two neurons active on all data that is the line, and what they satisfy."""
    ends = np.column_stack((x[[0, -1]], np.ones(2)))
    parts = [cp.Variable(2) for _ in range(2)]
    cost = sum(cp.norm(part) if penalise_biases else cp.abs(part[0]) for part in parts)
    return cost, [line == parts[0] - parts[1], *(ends @ part >= 0.0 for part in parts)]
