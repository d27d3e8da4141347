"""All interpolators of least norm with free biases, where there are many.

On a run (a stretch of points that curve the same way) a minimiser is any convex, or concave, function between the
chords and the extended chords of the intervals next to it [Debarre, Denoyelle, Unser, Fageot, JCAM 2022; Hanin, 2021].
So in each interval inside a run its graph stays in a triangle with two data points as corners; everywhere else between
the data it is the chord. All points of a triangle are reached: its third corner by merging the two points' kinks.

Without a skip connection slopes that are all positive (or all negative) may cost more than their changes
(`variation`). Then there is an excess of slope change, which may be spent left of the data, right of them, or on both
sides in part: there the graph stays in a wedge. At an end where the excess curves like the run next to it, the end
belongs to the run, and the outermost interval has a triangle too.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from workers.immutable import immutable
from workers.minnorm.bends import Bends, in_one_run, pairs_of_neighbours, place_in_run
from workers.minnorm.piecewise_linear import PiecewiseLinear

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


@immutable
class SolutionSet:
    """Where the minimisers lie, and the sparsest of them.

    `intervals[k]` is an interval, by its left point, in which they may differ: anywhere in the triangle of its two
    points and `(apex_x[k], apex_y[k])`. Left of the data their slope is between the two `left_slopes`, right of them
    between the two `right_slopes`.
    """

    intervals: Indices
    apex_x: Floats
    apex_y: Floats
    left_slopes: tuple[float, float]
    right_slopes: tuple[float, float]
    sparsest: PiecewiseLinear
    sparsest_is_unique: bool

    @property
    def sparsest_kink_count(self) -> int:
        """The fewest kinks of any minimiser."""
        return int(self.sparsest.kinks.size)


def solutions(bends: Bends, chords: PiecewiseLinear, excess: float = 0.0) -> SolutionSet:
    """All minimisers of the variation of the slope, plus `excess`. O(n).

    `chords` has its kinks at the data. `excess` is what the slope must rise by on the left, or fall by on the right.
    """
    ends = bends.curvature.copy()
    ends[0], ends[-1] = excess, -excess
    intervals = np.flatnonzero(in_one_run(ends))
    apex_x, apex_y = _apexes(bends.data.x, bends.data.y, ends, intervals)
    first, last = chords.slope0, chords.slope0 + float(np.sum(chords.slope_changes))
    sparsest, is_unique = _sparsest(bends, excess)
    return SolutionSet(
        intervals, apex_x, apex_y, _between(first, excess), _between(last, excess), sparsest, is_unique
    )  # fmt: skip


def with_excess(function: PiecewiseLinear, excess: float) -> PiecewiseLinear:
    """The same function from its first point on, with a slope less by `excess` left of it.

    `excess` is at most the first slope; then both differences are exact, and the function does not move.
    """
    slope0 = function.slope0 - excess
    kinks = np.concatenate(([function.x0], function.kinks))
    changes = np.concatenate(([function.slope0 - slope0], function.slope_changes))
    return replace(function, slope0=slope0, kinks=kinks, slope_changes=changes)


def _between(slope: float, excess: float) -> tuple[float, float]:
    return min(slope, slope - excess), max(slope, slope - excess)


def _apexes(x: Floats, y: Floats, curvature: Floats, intervals: Indices) -> tuple[Floats, Floats]:
    """Where the neighbouring chords meet: at the centre of mass of the interval's ends, below or above its chord."""
    left, right = curvature[intervals], curvature[intervals + 1]
    smaller, larger = np.minimum(np.abs(left), np.abs(right)), np.maximum(np.abs(left), np.abs(right))
    share = np.abs(right) / (smaller + larger)
    width, rise = x[intervals + 1] - x[intervals], y[intervals + 1] - y[intervals]
    # The product of both, over their sum, in an order that keeps it in the range of doubles.
    depth = np.sign(left) * (smaller * (larger / (smaller + larger))) * width
    apex_x = np.clip(x[intervals] + share * width, x[intervals], x[intervals + 1])
    return apex_x, y[intervals] + share * rise - depth


def _sparsest(bends: Bends, excess: float) -> tuple[PiecewiseLinear, bool]:
    """A minimiser with the fewest kinks, and whether it is the only one.

    A run of k points needs `ceil(k / 2)` kinks, and with k odd and not 1 they can be moved. An excess needs one more,
    which can be moved, unless it makes an odd run at an end even.
    """
    curvature = bends.curvature.copy()
    lengths, signs, side = _lengths(curvature), np.sign(curvature), np.sign(excess)
    on_left = signs[1] * side > 0.0 and lengths[0] % 2 == 1
    on_right = signs[-2] * side < 0.0 and lengths[-1] % 2 == 1
    if on_left:
        curvature[0] = excess
    elif on_right:
        curvature[-1] = -excess
    is_spent = excess == 0.0 or on_left or on_right
    function = bends.of_least_variation(*pairs_of_neighbours(curvature))
    lengths = _lengths(curvature)
    is_unique = is_spent and not (on_left and on_right) and not np.any((lengths % 2 == 1) & (lengths > 1))
    return (function if is_spent else with_excess(function, excess)), bool(is_unique)


def _lengths(curvature: Floats) -> Indices:
    """How many points each run has, from left to right."""
    place = place_in_run(curvature)
    last = np.concatenate((place[1:] == 0, [True])) & (curvature != 0.0)
    lengths: Indices = place[last] + 1
    return lengths
