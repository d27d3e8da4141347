"""How few kinks any interpolator can have."""

import math

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
    odd = False  # whether the point is the first, third, ... of its run: each of these adds a kink
    previous = 0.0
    for value in curvature:
        odd = value != 0.0 and not (odd and value * previous > 0.0)
        total += odd
        previous = math.copysign(1.0, value)
    return total
