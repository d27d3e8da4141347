"""Evidence that a function interpolates and that none has a smaller norm. Shares no code with the solver.

Lagrange duality: let `q` be piecewise linear with nodes at the data, zero at both ends (and beyond), and
`|q(t)| <= sqrt(1 + t^2)` everywhere. For every interpolator `f`, `int q df''` depends only on the data and equals
`sum_i eps_i q_i`; it is at most `int sqrt(1 + t^2) d|f''|`, the norm. So any such `q` gives a lower bound, and a `q`
that breaks the constraint by a factor gives one after division by it.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workers.minnorm.compiled import compiled, inlined
from workers.minnorm.dataset import Dataset
from workers.minnorm.doubles import fma, two_product, two_sum
from workers.minnorm.piecewise_linear import PiecewiseLinear
from workers.minnorm.weight import weight

Floats = NDArray[np.float64]

_FAR = 2.0**480
_SMALL = 1e-140
_ROUNDING = 8.0 * 2.0**-53


@dataclass(frozen=True)
class Certificate:
    """What a caller can check in O(n): `dual_values[i]` is `q` at the i-th distinct abscissa, ascending."""

    dual_values: Floats
    lower_bound: float
    relative_gap: float
    max_residual: float


def certify(data: Dataset, function: PiecewiseLinear, norm: float, dual_values: Floats) -> Certificate:
    """Recompute everything a certificate claims from the data, the function and `q` alone. O(n)."""
    bound = lower_bound(data, dual_values)
    residual = float(np.max(np.abs(function.residuals(data.x, data.y))))
    return Certificate(dual_values, bound, relative_gap(norm, bound), residual)


def relative_gap(norm: float, bound: float) -> float:
    """`|norm - bound| / norm`; zero for an affine function.

    The bound exceeds the norm of a function that misses the points by rounding and gains from it; then the norm is not
    proved either.
    """
    return abs(norm - bound) / norm if norm > 0.0 else 0.0


def lower_bound(data: Dataset, dual_values: Floats) -> float:
    """The norm that every interpolator has at least, by `q`: `sum eps_i q_i` over the worst violation of `q`.

    The sum is taken in pairs of doubles: the curvatures of smooth data are small differences of slopes, and a bound
    must not exceed the truth by their rounding. The end values of `q` count as zero; the last line takes off what
    rounding may have added. O(n).
    """
    inner = np.array(dual_values, dtype=np.float64)
    inner[0] = inner[-1] = 0.0
    total = float(_pairing(data.x, data.y, inner))
    bound = max(0.0, total / max(1.0, float(worst_ratio(data.x, inner)[0])))
    return bound * (1.0 - _ROUNDING)


@compiled
def _pairing(x: Floats, y: Floats, q: Floats) -> float:
    """`sum_i eps_i q_i`, summed by parts: each chord slope times the fall of `q` over it."""
    total, total_low = 0.0, 0.0
    for i in range(x.size - 1):
        rise, rise_low = two_sum(y[i + 1], -y[i])
        step, step_low = two_sum(x[i + 1], -x[i])
        fall, fall_low = two_sum(q[i], -q[i + 1])
        slope = rise / step
        slope_low = (fma(-slope, step, rise) + rise_low - slope * step_low) / step
        term, term_low = two_product(slope, fall)
        total, error = two_sum(total, term)
        total_low += error + (term_low + slope_low * fall + slope * fall_low)
    return total + total_low


@inlined
def _ratio_inside(left: float, right: float, q_left: float, q_right: float) -> float:
    """The ratio's maximum inside an interval, 0 if it has none: `sqrt(m^2 + k^2)`.

    `k` is what is left of large products when the ends are far away, so it is taken in pairs of doubles.
    """
    # Powers of two that keep all products in the range of doubles; others may send a dual as large as they like.
    unit = 1.0 if max(abs(left), abs(right)) < _FAR else _FAR**-2
    scale = 1.0 if max(abs(q_left), abs(q_right)) < _FAR else 1.0 / _FAR
    left, right, q_left, q_right = left * unit, right * unit, q_left * scale, q_right * scale
    step = right - left
    first, first_low = two_product(q_left, right)
    second, second_low = two_product(q_right, left)
    level = (first - second) + (first_low - second_low)
    rise = (q_right - q_left) * unit
    sign = math.copysign(1.0, level)
    if not left * level * sign < rise * sign < right * level * sign:
        return 0.0
    length = math.sqrt(rise * rise + level * level)
    if length < _SMALL or length > 1.0 / _SMALL:  # the squares leave the range of doubles
        length = math.hypot(rise, level)
    return length / step / scale


@compiled
def worst_ratio(x: Floats, q: Floats) -> tuple[float, int]:
    """The largest `|q(t)| / sqrt(1 + t^2)` over all `t`, and the interval where it is reached.

    On an interval `q(t) = m t + k`, and the ratio has its one maximum at `t = m / k`.
    """
    worst, where = 0.0, 0
    right = abs(q[0]) / weight(x[0])
    for i in range(x.size - 1):
        left = right
        right = abs(q[i + 1]) / weight(x[i + 1])
        ratio = max(left, right, _ratio_inside(x[i], x[i + 1], q[i], q[i + 1]))
        if not ratio <= worst:  # what is no number is worst
            worst, where = (np.inf if math.isnan(ratio) else ratio), i
    return worst, where
