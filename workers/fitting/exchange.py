"""The fast way to a regularised least-squares fit with a skip connection: exchange of kinks, exact in each round.

Each round solves the problem restricted to some kinks (`restricted`), reads the dual function off the residuals,
`q(t) = sum_i theta_i relu(x_i - t)` with `theta = 2 weights (y - f) / price`, and admits a kink wherever `|q|` exceeds
its envelope most: at a point of the data, or in the interval between two, inside of which it may slide. The objective
falls in each round, and there are finitely many sets of kinks, so that no round repeats another.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workers.fitting.restricted import Candidate, Observed, Price, minimise, norm, objective_of
from workers.minnorm.compiled import compiled, inlined
from workers.minnorm.doubles import pair_sum, two_product, two_sum
from workers.minnorm.piecewise_linear import PiecewiseLinear
from workers.minnorm.placement import place_kinks
from workers.minnorm.weight import weight

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Marks = NDArray[np.bool_]

_ROUNDS = 100
_MOST_STALLS = 10
_PROGRESS = 1e-6
_SMALLEST_EXCESS = 1e-14
_SHARE_OF_GAP = 0.1
_SEED = 1e-6
_NARROW = 1e-150


@dataclass(frozen=True)
class Exchanged:
    """A candidate, the dual values its residuals give, and the relative gap between both as far as rounding allows.

    `dual_low` is what the dual values lose by rounding: multipliers are differences of their slopes.
    """

    candidate: Candidate
    dual_values: Floats
    dual_low: Floats
    objective: float
    relative_gap: float


@dataclass(frozen=True)
class _Peaks:
    """Where the dual exceeds its envelope: `places` counts point i as 2 i, the inside of the next interval as 2 i + 1.

    `ratios` are those of the dual and its envelope, `reaches` says how far inside the interval.
    """

    places: Indices
    ratios: Floats
    reaches: Floats

    def highest(self, count: int) -> "_Peaks":
        """The highest ones, in order."""
        if count >= self.places.size:
            return self
        chosen = np.sort(np.argsort(-np.abs(self.ratios), kind="stable")[:count])
        return _Peaks(self.places[chosen], self.ratios[chosen], self.reaches[chosen])


def candidate_from(data: Observed, price: Price, function: PiecewiseLinear) -> Candidate:
    """The nodes that a function's kinks need: the data at them, or on both sides; a start for a similar problem."""
    x = data.x
    inner = (function.kinks > x[0]) & (function.kinks < x[-1])
    kinks, signs = function.kinks[inner], np.sign(function.slope_changes[inner])
    after = np.searchsorted(x, kinks)
    sign = np.zeros(x.size)
    sign[after] = signs
    beside = after[x[after] != kinks] - 1
    sign[beside] = np.where(sign[beside] == 0.0, signs[x[after] != kinks], sign[beside])
    sign[[0, -1]] = 0.0
    present = sign != 0.0
    present[[0, -1]] = True
    nodes = np.flatnonzero(present)
    return Candidate.of(data, price, nodes, sign[nodes], function(x[nodes]) - data.y[nodes])


def as_function(data: Observed, candidate: Candidate) -> PiecewiseLinear:
    """The candidate as a function, its kinks placed exactly."""
    x, y = data.x[candidate.nodes], candidate.values
    slope0, kinks, slope_changes = place_kinks(x, y, candidate.from_left, candidate.from_right)
    return PiecewiseLinear(float(x[0]), float(y[0]), slope0, kinks, slope_changes)


def exchange(data: Observed, price: Price, gap: float, start: Candidate | None = None) -> Exchanged:
    """Lower the objective until the relative gap is reached, or no kink that is admitted lowers it.

    O(m) a round; 5 to 20 rounds, whatever the number of points. A `start` from a similar problem saves some.
    """
    here = minimise(data, price, _line(data) if start is None else start)
    found, peaks, residuals = _look(data, price, here, gap)
    best, stalls = found, 0
    for _ in range(_ROUNDS):
        # Kinks that are admitted side by side can drive each other out again: then fewer are admitted.
        admitted = peaks.highest(max(1, peaks.places.size >> (2 * stalls)))
        if best.relative_gap <= gap or stalls > _MOST_STALLS or not peaks.places.size:
            break
        here = minimise(data, price, _with_peaks(data, price, here, admitted, residuals))
        found, peaks, residuals = _look(data, price, here, gap)
        stalls = 0 if _is_progress(best, found) else stalls + 1
        best = min(best, found, key=lambda one: one.relative_gap)
    return best


def _is_progress(best: Exchanged, found: Exchanged) -> bool:
    """Whether the objective has fallen by some of what is left, or the gap has."""
    fall = best.objective - found.objective
    return fall > _PROGRESS * best.relative_gap * best.objective or found.relative_gap < 0.5 * best.relative_gap


def _line(data: Observed) -> Candidate:
    """The best of those that are affine."""
    nodes, nothing = np.array([0, data.x.size - 1]), np.zeros(2)
    ends = _least_squares_line(data, data.y)[nodes]
    return Candidate(nodes, nothing, ends - data.y[nodes], ends, nothing, nothing)


def _least_squares_line(data: Observed, y: Floats) -> Floats:
    """Its values at all abscissae."""
    # np.sum, not a product: libraries of linear algebra add from several threads, and wait for each other.
    reach = (data.x - data.x[0]) / (data.x[-1] - data.x[0])
    reach -= np.sum(data.weights * reach)
    masses = data.weights * reach
    line: Floats = np.sum(data.weights * y) + reach * (np.sum(masses * y) / np.sum(masses * reach))
    return line


def _look(data: Observed, price: Price, here: Candidate, gap: float) -> tuple[Exchanged, _Peaks, Floats]:
    """What the dual of a candidate proves, where it exceeds its envelope, and the candidate's residuals."""
    residuals = np.empty_like(data.x)
    objective = objective_of(data, price, here, residuals)
    cost = price.each * norm(data.x, price, here)
    own = residuals - _least_squares_line(data, residuals)  # that vanishes at the optimum, and has to in a dual
    q, low = dual_values(data.x, -2.0 / price.each * data.weights * own)
    excess = max(_SMALLEST_EXCESS, _SHARE_OF_GAP * gap * objective / cost) if cost > 0.0 else _SMALLEST_EXCESS
    m = data.x.size
    ratios, reaches = np.zeros(2 * m), np.zeros(2 * m)
    _fill_ratios(data.x, q, price.penalise_biases, ratios, reaches)
    worst = float(np.max(np.abs(ratios)))
    scale = 1.0 / max(1.0, worst)
    bent = data.y - _least_squares_line(data, data.y)
    bound = -2.0 * scale * np.sum(data.weights * own * bent) - scale**2 * np.sum(data.weights * own**2)
    relative_gap = (objective - bound) / objective if objective > 0.0 else 0.0
    known, places = np.zeros(2 * m, np.bool_), np.empty(2 * m, np.int64)
    known[2 * here.nodes] = True
    between = here.nodes[:-1][np.diff(here.nodes) == 1]
    known[2 * between + 1] = True  # whether neighbours have a common kink is no question of what is admitted
    places = places[: _find_peaks(ratios, known, 1.0 + excess, max(0.0, 2.0 - worst), places)]
    return Exchanged(here, q, low, objective, relative_gap), _Peaks(places, ratios[places], reaches[places]), residuals


def dual_values(x: Floats, multipliers: Floats) -> tuple[Floats, Floats]:
    """`q` at the points, as pairs of doubles, of multipliers that have neither sum nor moment but for rounding.

    What these are is made up for by the first and the last one, so that `q` vanishes at both ends.
    """
    high, low = np.empty_like(x), np.empty_like(x)
    _integrate(x, multipliers, high, low)
    return high, low


@compiled
def _integrate(x: Floats, multipliers: Floats, high: Floats, low: Floats) -> None:
    """From the right, in pairs of doubles."""
    total, total_low, value, value_low = 0.0, 0.0, 0.0, 0.0
    n = x.size
    high[n - 1] = low[n - 1] = 0.0
    for i in range(n - 2, -1, -1):
        total, total_low = pair_sum(total, total_low, multipliers[i + 1], 0.0)
        step, step_low = two_sum(x[i + 1], -x[i])
        fall, fall_low = two_product(total, step)
        value, value_low = pair_sum(value, value_low, fall, fall_low + (total_low * step + total * step_low))
        high[i], low[i] = value, value_low
    slope = value / (x[n - 1] - x[0])
    for i in range(n - 1):
        line, line_low = two_product(slope, x[n - 1] - x[i])
        high[i], low[i] = pair_sum(high[i], low[i], -line, -line_low)
    high[0] = low[0] = 0.0


@compiled
def _fill_ratios(x: Floats, q: Floats, penalise_biases: bool, ratios: Floats, reaches: Floats) -> None:
    """`q` over its envelope, at point i as number 2 i; and inside the interval after it as number 2 i + 1.

    There it counts where it is largest, `reaches[2 i + 1]` of the interval from its left end; 0 if that is at an end.
    """
    right, b = 1.0, 0.0
    for i in range(x.size - 1):
        left, a = right, b
        right = weight(x[i + 1]) if penalise_biases else 1.0
        b = q[i + 1] / right
        ratios[2 * i] = a
        if penalise_biases:
            left = weight(x[i])
            ratios[2 * i + 1], reaches[2 * i + 1] = _inside(x[i], x[i + 1], left, right, a, b)


@compiled
def _find_peaks(ratios: Floats, known: Marks, limit: float, floor: float, peaks: Indices) -> int:
    """Where the ratio exceeds the limit most, once for each stretch where it stays above the floor; how many.

    Known places, which have kinks, end a stretch: there the ratio is 1 but for rounding.
    """
    count = 0
    best, highest = -1, limit  # of the stretch in hand
    side = 0.0
    for place in range(ratios.size):
        ratio = ratios[place]
        if ratio == 0.0 and place % 2 == 1:
            continue
        if known[place] or ratio * side < floor:
            if best >= 0:
                peaks[count] = best
                count += 1
            best, highest = -1, limit
            side = np.sign(ratio)
        if not known[place] and abs(ratio) > highest:
            best, highest = place, abs(ratio)
    return count


@inlined
def _inside(left: float, right: float, w: float, v: float, a: float, b: float) -> tuple[float, float]:
    """The signed ratio where a chord is highest above its envelope, and the place of that in the interval, 0 to 1.

    `a` and `b` are the ratios at its ends. 0 where it is highest at an end.
    """
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


def _with_peaks(data: Observed, price: Price, here: Candidate, peaks: _Peaks, residuals: Floats) -> Candidate:
    """The candidate with small kinks at the peaks."""
    x = data.x
    seed = _SEED * float(np.max(np.abs(data.y - np.sum(data.weights * data.y)))) / float(x[-1] - x[0])
    present, sign, change = np.zeros(x.size, np.bool_), np.zeros(x.size), np.zeros(x.size)
    present[here.nodes], sign[here.nodes] = True, here.signs
    left = peaks.places // 2
    for point, share in ((left, 1.0 - peaks.reaches), (left + 1, peaks.reaches)):
        new = ~present[np.minimum(point, x.size - 1)] & (share > 0.0)
        sign[point[new]] = np.sign(peaks.ratios[new])
        change[point[new]] = sign[point[new]] * seed * share[new]
    present |= change != 0.0
    nodes = np.flatnonzero(present)
    old, at = x[here.nodes], x[nodes]
    bend = _bend(at, change[nodes])
    # Where there were nodes, values stay: kinks beside the new ones give way, and the loss hardly changes.
    bend -= np.interp(at, old, bend[np.searchsorted(nodes, here.nodes)])
    return Candidate.of(data, price, nodes, sign[nodes], residuals[nodes] + bend)


def _bend(x: Floats, changes: Floats) -> Floats:
    """Values of the function that starts with zeros and changes its slope at the points."""
    return np.concatenate(([0.0], np.cumsum(np.cumsum(changes)[:-1] * np.diff(x))))
