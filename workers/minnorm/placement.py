"""Write an interpolator down in doubles, so that the numbers themselves interpolate.

A sum of a million rounded slope changes drifts away from the data (by 1e-7 of their scale on random data). So each kink
is placed knowing exactly (in pairs of doubles) where the kinks already written have led: its slope change restores the
slope, its position the value. What remains is half a unit in the last place of a kink's abscissa times its slope change.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from workers.minnorm.doubles import pair_add, pair_product, pair_sum, two_product, two_sum

Floats = NDArray[np.float64]


@njit(cache=True, nogil=True, inline="always")
def _chord(x: Floats, y: Floats, i: int) -> float:
    """Slope of the data on interval i."""
    return (y[i + 1] - y[i]) / (x[i + 1] - x[i])


@njit(cache=True, nogil=True, inline="always")
def _missing(x, y, i, residual, slope, slope_low):  # type: ignore[no-untyped-def]
    """What the present slope lacks to reach the right end of interval i, as a pair."""
    width, width_low = two_sum(x[i + 1], -x[i])
    rise, rise_low = two_sum(y[i + 1], -y[i])
    rise, rise_low = pair_add(rise, rise_low, -residual)
    run, run_low = pair_product(slope, slope_low, width, width_low)
    return pair_sum(rise, rise_low, -run, -run_low)


@njit(cache=True, nogil=True, inline="always")
def _excess(left, kink, right, change, missing, missing_low):  # type: ignore[no-untyped-def]
    """By how much a kink in interval [left, right] overshoots the value at the right end, after rounding."""
    reach, reach_low = two_sum(right, -kink)
    gain, gain_low = two_product(change, reach)
    over, over_low = pair_sum(gain, gain_low + change * reach_low, -missing, -missing_low)
    return over + over_low


@njit(cache=True, nogil=True)
def place_kinks(x: Floats, y: Floats, from_left: Floats, from_right: Floats) -> tuple[float, Floats, Floats]:
    """The slope left of all kinks, the kinks (ascending) and their slope changes.

    `x, y` are the points, ascending; `from_left[i]` and `from_right[i]` the signed slope changes that meet in
    interval i, as `reflection.split_masses` returns them. O(n).
    """
    n = x.size
    kinks = np.empty(n)
    changes = np.empty(n)
    count = 0
    first_slope = _chord(x, y, 0) - from_left[0]
    slope, slope_low = first_slope, 0.0
    entering = first_slope  # the slope wanted at the left end of the interval in hand
    residual = 0.0  # value written so far, minus data
    for i in range(n - 1):
        if i > 0 and from_left[i] == 0.0 and from_right[i - 1] == 0.0:  # the point has kept its curvature
            kinks[count] = x[i]
            changes[count] = entering - slope - slope_low
            slope, slope_low = pair_add(slope, slope_low, changes[count])
            count += 1
        entering = _chord(x, y, i + 1) - from_left[i + 1] if i + 2 < n else _chord(x, y, i) + from_right[i]
        missing, missing_low = _missing(x, y, i, residual, slope, slope_low)
        residual = -(missing + missing_low)
        change = entering - slope - slope_low
        if (from_left[i] == 0.0 and from_right[i] == 0.0) or change == 0.0:
            continue
        kink = x[i + 1] - missing / change
        kink = min(max(kink, x[i]), x[i + 1])
        residual = _excess(x[i], kink, x[i + 1], change, missing, missing_low)
        kinks[count] = kink
        changes[count] = change
        slope, slope_low = pair_add(slope, slope_low, change)
        count += 1
    return first_slope, kinks[:count].copy(), changes[:count].copy()
