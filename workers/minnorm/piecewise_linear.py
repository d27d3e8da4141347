"""Continuous piecewise-linear functions of one variable."""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from workers.minnorm.checks import check_magnitude, column
from workers.minnorm.doubles import pair_add, pair_product, pair_sum, two_sum
from workers.minnorm.errors import KinkOrder

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PiecewiseLinear:
    """`f(x) = y0 + slope0 (x - x0) + sum_k slope_changes[k] relu(x - kinks[k])`.

    Kinks ascend strictly and are not left of `x0`, so `slope0` is the slope left of all kinks.
    """

    x0: float
    y0: float
    slope0: float
    kinks: Floats
    slope_changes: Floats

    @classmethod
    def from_numbers(
        cls, x0: float, y0: float, slope0: float, kinks: ArrayLike, slope_changes: ArrayLike
    ) -> "PiecewiseLinear":
        """Check untrusted numbers. Raises `MinnormError` with a pointer below the function."""
        kink_column = column(kinks, "/kinks")
        change_column = column(slope_changes, "/slope_changes", like=kink_column)
        for name, number in (("x0", x0), ("y0", y0), ("slope0", slope0)):
            check_magnitude(np.array([number]), f"/{name}", scalar=True)
        before = np.concatenate(([x0], kink_column))
        wrong = np.flatnonzero(before[1:] < before[:-1])
        wrong = np.union1d(wrong, 1 + np.flatnonzero(kink_column[1:] == kink_column[:-1]))
        if wrong.size:
            where = int(wrong[0])
            raise KinkOrder("Kinks must ascend strictly and not lie left of x0.", f"/kinks/{where}")
        return cls(float(x0), float(y0), float(slope0), kink_column, change_column)

    def __call__(self, x: ArrayLike) -> Floats:
        """Values at `x` (any shape, any order), each rounded once from about 32 digits. O(n log n)."""
        points = np.asarray(x, dtype=np.float64)
        order = np.argsort(points, axis=None, kind="stable")
        values = np.empty(points.size)
        high, _ = _sweep(self.x0, self.y0, self.slope0, self.kinks, self.slope_changes, points.ravel()[order])
        values[order] = high
        return values.reshape(points.shape)

    def residuals(self, x: Floats, y: Floats) -> Floats:
        """`f(x) - y` at ascending `x`, the difference taken before rounding. O(n + number of kinks)."""
        high, low = _sweep(self.x0, self.y0, self.slope0, self.kinks, self.slope_changes, x)
        return (high - y) + low

    @property
    def total_variation(self) -> float:
        """`int d|f''|`, the representational cost when biases are free."""
        return math.fsum(np.abs(self.slope_changes))

    @property
    def weighted_variation(self) -> float:
        """`int sqrt(1 + x^2) d|f''|`, the representational cost when biases are penalised."""
        return math.fsum(np.abs(self.slope_changes) * np.hypot(1.0, self.kinks))


@njit(cache=True, nogil=True)
def _sweep(  # type: ignore[no-untyped-def]
    x0, y0, slope0, kinks, changes, x
):
    """Values at ascending `x`, as pairs: one walk over points and kinks together, in pairs of doubles.

    Summing the kinks from the left in plain doubles loses digits (1e-2 absolute was seen with a million kinks).
    """
    high = np.empty(x.size)
    low = np.empty(x.size)
    at = x0
    value, value_low = y0, 0.0
    slope, slope_low = slope0, 0.0
    k = 0
    for i in range(x.size):
        while k < kinks.size and kinks[k] < x[i]:
            step, step_low = two_sum(kinks[k], -at)
            rise, rise_low = pair_product(slope, slope_low, step, step_low)
            value, value_low = pair_sum(value, value_low, rise, rise_low)
            slope, slope_low = pair_add(slope, slope_low, changes[k])
            at = kinks[k]
            k += 1
        step, step_low = two_sum(x[i], -at)
        rise, rise_low = pair_product(slope, slope_low, step, step_low)
        value_here, value_here_low = pair_sum(value, value_low, rise, rise_low)
        high[i] = value_here
        low[i] = value_here_low
        if x[i] > x0:
            value, value_low, at = value_here, value_here_low, x[i]
    return high, low
