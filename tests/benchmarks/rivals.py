"""Rivals that no test has as its oracle. They share no code with the solvers, and do no more than the problem asks."""

import math
from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.interpolate import CubicSpline
from scipy.optimize import linprog
from scipy.sparse import coo_array, csr_array

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Kinks = list[tuple[float, float]]

PLACES = 100


class Discretised(NamedTuple):
    """The least norm over the grid, and the slope of the interpolator at each point."""

    norm: float
    slopes: Floats


Costs = Callable[[], Floats]
"""Computes a matrix of costs: rows are slopes behind an interval, columns those before it."""
Step = Callable[[Costs], tuple[Floats, Indices]]
"""The least cost of each row, and where it is."""


def once(costs: Costs) -> tuple[Floats, Indices]:
    """The matrix is computed once."""
    matrix = costs()
    places = np.argmin(matrix, axis=1)
    return matrix[np.arange(matrix.shape[0]), places], places


def twice(costs: Costs) -> tuple[Floats, Indices]:
    """The matrix is computed for the minima, and again for their places."""
    return np.min(costs(), axis=1), np.argmin(costs(), axis=1)


def discretised(x: Floats, y: Floats, step: Step) -> Discretised:
    """Convex data, penalised biases, skip connection: the dynamic program of Boursier and Flammarion on a grid.

    The slope at each inner point is one of 100 between those of its two chords; at the ends it is the chord's. For each
    interval the norms of all 100 x 100 kinks are computed, and the least for each slope behind it.
    """
    chords = np.diff(y) / np.diff(x)
    inner = np.linspace(chords[:-1], chords[1:], PLACES, axis=1)
    slopes = np.vstack((np.full(PLACES, chords[0]), inner, np.full(PLACES, chords[-1])))
    least, origins = np.zeros(PLACES), []
    for i, chord in enumerate(chords):

        def costs() -> Floats:
            before, behind = chord - slopes[i], (slopes[i + 1] - chord)[:, None]  # noqa: B023
            moment = x[i] * before + x[i + 1] * behind  # noqa: B023
            matrix: Floats = least + np.sqrt((before + behind) ** 2 + moment**2)  # noqa: B023
            return matrix

        least, origin = step(costs)
        origins.append(origin)
    place = int(np.argmin(least))
    best = [place]
    for origin in reversed(origins):
        place = int(origin[place])
        best.append(place)
    return Discretised(float(np.min(least)), slopes[np.arange(x.size), best[::-1]])


def least_variation_by_highs(x: Floats, y: Floats, has_skip: bool) -> float:
    """Free biases: a sparse linear program over kinks at the data, which are enough [Savarese et al., COLT 2019].

    Unknowns: the slope left of the data, the kinks' positive and negative parts, and a bound on both parts of the norm.
    """
    n, chords = x.size, np.diff(y) / np.diff(x)
    bound, points, ones = 2 * n + 1, np.arange(n - 1), np.ones(n - 1)
    rows, columns = np.concatenate((points, points, [0])), np.concatenate((1 + points, 1 + n + points, [0]))
    bends = coo_array((np.concatenate((ones, -ones, [1.0])), (rows, columns)), shape=(n - 1, bound + 1))
    wanted = np.concatenate(([chords[0]], np.diff(chords)))
    cost = np.zeros(bound + 1)
    cost[bound] = 1.0
    limits = [(None, None)] + [(0.0, None)] * (2 * n + 1)
    norms = csr_array(_parts_of_the_norm(n, has_skip))
    solution = linprog(cost, norms, np.zeros(norms.shape[0]), bends, wanted, limits, method="highs")
    if not solution.success:
        raise AssertionError(solution.message)
    return float(solution.fun)


def _parts_of_the_norm(n: int, has_skip: bool) -> Floats:
    """Rows that keep `sum |c|`, and without a skip connection `|2 slope + sum c|`, below the bound."""
    ones = np.ones(n)
    variation = np.concatenate(([0.0], ones, ones, [-1.0]))
    if has_skip:
        return variation[None]
    ends = np.concatenate(([2.0], ones, -ones, [0.0]))
    bound = np.concatenate((np.zeros(2 * n + 1), [-1.0]))
    return np.stack((variation, bound + ends, bound - ends))


def cheapest_pairing(x: Floats, y: Floats, cost: Callable[[float], float]) -> tuple[float, Kinks]:
    """Free biases, skip connection: neighbours that curve the same way share a kink, or do not. In plain Python.

    The least sum of `cost(|c|)` and the kinks, from the right [Nakhleh, Nowak, 2025, for `|c|^p`].
    """
    chords = (np.diff(y) / np.diff(x)).tolist()
    curvatures = [0.0] + [after - before for before, after in pairwise(chords)]
    least, joined = [0.0], [False]
    for i in range(1, len(curvatures)):
        alone = least[i - 1] + (cost(abs(curvatures[i])) if curvatures[i] else 0.0)
        together = math.inf
        if curvatures[i] * curvatures[i - 1] > 0.0:
            together = least[i - 2] + cost(abs(curvatures[i] + curvatures[i - 1]))
        joined.append(together < alone)
        least.append(min(alone, together))
    kinks, i = [], len(curvatures) - 1
    while i > 0:
        size, place = curvatures[i], float(x[i])
        if joined[i]:
            i -= 1
            size += curvatures[i]
            place = (curvatures[i] * float(x[i]) + curvatures[i + 1] * place) / size
        if size:
            kinks.append((place, size))
        i -= 1
    return least[-1], kinks


def weighted_variation_by_quad(spline: CubicSpline) -> float:
    """`int sqrt(1 + x^2) |f''|` of a cubic spline, piece by piece, by adaptive quadrature."""
    second = spline.derivative(2)

    def integrand(x: float) -> float:
        return abs(float(second(x))) * math.hypot(1.0, x)

    pieces = zip(spline.x[:-1], spline.x[1:], strict=True)
    return math.fsum(quad(integrand, start, stop)[0] for start, stop in pieces)
