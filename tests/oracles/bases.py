"""The least `sum (|c_k| weight_k)^p` over all interpolators with kinks on a grid, by trying out all bases.

An interpolator with kinks `t_k` and slope changes `c_k` satisfies `sum_k c_k h_i(t_k) = eps_i` with the hat function of
each inner point. The cost is concave where the signs of the `c_k` are fixed, so some solution of least cost is basic:
no more kinks than inner points, at places where the hats' columns are independent. All choices of columns are solved.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_ZERO = 1e-9


def curvature_of(x: Floats, y: Floats) -> Floats:
    """Differences of neighbouring chord slopes."""
    return np.diff(np.diff(y) / np.diff(x))


def places(x: Floats, y: Floats, more: int) -> Floats:
    """The data, where outer chords of three successive intervals meet, zeros of the ends' angles, and `more` others."""
    meets = []
    slopes = np.diff(y) / np.diff(x)
    for i in range(1, x.size - 2):
        if slopes[i - 1] != slopes[i + 1]:
            meet = (y[i + 1] - y[i] + slopes[i - 1] * x[i] - slopes[i + 1] * x[i + 1]) / (slopes[i - 1] - slopes[i + 1])
            meets += [meet] if x[i] < meet < x[i + 1] else []
    right_angles = [-1.0 / end for end, beside in ((x[0], x[1]), (x[-1], x[-2])) if end != 0.0 and 1 + end * beside < 0]
    spread = np.tan(np.linspace(np.arctan(x[0]), np.arctan(x[-1]), more + 2))[1:-1]
    return np.unique(np.concatenate((x[1:-1], meets, right_angles, spread)))


def least_by_bases(x: Sequence[float], y: Sequence[float], p: float, weighted: bool, more: int = 24) -> float:
    """The least cost; with `p = 0` the fewest kinks. At most 6 points or so, none collinear with its neighbours."""
    abscissae, ordinates = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    eps = curvature_of(abscissae, ordinates)
    kinks = places(abscissae, ordinates, more)
    hats = np.array([np.interp(kinks, abscissae, unit) for unit in np.eye(abscissae.size)[1:-1]])
    chosen = np.array(list(combinations(range(kinks.size), eps.size)))
    columns = hats.T[chosen].transpose(0, 2, 1)  # a matrix a choice
    independent = np.abs(np.linalg.det(columns)) > _ZERO
    chosen, columns = chosen[independent], columns[independent]
    changes = np.abs(np.linalg.solve(columns, np.broadcast_to(eps[:, None], (len(chosen), eps.size, 1)))[..., 0])
    changes[changes < _ZERO] = 0.0
    weights = np.hypot(1.0, kinks)[chosen] if weighted else 1.0
    costs = np.where(changes > 0.0, (changes * weights) ** p, 0.0).sum(axis=1)
    return float(costs.min())
