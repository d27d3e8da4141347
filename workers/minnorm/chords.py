"""Slopes and curvatures of data, with twice the digits: curvatures are small differences of slopes."""

import numpy as np
from numpy.typing import NDArray

from workers.minnorm.compiled import compiled, inlined
from workers.minnorm.doubles import fma, two_sum

Floats = NDArray[np.float64]


@inlined
def chord(x: Floats, y: Floats, i: int) -> tuple[float, float]:
    """Slope of the data on interval i, as a pair."""
    rise, rise_low = two_sum(y[i + 1], -y[i])
    step, step_low = two_sum(x[i + 1], -x[i])
    slope = rise / step
    return slope, (fma(-slope, step, rise) + rise_low - slope * step_low) / step


def curvatures(x: Floats, y: Floats) -> Floats:
    """Change of the slope of the data at each point, zero at both ends; accurate where slopes nearly agree. O(n)."""
    result = np.zeros(x.size)
    _fill(x, y, result)
    return result


@compiled
def _fill(x: Floats, y: Floats, result: Floats) -> None:
    before, before_low = chord(x, y, 0)
    for i in range(1, x.size - 1):
        slope, slope_low = chord(x, y, i)
        result[i] = (slope - before) + (slope_low - before_low)
        before, before_low = slope, slope_low


@inlined
def next_in_run(value: float, before: float, place: int) -> int:
    """Which point of its run the next one is, counted from 1; 0 if it does not curve.

    `value` is its curvature; `before` that of the point before it, which is the one in this place of its own run.
    """
    if value == 0.0:
        return 0
    return place + 1 if place > 0 and (value > 0.0) == (before > 0.0) else 1


@compiled
def count_runs(curvature: Floats) -> tuple[int, int]:
    """The longest run, and the least number of kinks of any continuous piecewise-linear interpolator. O(n).

    A run are neighbours that curve the same way; the longest counts 0 if a point between the ends does not curve.

    Where the data curve at `x_i`, every interpolator has a kink of that sign in `(x_{i-1}, x_{i+1})`. In a run of k
    points `ceil(k / 2)` of these windows are disjoint, and windows of different runs are disjoint or differ in sign;
    pairing neighbours attains the bound (Debarre, Denoyelle, Unser, Fageot, JCAM 2022). So the first, third, ... point
    of each run adds a kink.

    Parameters
    ----------
    curvature
        At each point; zero at both ends and at collinear points.
    """
    longest = fewest = place = 0
    before = 0.0
    all_curve = True
    for value in curvature[1:-1]:
        place = next_in_run(value, before, place)
        longest, fewest = max(longest, place), fewest + place % 2
        all_curve &= place > 0
        before = value
    return longest if all_curve else 0, fewest
