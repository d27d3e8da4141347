"""The interpolator of least norm with penalised biases and a skip connection: the masses are split, then kinks placed.

Where no point is collinear, that is one call of compiled code: of a small problem, calls take longer than the work.
"""

import numpy as np
from numpy.typing import NDArray

from workers.minnorm.bends import Bends
from workers.minnorm.compiled import compiled
from workers.minnorm.piecewise_linear import PiecewiseLinear
from workers.minnorm.placement import place
from workers.minnorm.splitting import room_for, scratch, split, split_masses

Floats = NDArray[np.float64]


def least_norm(bends: Bends) -> tuple[PiecewiseLinear, Floats]:
    """The interpolator and its dual values. O(n) time and memory on every input."""
    data = bends.data
    if isinstance(bends.vertices, slice):
        dual, slope0, kinks, changes = solve(data.x, data.y, bends.curvature, bends.longest_run)
        return PiecewiseLinear(float(data.x[0]), float(data.y[0]), slope0, kinks, changes), dual
    dual, from_left, from_right = split_masses(data.x, bends.curvature)
    return bends.function(from_left, from_right, float(bends.curvature @ dual)), dual


def solve(x: Floats, y: Floats, curvature: Floats, longest_run: int) -> tuple[Floats, float, Floats, Floats]:
    """The dual values (`splitting.split_masses`); the slope left of all kinks, the kinks, their slope changes.

    `x, y` are the points, ascending, `curvature` the `chords.curvatures` of all of them, `longest_run` the longest of
    its `chords.count_runs`. O(n).
    """
    n = x.size
    results = np.empty(3 * n)  # one array for three columns: each would take as long as a third of a small problem
    size, longest = room_for(n, longest_run)
    slope0, count = _solve(x, y, curvature, results, scratch.room(size), longest)
    return results[:n], slope0, results[n : n + count], results[2 * n : 2 * n + count]


@compiled
def _solve(x: Floats, y: Floats, curvature: Floats, results: Floats, room: Floats, longest: int) -> tuple[float, int]:
    """Fill in dual values, kinks and slope changes; returns the first slope and how many kinks there are."""
    n = x.size
    dual, from_left, from_right = results[:n], results[n : 2 * n], results[2 * n :]
    split(x, curvature, dual, from_left, from_right, room, longest)
    least = 0.0
    for i in range(n):
        least += curvature[i] * dual[i]
    return place(x, y, from_left, from_right, least, from_left, from_right)  # the kinks take the place of the shares
