"""How few kinks any interpolator can have, an interpolator with so few, and the runs that say why."""

import math

import numpy as np
from numpy.typing import NDArray

from workers.minnorm.bends import Bends, pairs_of_neighbours, place_in_run
from workers.minnorm.certificate import Dual
from workers.minnorm.compiled import compiled, inlined
from workers.minnorm.found import Found
from workers.minnorm.pairing import activate_ends, measured, placed
from workers.minnorm.piecewise_linear import PiecewiseLinear
from workers.minnorm.setting import Setting

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

_NO_SHARE = 2.0**-40
"""A share of a point's mass below this fraction is rounding noise and makes no kink of its own."""


def sparsest(bends: Bends, setting: Setting) -> Found:
    """The interpolator with the fewest kinks, and among these the one of least norm, with a skip connection. O(n).

    In a run of even length the first point meets the second, the third the fourth, and so on: only so are all its
    windows (see above) hit. A run of `2 m + 1` points has `m` kinks more than one point alone needs, and so one point
    alone between pairs, or three that share two kinks. The cost is convex in how the middle one of three is divided,
    and a point alone is an extreme case of that. With penalised biases the cheapest place is taken; with free ones all
    cost the same, and the last point is alone. An end that is active only moves the kink of a point alone.

    The dual marks the first, third, ... point of each run: their windows are disjoint and need a kink each. Only if all
    runs have even length there is no other interpolator with so few kinks.
    """
    curvature = bends.curvature
    if setting.penalise_biases:
        geometry = measured(bends.data.x, setting)
        from_left, from_right = np.zeros_like(curvature), np.zeros_like(curvature)
        _share_cheaply(geometry, np.abs(curvature) * geometry[0], curvature, from_left, from_right)
        activate_ends(geometry, curvature, from_left, from_right)
    else:
        from_left, from_right = pairs_of_neighbours(curvature)
    marked = (curvature != 0.0) & (place_in_run(curvature) % 2 == 0)
    is_unique = not np.any(marked[:-1] & ~bends.same_run())
    return Found(placed(bends, setting, from_left, from_right), Dual(marked.astype(np.float64)), bool(is_unique))


def runs(bends: Bends, function: PiecewiseLinear) -> Indices:
    """A row a run: first point, last point, sign, and how many kinks the function has for it. O(n).

    These are the kinks of that sign between the neighbours of the run.
    """
    rows = np.empty((bends.curvature.size, 4), dtype=np.int64)
    return rows[: _runs(bends.data.x, bends.curvature, function.kinks, function.slope_changes, rows)]


@compiled
def _runs(x: Floats, curvature: Floats, kinks: Floats, changes: Floats, rows: Indices) -> int:
    """Fill in first point, last point, sign and number of kinks of each run; returns how many runs there are."""
    count = k = first = 0
    for i in range(1, x.size - 1):
        if curvature[i] == 0.0:
            continue
        if np.sign(curvature[i - 1]) != np.sign(curvature[i]):
            first = i
        if np.sign(curvature[i + 1]) == np.sign(curvature[i]):
            continue
        while k > 0 and kinks[k - 1] > x[first - 1]:
            k -= 1  # the last run's window overlaps this one's by an interval
        kinks_of_run = 0
        while k < kinks.size and kinks[k] < x[i + 1]:
            kinks_of_run += kinks[k] > x[first - 1] and changes[k] * curvature[i] > 0.0
            k += 1
        rows[count, 0], rows[count, 1] = first, i
        rows[count, 2], rows[count, 3] = np.sign(curvature[i]), kinks_of_run
        count += 1
    return count


@inlined
def _pair(masses: Floats, geometry: Floats, i: int) -> float:
    """What a common kink costs points i and i + 1."""
    cosine, sine = geometry[1, i], geometry[2, i]
    return math.hypot(masses[i] + masses[i + 1] * cosine, masses[i + 1] * sine)


@inlined
def _three(masses: Floats, geometry: Floats, i: int) -> tuple[float, float]:
    """What two kinks cost points i to i + 2, and the share of the middle one that goes to the first.

    Two vectors to which a third is divided: their lengths add up to that of a broken line between two fixed points,
    which is shortest where it is straight.
    """
    middle = masses[i + 1]
    left, left_across = masses[i] * geometry[1, i], masses[i] * geometry[2, i]
    right, right_across = masses[i + 2] * geometry[1, i + 1], masses[i + 2] * geometry[2, i + 1]
    part = left_across / (left_across + right_across)
    share = min(max(((middle + right) * part - left * (1.0 - part)) / middle, 0.0), 1.0)
    share = 0.0 if share < _NO_SHARE else 1.0 if share > 1.0 - _NO_SHARE else share
    cost = math.hypot(left + share * middle, left_across) + math.hypot(right + (1.0 - share) * middle, right_across)
    return cost, share


@inlined
def _join(curvature: Floats, from_left: Floats, from_right: Floats, first: int, end: int) -> None:
    """Pair the points `first` to `end - 1` with their neighbours."""
    for i in range(first, end, 2):
        from_left[i], from_right[i] = curvature[i], curvature[i + 1]


@compiled
def _share_cheaply(geometry: Floats, masses: Floats, curvature: Floats, from_left: Floats, from_right: Floats) -> None:
    """Fill in what each interval takes from its ends, run by run."""
    n = masses.size
    first = 1
    for last in range(1, n - 1):
        if curvature[last] == 0.0 or np.sign(curvature[last + 1]) == np.sign(curvature[last]):
            first = first if curvature[last] != 0.0 else last + 1
            continue
        if (last - first) % 2 == 1:
            _join(curvature, from_left, from_right, first, last)
        else:
            _share_odd(geometry, masses, curvature, from_left, from_right, first, last)
        first = last + 1


@compiled
def _share_odd(
    geometry: Floats, masses: Floats, curvature: Floats, from_left: Floats, from_right: Floats, first: int, last: int
) -> None:
    """A run of odd length: where to put the three points with two kinks, or at an active end the point alone.

    Costs are compared to all pairs being those of the second and third point, the fourth and fifth, and so on.
    """
    where, share_there, least = first, 0.0, np.inf  # the first of three, or the point alone
    if first == 1 and geometry[1, 0] < 0.0:
        least = masses[first] * geometry[2, 0]
    before = 0.0
    for i in range(first, last, 2):
        cost, share = _three(masses, geometry, i)
        following = _pair(masses, geometry, i + 1)
        if before + (cost - following) < least:
            where, share_there, least = i, share, before + (cost - following)
        before += _pair(masses, geometry, i) - following
    if last == masses.size - 2 and geometry[1, last] < 0.0 and before + masses[last] * geometry[2, last] < least:
        where, share_there = last, 0.0
    _join(curvature, from_left, from_right, first, where)
    _join(curvature, from_left, from_right, where + 1, last)
    if share_there > 0.0:
        from_left[where], from_right[where] = curvature[where], share_there * curvature[where + 1]
        from_left[where + 1] = curvature[where + 1] - from_right[where]
        if share_there == 1.0:  # the third one is alone
            from_left[where + 1] = from_right[where + 1] = 0.0
