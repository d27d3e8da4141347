"""How few kinks any interpolator can have."""

import numpy as np
from numpy.typing import NDArray

from workers.minnorm.compiled import compiled

Floats = NDArray[np.float64]


@compiled
def fewest_kinks(curvature: Floats) -> int:
    """The least number of kinks of any continuous piecewise-linear interpolator.

    Where the data curve at `x_i`, every interpolator has a kink of that sign in `(x_{i-1}, x_{i+1})`. In a run of k
    points `ceil(k / 2)` of these windows are disjoint, and windows of different runs are disjoint or differ in sign;
    pairing neighbours attains the bound (Debarre, Denoyelle, Unser, Fageot, JCAM 2022). O(n).

    Parameters
    ----------
    curvature
        At each point; zero at both ends and at collinear points.
    """
    total = 0
    length = 0
    previous = 0.0
    for value in curvature:
        sign = np.sign(value)
        if sign != previous:
            total += (length + 1) // 2
            length = 0
            previous = sign
        if sign != 0.0:
            length += 1
    return total + (length + 1) // 2
