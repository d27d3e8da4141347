"""The multipliers that dual values stand for, with twice the digits: they are differences of slopes.

`q(t) = sum_i theta_i relu(x_i - t)`, so the slope of `q` on an interval is minus the sum of the multipliers right of
it. A function that has to be monotone is pushed, too: `pushes[i]` is spread evenly over the interval left of point i,
`pushes[0]` is at the first point and `pushes[m]` at the last. Then `values` are those of `q` plus all pushes further
right (see `bound`), and a push over the length of its interval comes to the slope of `values` to make that of `q`.
"""

import numpy as np
from numpy.typing import NDArray

from workers.immutable import immutable
from workers.minnorm.compiled import compiled, inlined
from workers.minnorm.doubles import fma, pair_sum, two_product, two_sum

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

_U = 2.0**-53
_FINE = 2.0**-98
_TINY = 2.0**-1020
"""More than is lost where numbers become subnormal, and normal itself: products with others take a hundred times
longer."""


@immutable
class Pulls:
    """Dual values and pushes at some of the points, `places`, that are enough to say all multipliers.

    `values` and `low` (k,), whose sums are the dual values; `pushes` (k + 1,). The multipliers of all other points are
    zero.
    """

    places: Indices
    values: Floats
    low: Floats
    pushes: Floats
    total: float

    @classmethod
    def at_all(cls, values: Floats, low: Floats, pushes: Floats, total: float) -> "Pulls":
        """Every point counts."""
        return cls(np.arange(values.size), values, low, pushes, total)

    def without_wrong_signs(self, x: Floats, wanted: Floats, ends_at_zero: bool) -> "Pulls":
        """Leave out points whose multiplier has not the sign that is `wanted` (1, -1, or 0 for any) until none is left.

        A line replaces `q` around a point left out, and its push goes to the interval that remains; so the multipliers
        of its neighbours change, and keep whatever moments they had to have. Where the first point is left out and
        `ends_at_zero`, `q` is zero left of the next one instead; where the last is, right of the one before it. A
        multiplier counts as having a sign where rounding cannot change it. There may be no point left. O(m).
        """
        places, values = self.places.copy(), self.values.copy()
        low, pushes = self.low.copy(), self.pushes.copy()
        count = _thin(x.copy(), self.total, ends_at_zero, wanted, places, values, low, pushes)
        return Pulls(places[:count], values[:count], low[:count], pushes[: count + 1], self.total)

    def multipliers(self, x: Floats) -> tuple[Floats, Floats, Floats]:
        """At the places, as pairs, and bounds for their errors. O(k)."""
        high, low, error = np.empty_like(self.values), np.empty_like(self.values), np.empty_like(self.values)
        _fill(np.ascontiguousarray(x[self.places]), self.values, self.low, self.pushes, self.total, high, low, error)
        return high, low, error


@inlined
def _right_of(x: Floats, values: Floats, low: Floats, pushes: Floats, j: int) -> tuple[float, float, float]:
    """The sum of the multipliers right of interval j, as a pair, and a bound for its error."""
    step, step_low = two_sum(x[j + 1], -x[j])
    drop, drop_low = two_sum(values[j], -values[j + 1])
    fall, lost = two_sum(drop, -pushes[j + 1])
    below = low[j] - low[j + 1]
    fall_low = drop_low + below + lost
    if fall == 0.0 and fall_low == 0.0:
        return 0.0, 0.0, 0.0
    total, inverse = fall / step, 1.0 / step
    total_low = (fma(-total, step, fall) + fall_low - total * step_low) * inverse
    rounding = _FINE * (abs(total) + abs(drop) * inverse) + 8.0 * _U * abs(below) * inverse
    return total, total_low, rounding + _TINY * (1.0 + inverse)


@inlined
def _difference(
    before: float, before_low: float, error: float, after: float, after_low: float, error_after: float
) -> tuple[float, float, float]:
    """The multiplier between two such sums, likewise."""
    pull, pull_low = pair_sum(before, before_low, -after, -after_low)
    return pull, pull_low, error + error_after + _FINE * (abs(before) + abs(after))


@inlined
def _multiplier(
    x: Floats, values: Floats, low: Floats, pushes: Floats, total: float, j: int, is_last: bool
) -> tuple[float, float, float]:
    """The multiplier of point j, as a pair, and a bound for its error."""
    before, before_low, error = total, 0.0, 0.0
    if j > 0:
        before, before_low, error = _right_of(x, values, low, pushes, j - 1)
    after, after_low, error_after = 0.0, 0.0, 0.0
    if not is_last:
        after, after_low, error_after = _right_of(x, values, low, pushes, j)
    return _difference(before, before_low, error, after, after_low, error_after)


@compiled
def _fill(
    x: Floats,
    values: Floats,
    low: Floats,
    pushes: Floats,
    total: float,
    pulls: Floats,
    pulls_low: Floats,
    error: Floats,
) -> None:
    """Of all points, if there are any."""
    before, before_low, error_before = total, 0.0, 0.0
    for j in range(x.size):
        after, after_low, error_after = 0.0, 0.0, 0.0
        if j < x.size - 1:
            after, after_low, error_after = _right_of(x, values, low, pushes, j)
        pulls[j], pulls_low[j], error[j] = _difference(before, before_low, error_before, after, after_low, error_after)
        before, before_low, error_before = after, after_low, error_after


@inlined
def _is_wrong(
    x: Floats, values: Floats, low: Floats, pushes: Floats, total: float, wanted: float, j: int, is_last: bool
) -> bool:
    """Whether the multiplier of point j may have the wrong sign; one that does not fit in a double has."""
    if wanted == 0.0:
        return False
    pull, pull_low, error = _multiplier(x, values, low, pushes, total, j, is_last)
    if pull == 0.0 and pull_low == 0.0 and error == 0.0:
        return False
    return not wanted * pull + wanted * pull_low > error


@compiled
def _thin(
    x: Floats,
    total: float,
    ends_at_zero: bool,
    wanted: Floats,
    places: Indices,
    values: Floats,
    low: Floats,
    pushes: Floats,
) -> int:
    """In place, also `x`; the number of points that remain. Each comes once and goes once."""
    m = x.size
    count = 0
    for i in range(m):
        places[count], x[count] = i, x[i]
        values[count], low[count], pushes[count] = values[i], low[i], pushes[i]
        count += 1
        while count > 1 and _is_wrong(x, values, low, pushes, total, wanted[places[count - 2]], count - 2, False):
            count = _leave_out(count, ends_at_zero, places, x, values, low, pushes)
    end = pushes[m]
    while count > 0:
        if count > 1 and _is_wrong(x, values, low, pushes, total, wanted[places[count - 2]], count - 2, False):
            count = _leave_out(count, ends_at_zero, places, x, values, low, pushes)
        elif _is_wrong(x, values, low, pushes, total, wanted[places[count - 1]], count - 1, True):
            count -= 1
            end += pushes[count]
            if count > 0:
                values[count - 1], low[count - 1] = end, 0.0
        else:
            break
    if count == 1 and ends_at_zero:
        return 0  # one multiplier is their sum, which is zero
    pushes[count] = end
    return count


@inlined
def _leave_out(
    count: int, ends_at_zero: bool, places: Indices, x: Floats, values: Floats, low: Floats, pushes: Floats
) -> int:
    """Drop the last but one; the number that remain."""
    j = count - 2
    places[j], x[j], values[j], low[j] = places[j + 1], x[j + 1], values[j + 1], low[j + 1]
    pushes[j] += pushes[j + 1]
    if j == 0 and ends_at_zero:
        values[0], low[0] = -pushes[0], 0.0
    return count - 1


@compiled
def paired(high: Floats, low: Floats, error: Floats, multiple: float, values: Floats) -> tuple[float, float]:
    """`multiple sum theta_i values_i`, and a bound for its error.

    Summed in pairs of doubles: a product is wrong by 8 units of 2**-106, a sum by 4 units of what has been added up.
    Errors are added up beside the sum, so that the next sum need not wait for them, and lose a unit of their own.
    """
    total, total_low, slack = 0.0, 0.0, 0.0
    for i in range(high.size):
        slope, slope_low = two_product(multiple, high[i])
        slope_low += multiple * low[i]
        term, term_low = two_product(slope, values[i])
        total, lost = two_sum(total, term)
        total_low += lost + (term_low + slope_low * values[i])
        slack += (64.0 * abs(term) + 8.0 * abs(total)) * _U * _U + 2.0 * _U * abs(total_low)
        slack += abs(values[i]) * (multiple * error[i] + _TINY) + _TINY
    return total + total_low, slack * (1.0 + 2.0**-20) + 2.0 * _U * abs(total)
