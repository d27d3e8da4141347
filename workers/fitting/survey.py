"""What the dual of a candidate proves, and where kinks would pay: where it exceeds its envelope.

The dual function is read off the residuals, `q(t) = sum_i theta_i relu(x_i - t)`, `theta = 2 weights (y - f) / price`.
"""

import numpy as np
from numpy.typing import NDArray

from workers.fitting.restricted import Candidate, Observed, Price, fill_residuals, norm
from workers.immutable import immutable
from workers.minnorm.compiled import compiled, inlined
from workers.minnorm.doubles import two_product, two_sum
from workers.minnorm.weight import weight

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

_SMALLEST_EXCESS = 1e-14
_SHARE_OF_GAP = 0.1
_NARROW = 1e-150
_FAR_BELOW = 0.9
_FIRST_ROOM = 1024


@immutable
class Peaks:
    """Where the dual exceeds its envelope: `places` counts point i as 2 i, the inside of the next interval as 2 i + 1.

    `ratios` are those of the dual and its envelope, `reaches` says how far inside the interval. Ascending.
    """

    places: Indices
    ratios: Floats
    reaches: Floats

    def highest(self, count: int) -> "Peaks":
        """The highest ones, in order."""
        if count >= self.places.size:
            return self
        chosen = np.sort(np.argsort(-np.abs(self.ratios), kind="stable")[:count])
        return Peaks(self.places[chosen], self.ratios[chosen], self.reaches[chosen])


@immutable
class Finding:
    """A candidate, what it costs, the relative gap to what its dual proves as far as rounding allows, and the peaks."""

    candidate: Candidate
    objective: float
    relative_gap: float
    peaks: Peaks


class Survey:
    """Looks at candidates for one problem, in the same memory, 40 bytes a point: with the next, the last one is lost.

    Of the last candidate `residuals` are `f - y`, `high` and `low` the dual values and what these lose by rounding:
    multipliers are differences of their slopes. Shapes (m,).
    """

    def __init__(self, data: Observed, price: Price) -> None:
        self.data, self.price = data, price
        m = data.x.size
        self.envelope = np.ones(m)
        if price.penalise_biases:
            _fill_envelope(data.x, self.envelope)
        self._insides = price.penalise_biases, not price.penalise_biases or _is_fine(data.x, self.envelope)
        self.residuals, self.high, self.low, self._ratios = (np.empty(m) for _ in range(4))
        self._centre, self._spread = _moments_of_place(data.x, data.weights)
        self._line_of_data = _line(data.x, data.weights, data.y, self._centre, self._spread)

    def look(self, candidate: Candidate, gap: float) -> Finding:
        """O(m)."""
        data, price = self.data, self.price
        x, weights, here = data.x, data.weights, candidate
        cost = price.each * norm(x, price, here)
        objective = fill_residuals(x, data.y, weights, here.nodes, here.offsets, self.residuals) + cost
        # It vanishes at the optimum, and has to in a dual.
        line = _line(x, weights, self.residuals, self._centre, self._spread)
        gained, squares = _integrate(
            x, data.y, weights, self.residuals, self._centre, line, self._line_of_data, price.each, self.high, self.low
        )
        worst = _compare(x, self.envelope, *self._insides, self.high, self.low, self._ratios)
        scale = 1.0 / max(1.0, worst)
        bound = -2.0 * scale * gained - scale**2 * squares
        excess = max(_SMALLEST_EXCESS, _SHARE_OF_GAP * gap * objective / cost) if cost > 0.0 else _SMALLEST_EXCESS
        peaks = self._peaks(here.nodes, 1.0 + excess, max(0.0, 2.0 - worst))
        return Finding(here, objective, (objective - bound) / objective if objective > 0.0 else 0.0, peaks)

    def _peaks(self, nodes: Indices, limit: float, floor: float) -> Peaks:
        x, places, count = self.data.x, np.empty(_FIRST_ROOM, np.int64), 0
        while True:
            count = _find_peaks(x, self.envelope, *self._insides, self._ratios, nodes, limit, floor, places)
            if count <= places.size:
                break
            places = np.empty(count, np.int64)
        return Peaks(places[:count], *_described(x, self.envelope, self._ratios, places[:count]))


@compiled
def _fill_envelope(x: Floats, envelope: Floats) -> None:
    for i in range(x.size):
        envelope[i] = weight(x[i])


@compiled
def _moments_of_place(x: Floats, weights: Floats) -> tuple[float, float]:
    """Mean and variance of how far a point is from the first, beside the last."""
    width = x[-1] - x[0]
    centre, spread = 0.0, 0.0
    for i in range(x.size):
        centre += weights[i] * ((x[i] - x[0]) / width)
    for i in range(x.size):
        spread += weights[i] * ((x[i] - x[0]) / width - centre) ** 2
    return centre, spread


@compiled
def _line(x: Floats, weights: Floats, values: Floats, centre: float, spread: float) -> tuple[float, float]:
    """Of least squares: its value at the centre, and by how much it rises from the first point to the last."""
    width = x[-1] - x[0]
    level, rise = 0.0, 0.0
    for i in range(x.size):
        pull = weights[i] * values[i]
        level += pull
        rise += pull * ((x[i] - x[0]) / width - centre)
    return level, rise / spread


def line_of_data(data: Observed) -> Candidate:
    """The best of the functions that are affine."""
    centre, spread = _moments_of_place(data.x, data.weights)
    level, rise = _line(data.x, data.weights, data.y, centre, spread)
    nodes, nothing = np.array([0, data.x.size - 1]), np.zeros(2)
    ends = level + rise * np.array([-centre, 1.0 - centre])
    return Candidate(nodes, nothing, ends - data.y[nodes], ends, nothing, nothing)


@compiled
def _integrate(
    x: Floats,
    y: Floats,
    weights: Floats,
    residuals: Floats,
    centre: float,
    line: tuple[float, float],
    line_of_data: tuple[float, float],
    price: float,
    high: Floats,
    low: Floats,
) -> tuple[float, float]:
    """The dual values but for a line, as pairs of doubles, from the right; and the sums that their bound consists of.

    These are of the residuals without their line: with the data without theirs, and with themselves. Pairs are not
    brought into order, which `_compare` does.
    """
    n, scale, factor = x.size, 1.0 / (x[-1] - x[0]), -2.0 / price
    gained, squares = 0.0, 0.0
    for i in range(n):
        place = (x[i] - x[0]) * scale - centre
        own = residuals[i] - (line[0] + line[1] * place)
        pull = weights[i] * own
        gained += pull * (y[i] - (line_of_data[0] + line_of_data[1] * place))
        squares += pull * own
        low[i] = factor * pull
    total, total_low, value, value_low, behind = 0.0, 0.0, 0.0, 0.0, x[n - 1]
    for k in range(n):
        i = n - 1 - k
        # Errors are added up beside the sums: the next sum need not wait for them.
        step, step_low = two_sum(behind, -x[i])
        fall, fall_low = two_product(total, step)
        value, error = two_sum(value, fall)
        value_low += error + (fall_low + (total_low * step + total * step_low))
        total, error = two_sum(total, low[i])
        total_low += error
        high[i], low[i], behind = value, value_low, x[i]
    return gained, squares


@compiled
def _compare(
    x: Floats, envelope: Floats, has_insides: bool, is_fine: bool, high: Floats, low: Floats, ratios: Floats
) -> float:
    """Take away the line that rounding leaves of the dual at the left; its ratios to the envelope, and the largest.

    If that is far below 1, it need not be exact.

    The first and the last multiplier make up for that line, so that `q` vanishes at both ends.
    """
    n = x.size
    slope, end, worst = (high[0] + low[0]) / (x[n - 1] - x[0]), x[n - 1], 0.0
    for i in range(n):
        line, line_low = two_product(slope, end - x[i])
        value, error = two_sum(high[i], -line)
        high[i], low[i] = two_sum(value, error + (low[i] - line_low))
        ratios[i] = high[i] / envelope[i]
    high[0] = low[0] = ratios[0] = 0.0
    for i in range(n - 1):
        top = max(abs(ratios[i]), abs(ratios[i + 1]))
        if is_fine and top < _FAR_BELOW:
            continue
        worst = max(worst, top)
        if has_insides:
            worst = max(worst, abs(_inside(x, envelope, ratios, i)[0]))
    return worst


@compiled
def _find_peaks(
    x: Floats,
    envelope: Floats,
    has_insides: bool,
    is_fine: bool,
    ratios: Floats,
    nodes: Indices,
    limit: float,
    floor: float,
    places: Indices,
) -> int:
    """Where the ratio exceeds the limit most, once for each stretch where it stays above the floor; how many there are.

    As many places as there is room for are written: `Peaks`. Nodes, which have kinks, end a stretch: there the ratio is
    1 but for rounding. Whether two that are neighbours have a common kink is no question of what is admitted.
    """
    count = 0
    for j in range(nodes.size - 1):
        first, last = nodes[j], nodes[j + 1]
        looks_inside = has_insides and last - first > 1
        side, highest, best = 1.0, limit, -1
        for i in range(first, last):
            is_low = is_fine and abs(ratios[i]) < _FAR_BELOW and abs(ratios[i + 1]) < _FAR_BELOW
            if is_low and best < 0:
                continue
            if i > first:
                side, highest, best, count = _counted(
                    ratios[i], 2 * i, side, highest, best, limit, floor, places, count
                )
            if is_low or not looks_inside:
                continue
            ratio = _inside(x, envelope, ratios, i)[0]
            if abs(ratio) > limit:
                side, highest, best, count = _counted(
                    ratio, 2 * i + 1, side, highest, best, limit, floor, places, count
                )
        count = _written(places, count, best)
    return count


@inlined
def _counted(
    ratio: float,
    place: int,
    side: float,
    highest: float,
    best: int,
    limit: float,
    floor: float,
    places: Indices,
    count: int,
) -> tuple[float, float, int, int]:
    """A place more: to which side the stretch in hand goes, how high and where, and how many peaks are written.

    Stretches in hand have a peak.
    """
    if best >= 0 and ratio * side < floor:
        count = _written(places, count, best)
        highest, best = limit, -1
    if abs(ratio) > highest:
        side, highest, best = (1.0 if ratio > 0.0 else -1.0), abs(ratio), place
    return side, highest, best, count


@inlined
def _written(places: Indices, count: int, best: int) -> int:
    """One more peak, if there is one; how many there are."""
    if best < 0:
        return count
    if count < places.size:
        places[count] = best
    return count + 1


@compiled
def _described(x: Floats, envelope: Floats, ratios: Floats, places: Indices) -> tuple[Floats, Floats]:
    """Ratios and reaches of `Peaks`."""
    heights, reaches = np.empty(places.size), np.empty(places.size)
    for p in range(places.size):
        i = places[p] // 2
        heights[p], reaches[p] = ratios[i], 0.0
        if places[p] % 2 == 1:
            heights[p], reaches[p] = _inside(x, envelope, ratios, i)
    return heights, reaches


@compiled
def _is_fine(x: Floats, envelope: Floats) -> bool:
    """Whether each interval is seen from `(0, -1)` under less than 30 degrees.

    Then inside of it the ratio is larger than at its ends by a factor of 1.04 at most.
    """
    for i in range(x.size - 1):
        if not (x[i + 1] - x[i] < 0.5 * envelope[i] * envelope[i + 1] and 1.0 + x[i] * x[i + 1] > 0.0):
            return False
    return True


@inlined
def _inside(x: Floats, envelope: Floats, ratios: Floats, i: int) -> tuple[float, float]:
    """The signed ratio where a chord is highest above its envelope, and the place of that in the interval, 0 to 1.

    0 where it is highest at an end.
    """
    left, right, w, v, a, b = x[i], x[i + 1], envelope[i], envelope[i + 1], ratios[i], ratios[i + 1]
    cosine = 1.0 / w / v + (left / w) * (right / v)
    sine = (right - left) / w / v
    if sine < _NARROW:
        return 0.0, 0.0  # nowhere is the ratio larger, but for rounding
    flat = sine * sine / (1.0 + cosine) if cosine > 0.0 else 1.0 - cosine
    share_left, share_right = (a - b) + b * flat, (b - a) + a * flat
    if share_left * share_right <= 0.0:
        return 0.0, 0.0
    slope = (a - b) / sine
    ratio = np.sqrt(slope * slope + 2.0 * a * b * flat / (sine * sine))
    reach = share_right / v / (share_left / w + share_right / v)
    return (ratio if share_left > 0.0 else -ratio), reach
