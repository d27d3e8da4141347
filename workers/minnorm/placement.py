"""Write an interpolator down in doubles, so that the numbers themselves interpolate.

A sum of a million rounded slope changes drifts away from the data (by 1e-7 of their scale on random data). So each kink
is placed knowing exactly (in pairs of doubles) where the kinks already written have led: its slope change restores the
slope, its position the value. What remains is half a unit in the last place of a kink's abscissa, times its change.
"""

import numpy as np
from numpy.typing import NDArray

from workers.minnorm.chords import chord
from workers.minnorm.compiled import compiled, inlined
from workers.minnorm.doubles import two_product, two_sum
from workers.minnorm.weight import weight

Floats = NDArray[np.float64]

_NEAR_ZERO = 2.0**-4
_FELT = 2.0**-46


def place_kinks(
    x: Floats, y: Floats, from_left: Floats, from_right: Floats, least: float = np.inf
) -> tuple[float, Floats, Floats]:
    """The slope left of all kinks, the kinks (ascending) and their slope changes.

    `x, y` are the points, ascending; `from_left[i]` and `from_right[i]` the signed slope changes that meet in
    interval i, as `splitting.split_masses` returns them; `least` the least norm. O(n).
    """
    kinks, changes = np.empty(x.size), np.empty(x.size)
    slope, count = place(x, y, from_left, from_right, least, kinks, changes)
    return slope, kinks[:count], changes[:count]


@inlined
def _write(kinks: Floats, changes: Floats, count: int, kink: float, change: float) -> tuple[int, float, float]:
    """Write one kink, or add to the last one at the same place. The new count, and by how much the slope changes."""
    written_low = 0.0
    if count > 0 and kinks[count - 1] == kink:
        count -= 1
        change_here, error = two_sum(changes[count], change)
        written_low = -error
    else:
        change_here = change
    kinks[count], changes[count] = kink, change_here
    if change_here != 0.0:
        count += 1
    return count, change, written_low


@compiled
def place(
    x: Floats, y: Floats, from_left: Floats, from_right: Floats, least: float, kinks: Floats, changes: Floats
) -> tuple[float, int]:
    """Fill `kinks` and `changes`; returns the first slope and how many kinks there are.

    They may be `from_left` and `from_right` themselves, as `splitting.split` fills them: each kink then has a point of
    its own, so that there are `i` of them at most before interval `i`, and what they are written over has been read.
    """
    n = x.size
    count = 0
    slope_here, slope_here_low = chord(x, y, 0)
    first_slope, error = two_sum(slope_here, -from_left[0])
    tilt = -(error + slope_here_low)  # by what the first slope was rounded
    # The first kinks, none of them right of x[2], would make up for it, at a cost. Where the least norm feels that
    # (nearly affine data), the whole function is tilted instead, by a unit in the last place of the data.
    if abs(tilt) * max(weight(x[0]), weight(x[min(2, n - 1)])) <= _FELT * least:
        tilt = 0.0
    entering, entering_low = first_slope, 0.0  # the slope wanted at the left end of the interval in hand
    slope, slope_low = first_slope, 0.0  # the sum of all slope changes written so far
    residual = 0.0  # value reached so far, minus data
    right_here = 0.0
    for i in range(n - 1):
        right_before, left_here, right_here = right_here, from_left[i], from_right[i]
        if i > 0 and left_here == 0.0 and right_before == 0.0:  # the point has kept its curvature
            change = (entering - slope) + (entering_low - slope_low)
            count, written, written_low = _write(kinks, changes, count, x[i], change)
            slope, error = two_sum(slope, written)
            slope, slope_low = two_sum(slope, slope_low + (error + written_low))
        if i + 2 < n:
            slope_here, slope_here_low = chord(x, y, i + 1)
            entering, error = two_sum(slope_here, -from_left[i + 1])
        else:
            slope_here, slope_here_low = chord(x, y, i)
            entering, error = two_sum(slope_here, right_here)
        entering_low = error + slope_here_low + tilt
        # What the present slope lacks to reach the right end of the interval.
        width, width_low = two_sum(x[i + 1], -x[i])
        rise, rise_low = two_sum(y[i + 1], -y[i])
        run, run_low = two_product(slope, width)
        lack, error = two_sum(rise, -run)
        lack_low = error + (rise_low - run_low - slope * width_low - slope_low * width + tilt * width) - residual
        residual = -(lack + lack_low)
        change = (entering - slope) + (entering_low - slope_low)
        if (left_here == 0.0 and right_here == 0.0) or change == 0.0:
            continue
        before = (lack + lack_low) / change
        kink, error = two_sum(x[i + 1], -before)
        if abs(kink) < _NEAR_ZERO * abs(x[i + 1]):  # it keeps more digits than its distance to that point
            product, product_low = two_product(before, change)
            kink += error - ((lack - product) + (lack_low - product_low)) / change
        kink = min(max(kink, x[i]), x[i + 1])
        # What the kink, rounded, gains beyond that; the first difference is of nearly equal numbers, so it is exact.
        reach, reach_low = two_sum(x[i + 1], -kink)
        gain, gain_low = two_product(change, reach)
        residual = (gain - lack) - lack_low + (gain_low + change * reach_low)
        count, written, written_low = _write(kinks, changes, count, kink, change)
        slope, error = two_sum(slope, written)
        # Renewed, as a low part of slopes long gone would drown those of a tail (exp(-x) for large x).
        slope, slope_low = two_sum(slope, slope_low + (error + written_low))
    return first_slope, count
