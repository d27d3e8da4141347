"""Fits with free biases: their values at the data are all that counts, weighted l1 trend filtering.

The least cost of a function through given values is `T = sum_i |eps_i|`, the changes of their chord slopes. Without a
skip connection the slopes on both sides count too, and kinks at the ends may change them at a price: it is
`max(T, (T + |delta_1 + delta_{m-1}|) / 2)` with the first and the last chord slope.

Losses made of lines are linear programs (HiGHS); the squared loss with a skip connection is, in its dual, least squares
with bounds on the variables, solved by an active-set method (SciPy's BVLS), so that both come without a tolerance.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog, lsq_linear

from tests.oracles.fits import Problem

Floats = NDArray[np.float64]


class TrendFilter(NamedTuple):
    """Bounds on the least objective that differ by rounding, and the values at the distinct abscissae."""

    lower: float
    upper: float
    values: Floats


def filtered(problem: Problem) -> TrendFilter:
    """The squared loss with free biases and a skip connection."""
    masses = np.bincount(problem.places, problem.shares)
    means = np.bincount(problem.places, problem.shares * problem.y) / masses
    turns = _turns(problem.abscissae)
    scatter = float(problem.shares @ (problem.y - means[problem.places]) ** 2)
    limit = problem.regularisation
    matrix, target = turns.T / (2.0 * np.sqrt(masses))[:, None], np.sqrt(masses) * means
    multipliers = lsq_linear(matrix, target, (-limit, limit), "bvls", tol=1e-15, max_iter=10_000).x
    values = means - turns.T @ multipliers / (2.0 * masses)
    lower = float(multipliers @ (turns @ means) - masses @ (values - means) ** 2) + scatter
    upper = float(masses @ (values - means) ** 2 + limit * np.sum(np.abs(turns @ values))) + scatter
    return TrendFilter(lower, upper, values)


def least_by_linear_program(problem: Problem) -> float:
    """The least objective with free biases: "absolute", "hinge" or "hard_margin", any shape. Infinite if infeasible."""
    x, n = problem.abscissae, problem.x.size
    m = x.size
    turns, slopes = _turns(x), _slopes(x)
    # The unknowns: values, a bound for the size of each turn, a bound for the cost, a loss for each observation.
    turn, one, loss = np.eye(m - 2), np.ones((1, m - 2)), np.eye(n)
    ends = slopes[:1] + slopes[-1:]
    rows = [_row(m, n, sign * turns, -turn) for sign in (1.0, -1.0)]
    rows += [_row(m, n, None, one, -1.0)]
    if not problem.skip_connection:
        rows += [_row(m, n, sign * 0.5 * ends, 0.5 * one, -1.0) for sign in (1.0, -1.0)]
    rows += [_row(m, n, row) for row in _shapes(problem, slopes, turns)]
    limits = [np.zeros(len(row)) for row in rows]
    chosen = np.eye(m)[problem.places]
    if problem.loss == "absolute":
        rows += [_row(m, n, sign * chosen, None, 0.0, -loss) for sign in (1.0, -1.0)]
        limits += [problem.y, -problem.y]
    else:
        slack = -loss if problem.loss == "hinge" else None
        rows.append(_row(m, n, -problem.y[:, None] * chosen, None, 0.0, slack))
        limits.append(-np.ones(n))
    price = 1.0 if problem.loss == "hard_margin" else problem.regularisation
    cost = np.concatenate((np.zeros(2 * m - 2), [price], problem.shares))
    bounds = [(None, None)] * m + [(0.0, None)] * (m - 1 + n)
    solution = linprog(cost, np.vstack(rows), np.concatenate(limits), bounds=bounds, method="highs")
    if solution.status == 2:
        return np.inf
    if not solution.success:
        raise AssertionError(solution.message)
    return float(solution.fun)


def _shapes(problem: Problem, slopes: Floats, turns: Floats) -> list[Floats]:
    """Rows that may not be positive."""
    rows = {"increasing": -slopes, "decreasing": slopes, "convex": -turns, "concave": turns}
    return [rows[name] for name in problem.shape]


def _row(
    m: int, n: int, values: Floats | None, turns: Floats | None = None, cost: float = 0.0, losses: Floats | None = None
) -> Floats:
    """Rows of the linear program, of these blocks."""
    height = next(len(block) for block in (values, turns, losses) if block is not None)
    blocks = [
        np.zeros((height, m)) if values is None else values,
        np.zeros((height, m - 2)) if turns is None else turns,
        np.full((height, 1), cost),
        np.zeros((height, n)) if losses is None else losses,
    ]
    return np.hstack(blocks)


def _slopes(x: Floats) -> Floats:
    """The chord slopes of values at the abscissae."""
    return np.diff(np.eye(x.size), axis=0) / np.diff(x)[:, None]


def _turns(x: Floats) -> Floats:
    """Their changes."""
    return np.diff(_slopes(x), axis=0)
