"""Least norm without a skip connection, biases penalised.

Where the data turn to and fro enough, the interpolator of least norm with a skip connection leaves no affine part that
has to be paid for: its neurons can share it by facing one way or the other (`zonotope`). Then it is also the least
without one, and is found in linear time. Otherwise the cone program of `cones` is solved, and its solution made exact
by `contacts`. Either way the certificate is the answer's only authority.

The minimiser is unique for three or more points. Neurons of the optimum touch the envelope of the dual, which they do
at one place an interval, sign and direction. The difference of two minimisers vanishes at the data and has its kinks at
these places; a kink inside an interval then forces one inside the next, on to the end of the data, and this needs a
first and a last interval that both span a right angle: only for two points is that possible.
"""

from dataclasses import replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from workers.minnorm.active_set import refine
from workers.minnorm.affine import is_narrow, least_norm_of_a_line
from workers.minnorm.bends import Bends
from workers.minnorm.certificate import Dual, lower_bound, relative_gap, tolerance, worst_ratio
from workers.minnorm.cones import LEFT, RIGHT, Shares, Targets, solve_cones
from workers.minnorm.contacts import DIRECTIONS, SIGNS, Neurons, all_neurons, find_neurons
from workers.minnorm.errors import TooManyPoints
from workers.minnorm.found import Found
from workers.minnorm.frame import Frame
from workers.minnorm.norms import function_norm
from workers.minnorm.piecewise_linear import PiecewiseLinear
from workers.minnorm.placement import place_kinks
from workers.minnorm.setting import Setting

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Kinks = tuple[Floats, Floats]
"""Places and slope changes."""

WITHOUT_SKIP = Setting(penalise_biases=True, skip_connection=False)
MOST_POINTS = 10_000
"""Of data that need the cone program."""

_ENOUGH = 1e-12
_ENOUGH_OF_MANY = 1e-10
_PROOF = 1e-9
_FEW = 400
"""Points for which more guesses are tried."""
_LIGHTEST = (1e-12, 1e-9, 1e-6)
_SAME_PLACE = 1e-9
_CANCELLED = 1e-12
_FLAT = 1e-6
_CONSTANT = 1e-13
"""With less weight a neuron that is active on all points is constant: its kink is too far away to be written."""


def least_norm_without_skip(bends: Bends, usual: Found) -> Found:
    """The minimiser; `usual` is the one with a skip connection.

    Raises `TooManyPoints` if more than 10,000 points need the cone program. What that cannot solve is not proved.
    """
    if not np.any(bends.curvature) and is_narrow(bends.data):
        return least_norm_of_a_line(bends.data)
    best = _Best(bends, usual.function, usual.dual)
    if best.gap > _ENOUGH:
        _solve(bends, best)
    return best.found()


def _solve(bends: Bends, best: "_Best") -> None:
    if bends.data.x.size > MOST_POINTS:
        message = f"Without a skip connection at most {MOST_POINTS} points are offered, unless they turn to and fro."
        raise TooManyPoints(message, "/x")
    first, second = np.arange(bends.data.x.size)[bends.vertices][:2]
    x, y = bends.data.x, bends.data.y
    slope = float((y[second] - y[first]) / (x[second] - x[first]))
    targets = Targets.of(x, bends.curvature, slope, float(y[0]))
    solution = solve_cones(targets)
    if solution is None:
        return  # the interpolator with a skip connection is the best that is known
    best.consider(None, targets.frame.dual(solution[1]))
    _refine(bends, targets, solution, best)


def _refine(bends: Bends, targets: Targets, solution: tuple[Shares, Floats, float], best: "_Best") -> None:
    """Guess which neurons the program's solution means until one guess proves right."""
    shares, multipliers, cost = solution
    # At the end of an interior-point method mass times distance is the same for all neurons.
    n = targets.frame.x.size
    least = float(np.sqrt(relative_gap(cost, best.bound) / (8.0 * n)))
    guesses, enough = [(1.0, 1e-5), (1.0, 1e-4), (1.0, 1e-3)], _ENOUGH_OF_MANY
    if n <= _FEW:
        enough = _ENOUGH
        guesses += [(factor, nearness) for factor in (30.0, 1e3) for nearness in (1e-7, 1e-5, 1e-3)]
    for factor, nearness in guesses:
        neurons = find_neurons(targets, shares, multipliers, factor * least, nearness)
        best.consider(function_of(bends, targets, neurons), None)
        for hasty in (True, False):
            refined = refine(targets, neurons, multipliers, hasty)
            if refined is not None:
                best.consider(function_of(bends, targets, refined[0]), targets.frame.dual(refined[1]))
                best.consider(function_of(bends, targets, _flattened(targets, refined[0])), None)
            if best.gap <= enough:
                return
    for lightest in _LIGHTEST:
        best.consider(function_of(bends, targets, all_neurons(targets, shares, lightest)), None)


def _flattened(targets: Targets, neurons: Neurons) -> Neurons:
    """Neurons that are active on all points and all but constant, as constant ones: with a slope of rounding only."""
    weights, biases = targets.frame.vector(neurons.everywhere).T
    flat = np.abs(weights) <= _FLAT * np.abs(biases)
    return replace(neurons, everywhere=np.where(flat[:, None], 0.0, neurons.everywhere))


class _Best:
    """The best function and the best dual so far."""

    def __init__(self, bends: Bends, function: PiecewiseLinear, dual: Dual) -> None:
        self._bends = bends
        self.norm, self.bound = np.inf, 0.0
        self._function = function
        self._tolerance = function.max_residual(bends.data.x, bends.data.y)
        self._dual = dual
        self.consider(function, dual)

    def consider(self, function: PiecewiseLinear | None, dual: Dual | None) -> None:
        """Keep what is better than what is known; a function has to interpolate as the first one did."""
        data = self._bends.data
        if function is not None and self._interpolates(function):
            norm = function_norm(function, WITHOUT_SKIP).representational_cost
            if norm < self.norm:
                self.norm, self._function = norm, function
        if dual is not None:
            bound = lower_bound(data, WITHOUT_SKIP, dual)
            if bound > self.bound:
                self.bound, self._dual = bound, dual

    def _interpolates(self, function: PiecewiseLinear) -> bool:
        data = self._bends.data
        return function.max_residual(data.x, data.y) <= max(self._tolerance, tolerance(data, function))

    @property
    def gap(self) -> float:
        """Relative to the norm."""
        return relative_gap(self.norm, self.bound)

    def found(self) -> Found:
        """Both together, the dual within its envelope. What is not proved may be one of many."""
        ratio = max(1.0, worst_ratio(self._bends.data.x, WITHOUT_SKIP, self._dual)[0])
        is_unique = self.gap <= _PROOF and self._bends.data.x.size > 2
        return Found(self._function, Dual(self._dual.values / ratio, self._dual.total / ratio), is_unique)


def function_of(bends: Bends, targets: Targets, neurons: Neurons) -> PiecewiseLinear:
    """The interpolator with the kinks of these neurons, of which there may be two in an interval.

    Points that carry one have it where they are; what the neurons lack of a point's curvature, its kink has too.
    """
    x, y, from_left, from_right = _with_separators(bends, *_inner_kinks(targets, neurons))
    slope, kinks, changes = place_kinks(x, y, from_left, from_right)
    before, behind = _outer_kinks(targets, neurons)
    x0 = min([float(x[0]), *before[0].tolist()])
    y0 = float(y[0]) + slope * (x0 - float(x[0])) + float(before[1] @ (before[0] - x0))
    slope -= float(np.sum(before[1]))
    if x0 < x[0]:  # far away from the data its value is rounded: let its kink make up for it
        before[1][0] = _reaching(x0, y0, slope, float(x[0]), float(y[0]))
    all_kinks = np.concatenate((before[0], kinks, behind[0]))
    all_changes = np.concatenate((before[1], changes, behind[1]))
    return PiecewiseLinear(x0, y0, slope, *_ascending(all_kinks, all_changes))


def _reaching(x0: float, y0: float, slope: float, x: float, y: float) -> float:
    """The slope change at `x0` that leads from `(x0, y0)` to `(x, y)`, rounded once."""
    return float((Fraction(y) - Fraction(y0)) / (Fraction(x) - Fraction(x0)) - Fraction(slope))


def _inner_kinks(targets: Targets, neurons: Neurons) -> tuple[Indices, Floats, Floats]:
    """Interval, place and slope change of each kink inside an interval, ascending; those at one place as one."""
    x, w, scale = targets.frame.x, targets.frame.w, targets.scale
    family, interval = np.nonzero(neurons.inside)
    sign = SIGNS[family, 0] * scale
    right = sign * neurons.right[family, interval] / w[interval + 1]
    changes = sign * neurons.left[family, interval] / w[interval] + right
    shared = _shared_points(neurons)
    own = SIGNS[:, 0] @ neurons.points[:, shared] * scale / w[shared]
    interval, reach, changes = _merged(
        targets.frame,
        np.append(interval, shared - 1),
        np.append(right / changes, np.ones(shared.size)),
        np.append(changes, own),
    )
    # The right end exactly, where it is one: x + 1 * (next - x) would not be.
    places = np.where(reach < 1.0, x[interval] + reach * (x[interval + 1] - x[interval]), x[interval + 1])
    return interval, np.clip(places, x[interval], x[interval + 1]), changes


def _merged(frame: Frame, interval: Indices, reach: Floats, changes: Floats) -> tuple[Indices, Floats, Floats]:
    """In ascending order, those of one interval and one place in it as one, but for those that cancel.

    Opposite neurons at one place are a line, and no kink.
    """
    order = np.lexsort((reach, interval))
    interval, reach, changes = interval[order], reach[order], changes[order]
    fresh = np.ones(interval.size, dtype=bool)
    apart = np.diff(reach) * (frame.x[interval[1:] + 1] - frame.x[interval[1:]])
    places = frame.x[interval] + reach * (frame.x[interval + 1] - frame.x[interval])
    angle = apart / (1.0 + places[1:] ** 2)
    fresh[1:] = (np.diff(interval) > 0) | (angle > _SAME_PLACE * np.minimum(1.0, frame.step[interval[1:]]))
    starts = np.flatnonzero(fresh)
    if starts.size == 0:
        return interval, reach, changes
    merged = np.add.reduceat(changes, starts)
    real = np.abs(merged) > _CANCELLED * np.add.reduceat(np.abs(changes), starts)
    return interval[starts][real], reach[starts][real], merged[real]


def _shared_points(neurons: Neurons) -> Indices:
    """Inner points that have a kink of their own, and give to one beside them. They count as ends of their interval."""
    inside = np.any(neurons.inside, axis=0)
    gives = np.append(inside, False) | np.insert(inside, 0, False)
    return 1 + np.flatnonzero((gives & np.any(neurons.points > 0.0, axis=0))[1:-1])


def _with_separators(
    bends: Bends, interval: Indices, kinks: Floats, changes: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """The vertices and the ends of intervals with kinks, a point of the function between kinks of one interval.

    Also the shares of the intervals between these points.
    """
    vertices = np.arange(bends.data.x.size)[bends.vertices]
    kept = np.unique(np.concatenate((vertices, interval, interval + 1)))
    place = np.searchsorted(kept, interval)
    x, y = bends.data.x[kept], bends.data.y[kept]
    step = np.diff(x)
    first_slope = np.diff(y) / step
    np.subtract.at(first_slope, place, changes * (x[place + 1] - kinks) / step[place])
    crowded = np.flatnonzero(np.diff(place) == 0)  # this kink and the next are in one interval
    at = 0.5 * (kinks[crowded] + kinks[crowded + 1])
    there = place[crowded]
    before = (place == there[:, None]) & (kinks <= at[:, None])
    values = y[there] + first_slope[there] * (at - x[there])
    values += np.sum(np.where(before, changes * (at[:, None] - kinks), 0.0), axis=1)
    x, y = np.insert(x, there + 1, at), np.insert(y, there + 1, values)
    own = np.maximum(np.searchsorted(x, kinks, side="left") - 1, place + np.searchsorted(there, place))
    from_left, from_right = np.zeros_like(x), np.zeros_like(x)
    width = x[own + 1] - x[own]
    from_left[own], from_right[own] = changes * (x[own + 1] - kinks) / width, changes * (kinks - x[own]) / width
    return x, y, from_left, from_right


def _outer_kinks(targets: Targets, neurons: Neurons) -> tuple[Kinks, Kinks]:
    """Places and slope changes of the kinks left and right of the data, or at their ends."""
    x, w, scale = targets.frame.x, targets.frame.w, targets.scale
    sides: tuple[list[tuple[float, float]], list[tuple[float, float]]] = ([], [])
    vectors = targets.frame.vector(neurons.everywhere) * scale
    for side, end, direction in zip(sides, (0, -1), (RIGHT, LEFT), strict=True):
        for f in np.flatnonzero((DIRECTIONS[:, 0] == direction) & (neurons.points[:, end] > 0.0)):
            side.append((float(x[end]), float(SIGNS[f, 0] * neurons.points[f, end] * scale / w[end])))
        for sign, (weight, bias) in zip((1.0, -1.0), vectors, strict=True):
            if direction * weight > 0.0 and abs(weight) * np.max(np.abs(x)) > _CONSTANT * abs(bias):
                kink = min(-bias / weight, x[0]) if direction == RIGHT else max(-bias / weight, x[-1])
                side.append((float(kink), float(sign * abs(weight))))
    before, behind = (np.array(sorted(side), dtype=np.float64).reshape(-1, 2).T for side in sides)
    return (before[0], before[1]), (behind[0], behind[1])


def _ascending(kinks: Floats, changes: Floats) -> tuple[Floats, Floats]:
    """Equal kinks as one."""
    places, where = np.unique(kinks, return_inverse=True)
    merged = np.bincount(where, weights=changes, minlength=places.size) if places.size else changes
    return places[merged != 0.0], merged[merged != 0.0]
