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
