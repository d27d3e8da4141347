"""The least norm among interpolators with a given number of kinks, penalised biases, by trying out where they are.

A kink of a given sign in a given interval is a vector in the cone of the interval's two ends `(x, 1)`; its length is
its cost, its two coordinates are what it gives to their curvatures. For each choice of intervals and signs the least
cost is a small cone program (cvxpy, Clarabel).
"""

from collections.abc import Sequence
from itertools import combinations_with_replacement, product
from math import inf

import cvxpy
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def least_norm_with(count: int, x: Sequence[float], y: Sequence[float]) -> float:
    """The least `sum |c| sqrt(1 + tau^2)` with `count` kinks, none outside the data; infinity if there is none."""
    abscissae, ordinates = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    eps = np.diff(np.diff(ordinates) / np.diff(abscissae))
    eps[np.abs(eps) < 1e-12 * np.max(np.abs(eps))] = 0.0  # collinear but for rounding
    places = product(range(abscissae.size - 1), (1.0, -1.0))
    return min(_least(abscissae, eps, chosen) for chosen in combinations_with_replacement(places, count))


def _least(x: Floats, eps: Floats, chosen: tuple[tuple[int, float], ...]) -> float:
    gives = np.zeros((x.size, 2 * len(chosen)))
    for k, (interval, sign) in enumerate(chosen):
        gives[interval, 2 * k] = gives[interval + 1, 2 * k + 1] = sign
    if any(not np.any(row * e > 0.0) for row, e in zip(gives[1:-1], eps, strict=True) if e != 0.0):
        return inf  # a point that nothing bends
    shares = cvxpy.Variable(2 * len(chosen), nonneg=True)
    points = np.column_stack((x, np.ones_like(x)))
    sides = [(shares[2 * k] * points[j], shares[2 * k + 1] * points[j + 1]) for k, (j, _) in enumerate(chosen)]
    lengths = [cvxpy.norm(left + right) for left, right in sides]  # type: ignore[attr-defined]
    problem = cvxpy.Problem(cvxpy.Minimize(sum(lengths)), [gives[1:-1] @ shares == eps])
    problem.solve(solver=cvxpy.CLARABEL)  # type: ignore[no-untyped-call]
    return float(problem.value) if problem.status == cvxpy.OPTIMAL else inf
