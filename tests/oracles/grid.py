"""Bounds on the least norm from a linear program: kinks of either sign at the places of a fine grid, by HiGHS.

An interpolator's kinks satisfy `int h_i df'' = eps_i` with the hat function `h_i` of each inner point. A kink between
two places of the grid, `delta` apart in angle, can be replaced by two at these places that cost at most
`1 / cos(delta / 2)` times as much; so the program's value exceeds the least norm by that factor at most.
"""

from collections.abc import Sequence
from math import cos
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_array, hstack

Floats = NDArray[np.float64]


class Bounds(NamedTuple):
    """The least norm lies between these."""

    lower: float
    upper: float


def bound_by_grid(x: Sequence[float], y: Sequence[float], places: int = 2000) -> Bounds:
    """Bounds on the least norm over all interpolators of points with ascending, distinct abscissae."""
    abscissae, ordinates = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    curvature = np.diff(np.diff(ordinates) / np.diff(abscissae))
    size = float(np.max(np.abs(curvature), initial=0.0))
    if size == 0.0:
        return Bounds(0.0, 0.0)
    kinks = _grid(abscissae, places)
    hats = _hats(abscissae, kinks)
    cost = np.hypot(1.0, np.concatenate((kinks, kinks)))
    solution = linprog(cost, A_eq=hstack((hats, -hats)), b_eq=curvature / size, method="highs")
    if not solution.success:
        raise AssertionError(solution.message)
    widest = float(np.max(np.diff(np.arctan(kinks))))
    return Bounds(solution.fun * size * cos(widest / 2), solution.fun * size)


def _grid(x: Floats, places: int) -> Floats:
    """Uniform in angle between the ends, and all data in it."""
    low, high = np.arctan(x[[0, -1]])
    return np.unique(np.concatenate((np.tan(np.linspace(low, high, places))[1:-1], x)))


def _hats(x: Floats, kinks: Floats) -> csr_array:
    """Value at each kink (column) of each inner point's hat function (row)."""
    interval = np.clip(np.searchsorted(x, kinks, side="right") - 1, 0, x.size - 2)
    part = (kinks - x[interval]) / (x[interval + 1] - x[interval])
    rows = np.concatenate((interval, interval + 1))
    columns = np.tile(np.arange(kinks.size), 2)
    hats = csr_array((np.concatenate((1.0 - part, part)), (rows, columns)), shape=(x.size, kinks.size))
    return hats[1:-1]
