"""Which way neurons face where there is no skip connection, so that the affine part costs least.

A kink of slope change `c` at `tau` is made by neurons that face right, and by neurons that face left: what these add
besides, `c (x - tau)`, is affine. With shares `0 <= lambda_k <= 1` of left-facing neurons, a function that is the line
`slope x + intercept` left of all kinks leaves the line `(slope, intercept) + sum_k lambda_k c_k (1, -tau_k)` to others:
a pair of opposite neurons costs `2 |(a, b)|`, a constant neuron 1 a unit. So with penalised biases the least norm is

    sum_k |c_k| sqrt(1 + tau_k^2) + min { N(a, b) : (a, b) in Z },    N(a, b) = min_r 2 |(a, b - r)| + |r|

where the zonotope `Z` holds the lines that may be left. `N(a, b)` is `2 |(a, b)|` where `|b| <= |a| / sqrt 3`,
otherwise `sqrt 3 |a| + |b|`: in the minimum `|b - r|` is `|a| / sqrt 3`, unless that is more than `|b|`.
`Z` is a polygon: its sides are the kinks, in their order, once from the left and once from the right. Outside
of it, the least `N` is on a side, and has a closed form on each. If the origin is inside, no line is left.

The dual: `N(v)` is the largest `<z, v>` over `|z| <= 2, |z_b| <= 1`, so each such `z` proves the lower bound
`sum |m_k| + <z, v> - 1/2 sum |m_k <z, u_k>|`, `m_k = c_k sqrt(1 + tau_k^2)`, `u_k = (1, -tau_k) / sqrt(1 + tau_k^2)`,
`v = (slope, intercept) + 1/2 sum m_k u_k`. A `z` normal to `Z` and to the ball of `N` attains the norm.

With free biases only the slope that is left costs, 2 a unit.
"""

import math

import numpy as np
from numpy.typing import NDArray

from workers.immutable import immutable
from workers.minnorm.compiled import compiled
from workers.minnorm.doubles import two_product, two_sum

Floats = NDArray[np.float64]
Line = tuple[float, float]
"""Slope, and value at zero."""

_ROUNDING = 8.0 * 2.0**-53
_ROOT3 = math.sqrt(3.0)


@immutable
class Facing:
    """The share of each kink that faces left, the line that others must represent, and with penalised biases `z`."""

    left_shares: Floats
    line: Line
    dual: Line | None


@immutable
class _Side:
    """A chain of sides of the zonotope: `kinks[k]` leads from the line at `corners[:, k]` to the next."""

    kinks: Floats
    masses: Floats
    corners: Floats


def line_norm(slope: float, intercept: float) -> float:
    """`N`: the least norm of an affine function, biases penalised."""
    if abs(intercept) <= abs(slope) / _ROOT3:
        return 2.0 * math.hypot(slope, intercept)
    return _ROOT3 * abs(slope) + abs(intercept)


def face(kinks: Floats, changes: Floats, line: Line, penalise_biases: bool) -> Facing:
    """The shares of least norm for a function with ascending kinks, no change zero, that is `line` left of them.

    At most two kinks are shared between both directions. What is left of the line within 8 units of rounding of what
    went into it, is nothing. O(K log K) for K kinks.
    """
    masses = np.abs(changes)
    falling = changes < 0.0
    # Falling kinks start out facing left: then each share that changes adds `mass (1, -kink)`.
    start = _add(line, kinks, np.where(falling, changes, 0.0))
    rounding = (
        _ROUNDING * (abs(line[0]) + float(np.sum(masses))),
        _ROUNDING * (abs(line[1]) + float(masses @ np.abs(kinks))),
    )
    candidates = [_nearest(kinks, masses, start) if penalise_biases else _level(kinks, masses, start)]
    candidates += _balanced(kinks, masses, start)
    rests = [_rest(kinks, masses, start, shares, rounding) for shares in candidates]
    # With free biases the slope comes first: Python compares pairs so.
    best = min(range(len(rests)), key=lambda k: line_norm(*rests[k]) if penalise_biases else _sizes(rests[k]))
    dual = _proof(kinks, masses, start, rests[best]) if penalise_biases else None
    shares = candidates[best]
    return Facing(np.where(falling, 1.0 - shares, shares), rests[best], dual)


def _sizes(line: Line) -> Line:
    return abs(line[0]), abs(line[1])


def _add(line: Line, kinks: Floats, changes: Floats) -> Line:
    """A line plus `sum changes (1, -kinks)`."""
    slope, intercept = _side(kinks, changes, line).corners[:, -1]
    return float(slope), float(intercept)


def _rest(kinks: Floats, masses: Floats, start: Line, shares: Floats, rounding: Line) -> Line:
    """The line that is left, zero within rounding."""
    slope, intercept = _add(start, kinks, shares * masses)
    return 0.0 if abs(slope) <= rounding[0] else slope, 0.0 if abs(intercept) <= rounding[1] else intercept


def _sides(kinks: Floats, masses: Floats, start: Line) -> tuple[_Side, _Side]:
    """The boundary of the zonotope: with all kinks from the left, and from the right."""
    backwards = np.ascontiguousarray(kinks[::-1]), np.ascontiguousarray(masses[::-1])
    return _side(kinks, masses, start), _side(*backwards, start)


def _side(kinks: Floats, masses: Floats, start: Line) -> _Side:
    corners = np.empty((2, kinks.size + 1))
    _walk(kinks, masses, start[0], start[1], corners)
    return _Side(kinks, masses, corners)


@compiled
def _walk(kinks: Floats, masses: Floats, slope: float, intercept: float, corners: Floats) -> None:
    """Fill in the corners of a chain, in pairs of doubles."""
    slope_low, intercept_low = 0.0, 0.0
    corners[0, 0], corners[1, 0] = slope, intercept
    for k in range(kinks.size):
        slope, error = two_sum(slope, masses[k])
        slope_low += error
        fall, fall_low = two_product(-masses[k], kinks[k])
        intercept, error = two_sum(intercept, fall)
        intercept_low += error + fall_low
        corners[0, k + 1], corners[1, k + 1] = slope + slope_low, intercept + intercept_low


def _balanced(kinks: Floats, masses: Floats, start: Line) -> list[Floats]:
    """Shares that leave no line: one window of successive kinks. Empty if the origin is outside the zonotope.

    In the plane, the window is a chord of the chain of all kinks, and has to be `-start`: the chain is crossed by its
    own translate. As a window slides right its moment grows, so that there is one crossing, and it is found by
    bisection over the corners of the translate. Whether one is on the convex side is asked of all sides of the chain,
    not of the one at its slope: that one is not known where small kinks far away are beside large ones. Nor is the
    side that is crossed where all others are close together, seen from `first`; there its slope tells, so try both.
    """
    side = _side(kinks, masses, (0.0, 0.0))
    translate = side.corners - np.array(start)[:, None]
    if not _is_inside(side, translate[:, 0]) or _is_inside(side, translate[:, -1]):
        return []
    first, beyond = 0, kinks.size
    while beyond - first > 1:
        middle = (first + beyond) // 2
        first, beyond = (middle, beyond) if _is_inside(side, translate[:, middle]) else (first, middle)
    point = translate[:, first]
    ahead = slice(first + 1, None)
    steps = np.append(_heights(side, point)[ahead] / (kinks[ahead] - kinks[first]), masses[first])
    step = float(np.min(steps))
    by_height = first + 1 + int(np.argmin(steps))
    by_slope = int(np.searchsorted(side.corners[0], point[0] + step, side="right")) - 1
    lasts = {min(max(last, first), kinks.size - 1) for last in (by_height, by_slope)}
    return [_window(side, start, (first, last), (step, float(point[0]) + step)) for last in lasts]


def _window(side: _Side, start: Line, ends: tuple[int, int], slopes: Line) -> Floats:
    """The shares of a window: `slopes` are what its first kink does not add, and what the chain has at its end."""
    first, last = ends
    shares = np.zeros_like(side.kinks)
    shares[first + 1 : last] = 1.0
    shares[first] = 1.0 - slopes[0] / side.masses[first]
    shares[last] = min(max((slopes[1] - side.corners[0, last]) / side.masses[last], 0.0), 1.0)
    # Both ends once more, from the line that is left: their places on the chain are rounded.
    slope, intercept = _add(start, side.kinks, shares * side.masses)
    if last > first:
        more = (intercept + side.kinks[first] * slope) / (side.kinks[last] - side.kinks[first])
        shares[[first, last]] += np.array([-slope - more, more]) / side.masses[[first, last]]
    clipped: Floats = np.clip(shares, 0.0, 1.0)
    return clipped


def _heights(side: _Side, point: Floats) -> Floats:
    """How far a point is on the convex side of each kink's line, in units of the slope there."""
    slope, intercept = point[:, None] - side.corners[:, :-1]
    heights: Floats = -intercept - side.kinks * slope
    return heights


def _is_inside(side: _Side, point: Floats) -> bool:
    return bool(0.0 <= point[0] <= side.corners[0, -1] and np.all(_heights(side, point) >= 0.0))


def _nearest(kinks: Floats, masses: Floats, start: Line) -> Floats:
    """Shares that leave the line of least `N`, which is on a side of the zonotope."""
    if kinks.size == 0:
        return np.zeros(0)
    from_left, from_right = _sides(kinks, masses, start)
    (left_cost, left), (right_cost, right) = _best_on(from_left), _best_on(from_right)
    return left if left_cost <= right_cost else right[::-1]


def _best_on(side: _Side) -> tuple[float, Floats]:
    """The least `N` on a chain, and its shares.

    Along the line `(a, b) + t (1, -tau)` it is least where `a` vanishes if `|tau| <= sqrt 3`, and otherwise where the
    line is nearest to the origin: there a multiple of `(tau, 1)` is normal to the ball of `N`.
    """
    slopes, intercepts = side.corners[:, :-1]
    scale = np.hypot(1.0, side.kinks)
    steep = np.abs(side.kinks) > _ROOT3
    steps = np.where(steep, (side.kinks / scale * intercepts - slopes / scale) / scale, -slopes)
    steps = np.clip(steps, 0.0, side.masses)
    slopes, intercepts = slopes + steps, intercepts - steps * side.kinks
    gentle = np.abs(intercepts) <= np.abs(slopes) / _ROOT3
    costs = np.where(gentle, 2.0 * np.hypot(slopes, intercepts), _ROOT3 * np.abs(slopes) + np.abs(intercepts))
    best = int(np.argmin(costs))
    shares = np.zeros_like(side.kinks)
    shares[:best] = 1.0
    shares[best] = steps[best] / side.masses[best]
    return float(costs[best]), shares


def _level(kinks: Floats, masses: Floats, start: Line) -> Floats:
    """Shares that leave the least slope, and of these the least constant."""
    from_left, from_right = _sides(kinks, masses, start)
    (left_constant, left), (right_constant, right) = _level_on(from_left), _level_on(from_right)
    return left if left_constant <= right_constant else right[::-1]


def _level_on(side: _Side) -> tuple[float, Floats]:
    """Follow a chain as long as its slope is below zero; what is left at zero, and the shares."""
    shares = np.clip(-side.corners[0, :-1], 0.0, side.masses) / side.masses
    start = float(side.corners[0, 0]), float(side.corners[1, 0])
    return abs(_add(start, side.kinks, shares * side.masses)[1]), shares


def _proof(kinks: Floats, masses: Floats, start: Line, rest: Line) -> Line:
    """The `z` that proves most. It is normal to a side of the zonotope, or to the ball of `N` at the line left, or 0.

    What is lost by rounding at the latter, next to a side, its own candidate makes good.
    """
    candidates = [(0.0, 0.0), _normal(*rest), *((a, b) for a in (-_ROOT3, _ROOT3) for b in (-1.0, 1.0))]
    if kinks.size:
        from_left, from_right = _sides(kinks, masses, start)
        candidates += [_best_normal(from_left, -1.0), _best_normal(from_right, 1.0)]
    return max(candidates, key=lambda z: _gain(kinks, masses, start, z))


def _gain(kinks: Floats, masses: Floats, start: Line, z: Line) -> float:
    """What `z` proves beyond the cost of the kinks: the least `<z, line>` over all lines that may be left."""
    return z[0] * start[0] + z[1] * start[1] + float(masses @ np.minimum(0.0, z[0] - z[1] * kinks))


def _normal(slope: float, intercept: float) -> Line:
    """The normal at a line with `|b| <= |a| / sqrt 3`; elsewhere the ball has corners and horizontal sides."""
    length = math.hypot(slope, intercept)
    if length == 0.0 or abs(intercept) > abs(slope) / _ROOT3:
        return 0.0, 0.0
    return 2.0 * slope / length, 2.0 * intercept / length


def _best_normal(side: _Side, sign: float) -> Line:
    """Of all normals `sign (kink, 1)`, at the boundary of the ball, the one that proves most."""
    length = np.maximum(1.0, np.hypot(1.0, side.kinks) / 2.0)
    slopes, intercepts = sign * side.kinks / length, sign / length
    best = int(np.argmax(slopes * side.corners[0, :-1] + intercepts * side.corners[1, :-1]))
    return float(slopes[best]), float(intercepts[best])
