"""What a unit of slope change costs, by place."""

import math

import numpy as np
from numpy.typing import NDArray

from workers.minnorm.compiled import compiled, inlined
from workers.minnorm.doubles import two_sum

Floats = NDArray[np.float64]

_LARGE = 1e150  # beyond it x*x could overflow, and sqrt(1 + x*x) is |x| to the last bit


@inlined
def weight(x: float) -> float:
    """`sqrt(1 + x^2)`: the norm of `(x, 1)`, and so the cost of a kink at `x` whose bias is penalised."""
    return math.sqrt(1.0 + x * x) if abs(x) < _LARGE else abs(x)


@compiled
def weighted_sum(changes: Floats, kinks: Floats) -> float:
    """`sum |changes| weight(kinks)`, summed in pairs of doubles."""
    total, total_low = 0.0, 0.0
    for k in range(kinks.size):
        total, error = two_sum(total, abs(changes[k]) * weight(kinks[k]))
        total_low += error
    return total + total_low
