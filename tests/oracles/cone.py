"""The least norm as a second-order cone program, exact and without a grid, by cvxpy and Clarabel.

The curvature of each inner point is split between the intervals on its two sides, by sign; the two end points may add
any shares. Interval i receives `beta_i` from its left and `alpha_i` from its right end, which makes one kink that costs
`|alpha_i (x_{i+1}, 1) + beta_i (x_i, 1)|`. All masses are measured in units of cost, `w_i = |(x_i, 1)|`.
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


def least_norm_by_cones(x: Sequence[float], y: Sequence[float]) -> float:
    """The least norm over all interpolators of points with ascending, distinct abscissae."""
    abscissae, ordinates = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    weights = np.hypot(1.0, abscissae)
    masses = np.diff(np.diff(ordinates) / np.diff(abscissae)) * weights[1:-1]
    size = float(np.max(np.abs(masses), initial=0.0))
    if size == 0.0:
        return 0.0
    directions = np.stack((abscissae / weights, 1.0 / weights))
    upward_cost, upward_mass = _one_sign(directions)
    downward_cost, downward_mass = _one_sign(directions)
    balance = [upward_mass - downward_mass == masses / size]
    return _solve(cp.Problem(cp.Minimize(upward_cost + downward_cost), balance)) * size


def _solve(problem: Any) -> float:
    """The value, as accurate as the solver can: masses of very different size stop it early."""
    for tolerance in (1e-11, 1e-9):
        with contextlib.suppress(cp.SolverError), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "may be inaccurate": the value is compared with others anyway
            options = {f"tol_{name}": tolerance for name in ("gap_abs", "gap_rel", "feas")}
            problem.solve(solver=cp.CLARABEL, **options)
            return float(problem.value)
    raise AssertionError("the cone program was not solved")


def _one_sign(directions: Floats) -> tuple[Any, Any]:
    """Cost of all kinks of one sign, and the mass that the inner points give to them."""
    intervals = directions.shape[1] - 1
    alpha, beta = cp.Variable(intervals, nonneg=True), cp.Variable(intervals, nonneg=True)
    vectors = cp.vstack([cp.multiply(row[1:], alpha) + cp.multiply(row[:-1], beta) for row in directions])
    return cp.sum(cp.norm(vectors, 2, axis=0)), alpha[:-1] + beta[1:]
