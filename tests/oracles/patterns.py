"""The least norm without a skip connection by activation patterns, dense, by cvxpy and Clarabel.

A neuron `relu(w x + b)` is active on a stretch of points at one end of the data, or on all or none. For each such
pattern and each sign one vector `(w, b)`, inside the cone that has this pattern, is enough, as cones are convex and
norms add up [Pilanci, Ergen, ICML 2020]. Every pattern is written out: 2n vectors a sign, 2n^2 inequalities.
"""

import contextlib
import warnings
from collections.abc import Sequence
from typing import Any

import cvxpy
import numpy as np
from numpy.typing import NDArray

cp: Any = cvxpy  # its own annotations are incomplete

Floats = NDArray[np.float64]


def least_norm_by_patterns(x: Sequence[float], y: Sequence[float]) -> float:
    """The least norm over all interpolators of points with ascending, distinct abscissae; biases are penalised."""
    points = np.column_stack((x, np.ones(len(x))))
    size = float(np.max(np.abs(y))) or 1.0
    cost, limits, values = 0.0, [], np.zeros(len(x))
    for active in _patterns(len(x)):
        side = np.where(active, 1.0, -1.0)
        for sign in (1.0, -1.0):
            vector = cp.Variable(2)
            cost = cost + cp.norm(vector)
            limits.append(cp.multiply(side, points @ vector) >= 0.0)
            values = values + sign * cp.multiply(active, points @ vector)
    problem = cp.Problem(cp.Minimize(cost), [*limits, values == np.asarray(y) / size])
    for tolerance in (1e-11, 1e-9):
        with contextlib.suppress(cp.SolverError), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "may be inaccurate": the value is compared with others anyway
            problem.solve(solver=cp.CLARABEL, **{f"tol_{name}": tolerance for name in ("gap_abs", "gap_rel", "feas")})
            return float(problem.value) * size
    raise AssertionError("the program was not solved")


def _patterns(n: int) -> list[Floats]:
    """Ones where active: the points from one on, those up to one, and all."""
    places = np.arange(n)
    return [(places >= i).astype(float) for i in range(n)] + [(places < i).astype(float) for i in range(1, n)]
