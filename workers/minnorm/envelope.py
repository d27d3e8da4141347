"""How far a dual leaves its envelope: the largest ratio of what neurons gain from it to what they cost.

What `q`, the line `l`, `side` and `jump` are, see `certificate`.
"""

import math

import numpy as np
from numpy.typing import NDArray

from workers.minnorm.compiled import compiled, inlined
from workers.minnorm.doubles import pair_sum, two_product, two_sum
from workers.minnorm.weight import weight

Floats = NDArray[np.float64]

_NARROW = 2.0**-30
_FAR = 2.0**240
_SMALL, _LARGE = 1e-140, 1e140


@compiled
def height_of_dual(x: Floats, q: Floats, penalise_biases: bool) -> float:
    """The largest quotient of a dual and its envelope at the data."""
    highest = 0.0
    for i in range(x.size):
        highest = max(highest, abs(q[i]) / (weight(x[i]) if penalise_biases else 1.0))
    return highest


@compiled
def worst_violation(
    x: Floats, values: Floats, total: float, penalise_biases: bool, skip_connection: bool, side: float, jump: float
) -> tuple[float, int]:
    """The largest quotient of an admissible, normalised dual and its envelope, and the interval where it is reached.

    Of right-facing neurons, and where they may differ also of left-facing ones and on both rays.
    """
    start = values[0] + jump
    if not penalise_biases:
        return _worst_height(values, start, side)
    worst, where = worst_over_intervals(x, values, 0.0, 0.0, side)
    if skip_connection:
        return worst, where
    level = level_of_line(x[0], values[0], total, jump)
    last = total * x[-1] - level
    ratio, place = worst_over_intervals(x, values, total, level, side)
    worst, where = _larger(worst, where, ratio, place)
    # Right-facing neurons left of the data see the line l; left-facing ones right of them see -l.
    worst, where = _larger(worst, where, _worst_on_ray(x[0], start, total, level), -1)
    worst, where = _larger(worst, where, _worst_on_ray(-x[-1], last, total, -level), x.size - 1)
    if side != 0.0:
        # What a line may gain is bounded by both sides together, and by rays only where these are.
        ratio, place = worst_over_intervals(np.array([x[0], x[-1]]), np.zeros(2), total, level, 0.0)
        worst, where = _larger(worst, where, 0.5 * ratio, place)
    return worst, where


@inlined
def _larger(ratio: float, where: int, other: float, there: int) -> tuple[float, int]:
    """Of two ratios, with their places; the first of equal ones."""
    return (other, there) if other > ratio else (ratio, where)


@compiled
def _worst_height(values: Floats, start: float, side: float) -> tuple[float, int]:
    """With free biases: neither `q` nor `q - l` may exceed 1, nor the constant `l`."""
    worst, where = abs(start), 0
    for i in range(values.size):
        height = max(_ratio(values[i], 1.0, side), _ratio(values[i] - start, 1.0, side))
        if height > worst:
            worst, where = height, i
    return worst, min(where, values.size - 2)


@compiled
def _worst_on_ray(end: float, value: float, slope: float, level: float) -> float:
    """The largest `|l(t)| / sqrt(1 + t^2)` over `t <= end` for the line `l(t) = level - slope t`, `l(end) = value`."""
    touches = level != 0.0 and -slope / level < end
    return max(abs(value) / weight(end), abs(slope), math.hypot(slope, level) if touches else 0.0)


@compiled
def level_of_line(x: float, value: float, slope: float, jump: float) -> float:
    """`value + slope x + jump`, rounded once: far from zero the first two are large and the rest is what counts."""
    product, product_low = two_product(slope, x)
    total, total_low = two_sum(value, product)
    total, total_low = pair_sum(total, total_low + product_low, jump, 0.0)
    return total + total_low


@inlined
def _ratio_inside(
    left: float,
    right: float,
    left_weight: float,
    right_weight: float,
    q_left: float,
    q_right: float,
    slope: float,
    level: float,
    side: float,
) -> float:
    """The largest ratio of `q - l` inside an interval, where that is not at an end; 0 otherwise.

    With `q(t) = m t + k` and `l(t) = level - slope t` it is `sqrt((m + slope)^2 + (k - level)^2)`. `k` is what is left
    of large products when the ends are far away, so it is taken in pairs of doubles. Where they are very far, units
    (`_unit`) keep those in the range of doubles.
    """
    left_unit = right_unit = 1.0
    if max(left_weight, right_weight) > _FAR:
        left_unit, right_unit = _unit(left_weight), _unit(right_weight)
    step = (right - left) * left_unit * right_unit
    if step < _NARROW * (left_weight * left_unit) * (right_weight * right_unit) and left * right > -0.5:
        return 0.0  # the angle between the ends is below 2**-27: nowhere is the ratio larger by a unit of rounding
    q_left, q_right = q_left * left_unit, q_right * right_unit
    first, first_low = two_product(q_left, right * right_unit)
    second, second_low = two_product(q_right, left * left_unit)
    difference, lost = two_sum(first, -second)
    difference_low, lost_low = two_sum(first_low, -second_low)
    k, rest = two_sum(difference, difference_low)
    k = (k + (rest + lost + lost_low)) / step - level
    m = (q_right * left_unit - q_left * right_unit) / step + slope
    if k == 0.0 or side * k < 0.0 or not left < m / k < right:
        return 0.0
    larger, smaller = max(abs(m), abs(k)), min(abs(m), abs(k))
    if larger < _LARGE and larger > _SMALL:
        return math.sqrt(larger * larger + smaller * smaller)
    return math.hypot(larger, smaller)


@inlined
def _ratio(value: float, weight_here: float, side: float) -> float:
    """At a point."""
    return (abs(value) if side == 0.0 else side * value) / weight_here


@inlined
def _unit(weight_here: float) -> float:
    """The power of two that brings `(1, x)` to a length from one half to one."""
    return math.ldexp(1.0, -math.frexp(weight_here)[1])


@inlined
def _stays_below(worst: float, ratio: float, left: float, right: float, w: float, v: float) -> bool:
    """Whether no ratio inside an interval reaches the worst, as `ratio` is the larger one at its ends.

    It is a length times the cosine to a direction, so it grows by the cosine of half the angle between the ends at
    most. Their weights are `w` and `v`; with a sine of one half at most, the inverse of that cosine is less than one
    plus 0.16 times its square.
    """
    if not (right - left < 0.5 * w * v and 1.0 + left * right > 0.0):
        return False
    if ratio * 1.0625 < worst:
        return True
    sine = (right - left) / (w * v)
    below: bool = ratio * (1.0 + 0.25 * sine * sine) < worst
    return below


@compiled
def worst_over_intervals(x: Floats, q: Floats, slope: float, level: float, side: float) -> tuple[float, int]:
    """The largest `|q(t) - l(t)| / sqrt(1 + t^2)` over the data, `l(t) = level - slope t`, and the interval it is in.

    To one `side` only, 1 or -1, if that is not zero.

    On an interval `q - l` is a line `m t + k`, and the ratio has its one maximum at `t = m / k`. Where `l` is within
    its envelope on both rays, its level is at most twice the largest ratio, so that subtracting it loses no digits.
    """
    worst, where = 0.0, 0
    v = weight(x[0])
    right = _ratio(q[0] - (level - slope * x[0]), v, side)
    for i in range(x.size - 1):
        left, w, v = right, v, weight(x[i + 1])
        right = _ratio(q[i + 1] - (level - slope * x[i + 1]), v, side)
        ratio = max(left, right)
        if not _stays_below(worst, ratio, x[i], x[i + 1], w, v):
            inside = _ratio_inside(x[i], x[i + 1], w, v, q[i], q[i + 1], slope, level, side)
            ratio = max(ratio, inside)
        if ratio > worst:
            worst, where = ratio, i
    return worst, where
