"""Affine data, without a skip connection and with penalised biases, in closed form.

Let the directions of the first and the last point, `p = (x, 1)`, be at most a right angle apart. A neuron `v = (w, b)`
that is active on all data adds the values `v p` there; one with its kink at the first point adds to the last one
only, and the other way round. At unit cost the first kind reaches, for both end points, an arc of an ellipse inside the
quadrant of equal signs, and the other kinds reach the ends of that arc. So the least norm is that of the one neuron
that computes the data if both end values have one sign, and otherwise that of two neurons with their kinks at the ends.
"""

import math
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from workers.minnorm.certificate import Dual
from workers.minnorm.dataset import Dataset
from workers.minnorm.found import Found
from workers.minnorm.piecewise_linear import PiecewiseLinear
from workers.minnorm.weight import weight

Floats = NDArray[np.float64]


def is_narrow(data: Dataset) -> bool:
    """Whether the directions of the first and the last point are at most a right angle apart."""
    return 1.0 + float(data.x[0]) * float(data.x[-1]) >= 0.0


def least_norm_of_a_line(data: Dataset) -> Found:
    """The minimiser for collinear points whose directions are narrow. O(n), for the dual."""
    first, last = float(data.y[0]), float(data.y[-1])
    function, total, height = _by_one_neuron(data) if first * last > 0.0 else _by_two_neurons(data)
    fall = (data.x[-1] - data.x) / (data.x[-1] - data.x[0])
    return Found(function, Dual(height * fall, total), is_unique=True)


def _by_one_neuron(data: Dataset) -> tuple[PiecewiseLinear, float, float]:
    """The function, the sum of the multipliers, and the dual at the first point.

    The line of the dual is `(w, b)` of the line of the data, at unit length.
    """
    x, y = float(data.x[0]), float(data.y[0])
    slope = (float(data.y[-1]) - y) / (float(data.x[-1]) - x)
    if slope == 0.0 or math.isinf(kink := x - y / slope):
        sign = math.copysign(1.0, y)
        return PiecewiseLinear(x, y, 0.0, np.zeros(0), np.zeros(0)), sign, -sign * x
    if (y > 0.0) == (slope > 0.0):  # the line vanishes on the left, by however little
        kink = min(kink, x)
        # What the rounding of the kink takes away.
        level = float(Fraction(y) - Fraction(slope) * (Fraction(x) - Fraction(kink)))
        function = PiecewiseLinear(kink, level, 0.0, np.array([kink]), np.array([slope]))
    else:
        kink = max(kink, float(data.x[-1]))
        function = PiecewiseLinear(x, y, slope, np.array([kink]), np.array([-slope]))
    across, up = math.copysign(1.0 / weight(kink), slope), -math.copysign(kink / weight(kink), slope * kink)
    return function, up, across - up * x


def _by_two_neurons(data: Dataset) -> tuple[PiecewiseLinear, float, float]:
    """The same for end values of opposite signs, or one of them zero."""
    x, y, end, other = (float(value) for value in (data.x[0], data.y[0], data.x[-1], data.y[-1]))
    step = end - x
    changes = np.array([other / step, y / step])
    real = changes != 0.0
    function = PiecewiseLinear(x, y, -y / step, np.array([x, end])[real], changes[real])
    sign = math.copysign(1.0, other if other != 0.0 else -y)
    return function, sign * (weight(x) - weight(end)) / step, sign * weight(x)
