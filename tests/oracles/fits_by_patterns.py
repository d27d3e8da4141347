"""Regularised fits by all activation patterns, a convex program without a grid; any loss, setting and shape.

A neuron `a relu(w x + b)` is active on the points from one on, on those up to one, or on all. For each such pattern and
each sign one vector `(w, b)`, inside the cone that has this pattern, is enough, as cones are convex and norms add up
[Pilanci, Ergen, ICML 2020]. It costs `||(w, b)||`, or `|w|` with free biases; a skip connection is one more line, free.

A convex function has no neurons that bend it down between the points, unless a second one undoes it at the same
place; two such make a line, at twice the price of one. An increasing one has increasing values at the points, and
slopes that are not negative just inside of both ends, as far as a vector shows them: one whose kink is at the last
point counts, and so may hide that the function falls before it. With a skip connection that never pays, as it could
be merged with the kink that makes the function fall. Without one, where these face two ways, it may, if rarely: then
the value is only a lower bound, and `fits_on_grid` is the oracle for monotone functions.
"""

from functools import cache
from typing import Any

import cvxpy
import numpy as np
from numpy.typing import NDArray

from tests.oracles.fits import Objective, Problem
from tests.oracles.solved import solved

cp: Any = cvxpy  # its own annotations are incomplete

Floats = NDArray[np.float64]


def least_by_patterns(problem: Problem) -> float:
    """The least objective over all functions."""
    sizes = problem.x.size, problem.abscissae.size
    setting = problem.penalise_biases, problem.skip_connection
    program = _program(*sizes, problem.loss, problem.delta, setting, problem.shape)
    program.objective.assign(problem)
    program.points.value = np.column_stack((problem.abscissae, np.ones(problem.abscissae.size)))
    return solved(program.problem)


class _Program:
    """Compiled once for each size, loss, setting and shape."""

    def __init__(
        self, count: int, distinct: int, loss: str, delta: float, setting: tuple[bool, bool], shape: tuple[str, ...]
    ) -> None:
        penalise_biases, skip_connection = setting
        self.points = cp.Parameter((distinct, 2))
        values = cp.Variable(distinct)
        self.objective = Objective(count, values, loss, delta)
        price = _price if penalise_biases else _price_of_slopes
        line = cp.Variable((2, 1))  # the skip connection's, or of a pair of neurons
        cost = 0.0 if skip_connection else 2.0 * price(line)
        outputs, slopes, limits = (self.points @ line)[:, 0], [line[0]] * 2, []
        curved = not {"convex", "concave"}.isdisjoint(shape)
        if not (skip_connection or curved):
            limits.append(line == 0.0)  # pairs are among the patterns
        for sign, bend in ((1.0, "convex"), (-1.0, "concave")):
            active = _patterns(distinct, bending=not curved or bend in shape, straight=not skip_connection)
            if not active.size:
                continue
            vectors = cp.Variable((2, active.shape[1]))
            inputs = self.points @ vectors
            limits.append(cp.multiply(np.where(active, 1.0, -1.0), inputs) >= 0.0)
            cost += price(vectors)
            outputs += sign * cp.sum(cp.multiply(active, inputs), axis=1)
            slopes = [slope + sign * (active[end] @ vectors[0]) for slope, end in zip(slopes, (0, -1), strict=True)]
        limits.append(values == outputs)
        if way := {"increasing", "decreasing"}.intersection(shape):
            sign = 1.0 if "increasing" in way else -1.0
            limits += [sign * each >= 0.0 for each in (cp.diff(values), *slopes)]
        self.problem = cp.Problem(cp.Minimize(self.objective.value(cost)), [*self.objective.limits, *limits])


_program = cache(_Program)


def _price(vectors: Any) -> Any:
    return cp.sum(cp.norm(vectors, 2, axis=0))


def _price_of_slopes(vectors: Any) -> Any:
    return cp.sum(cp.abs(vectors[0]))


def _patterns(n: int, bending: bool, straight: bool) -> NDArray[np.bool_]:
    """A row a point, a column a pattern: the points from one on and those up to one, and if straight all of them."""
    places, inner = np.arange(n), range(1, n if bending else 1)
    patterns = [*(places >= i for i in inner), *(places < i for i in inner), *([places >= 0] if straight else [])]
    return np.array(patterns, dtype=bool).reshape(-1, n).T
