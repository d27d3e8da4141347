"""Continuous piecewise-linear functions of one variable."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workers.immutable import immutable
from workers.minnorm.checks import check_magnitude, column
from workers.minnorm.compiled import compiled, inlined
from workers.minnorm.doubles import two_product, two_sum
from workers.minnorm.errors import KinkOrder
from workers.minnorm.weight import weighted_sum

Floats = NDArray[np.float64]


@immutable
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
        values[order] = self.at_ascending(points.ravel()[order])
        return values.reshape(points.shape)

    def at_ascending(self, x: Floats) -> Floats:
        """The same at ascending `x`, shape (n,). O(n + number of kinks)."""
        values = np.empty_like(x)
        _rounded(self.x0, self.y0, self.slope0, self.kinks, self.slope_changes, x, values)
        return values

    def residuals(self, x: Floats, y: Floats) -> Floats:
        """`f(x) - y` at ascending `x`, the difference taken before rounding. O(n + number of kinks)."""
        high, low = np.empty_like(x), np.empty_like(x)
        _sweep(self.x0, self.y0, self.slope0, self.kinks, self.slope_changes, x, high, low)
        high -= y
        high += low
        return high

    def max_residual(self, x: Floats, y: Floats) -> float:
        """The largest `|f(x) - y|` at ascending `x`. O(n + number of kinks)."""
        return float(largest_residual(self.x0, self.y0, self.slope0, self.kinks, self.slope_changes, x, y))

    @property
    def steepest(self) -> float:
        """The largest slope, by magnitude. O(number of kinks)."""
        return float(_steepest(self.slope0, self.slope_changes))

    @property
    def total_variation(self) -> float:
        """`int d|f''|`, the representational cost when biases are free."""
        return math.fsum(np.abs(self.slope_changes))

    @property
    def weighted_variation(self) -> float:
        """`int sqrt(1 + x^2) d|f''|`, the representational cost when biases are penalised."""
        return float(weighted_sum(self.slope_changes, self.kinks))


@compiled
def _steepest(slope: float, changes: Floats) -> float:
    steepest = abs(slope)
    for change in changes:
        slope += change
        steepest = max(steepest, abs(slope))
    return steepest


@compiled
def _sweep(
    x0: float, y0: float, slope0: float, kinks: Floats, changes: Floats, x: Floats, high: Floats, low: Floats
) -> None:
    """Fill in the values at ascending `x`, as pairs: one walk over points and kinks together, in pairs of doubles.

    Summing the kinks from the left in plain doubles loses digits (1e-2 absolute was seen with a million kinks).
    """
    k, at, value, value_low, slope, slope_low = 0, x0, y0, 0.0, slope0, 0.0
    for i in range(x.size):
        k, at, value, value_low, slope, slope_low = _pass_kinks(
            kinks, changes, x[i], k, at, value, value_low, slope, slope_low
        )
        # From the last kink, not from the last point: then the next point need not wait for this one.
        high[i], low[i] = _advance(value, value_low, slope, slope_low, at, x[i])


@compiled
def _rounded(x0: float, y0: float, slope0: float, kinks: Floats, changes: Floats, x: Floats, values: Floats) -> None:
    """Fill in the same values, rounded."""
    k, at, value, value_low, slope, slope_low = 0, x0, y0, 0.0, slope0, 0.0
    for i in range(x.size):
        k, at, value, value_low, slope, slope_low = _pass_kinks(
            kinks, changes, x[i], k, at, value, value_low, slope, slope_low
        )
        high, low = _advance(value, value_low, slope, slope_low, at, x[i])
        values[i] = high + low


@compiled
def largest_residual(
    x0: float, y0: float, slope0: float, kinks: Floats, changes: Floats, x: Floats, y: Floats
) -> float:
    """The largest `|f(x) - y|`, each difference taken before rounding; infinite if one is not a number."""
    largest = 0.0
    k, at, value, value_low, slope, slope_low = 0, x0, y0, 0.0, slope0, 0.0
    for i in range(x.size):
        k, at, value, value_low, slope, slope_low = _pass_kinks(
            kinks, changes, x[i], k, at, value, value_low, slope, slope_low
        )
        high, low = _advance(value, value_low, slope, slope_low, at, x[i])
        residual = abs((high - y[i]) + low)
        if not residual <= largest:
            largest = np.inf if math.isnan(residual) else residual
    return largest


@inlined
def _pass_kinks(
    kinks: Floats,
    changes: Floats,
    x: float,
    k: int,
    at: float,
    value: float,
    value_low: float,
    slope: float,
    slope_low: float,
) -> tuple[int, float, float, float, float, float]:
    """Go on from kink k, or from where it starts, to the last one left of `x`: value there, slope right of it."""
    while k < kinks.size and kinks[k] < x:
        value, value_low = _advance(value, value_low, slope, slope_low, at, kinks[k])
        slope, error = two_sum(slope, changes[k])
        slope_low += error
        at = kinks[k]
        k += 1
    return k, at, value, value_low, slope, slope_low


@inlined
def _advance(
    value: float, value_low: float, slope: float, slope_low: float, start: float, end: float
) -> tuple[float, float]:
    """The value at `end` on the line through `(start, value)`, all but the abscissae as pairs."""
    step, step_low = two_sum(end, -start)
    rise, rise_low = two_product(slope, step)
    total, error = two_sum(value, rise)
    return total, value_low + error + (rise_low + slope * step_low + slope_low * step)
