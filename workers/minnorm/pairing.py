"""Least l^p path norm, `0 < p < 1`: a matching of neighbours.

Shares
------
A kink in an interval, of slope change `c`, gives a share of it to each of the interval's ends, `c` times their hat
functions; the shares that a point gets add up to its curvature `eps_i`. With `p_i = (x_i, 1)`, `w_i = |p_i|`, a kink
that gives `beta` and `alpha` costs `g = |beta p_i + alpha p_{i+1}|^p` with penalised biases, `|beta + alpha|^p` with
free ones. `g` is subadditive, so more kinks of one sign in an interval cost no less than one. Where `g` grows with each
share, shares of the wrong sign only cost: what is left is how each point divides its curvature between its two sides.
And where `g` is concave in each share, the cost is concave in each point's division, so that moving one point after the
other wholly to one side never raises it. Then two neighbours of one run meet in the kink where the chords on both sides
meet, or a point keeps its kink: a matching of least cost on a path, which a dynamic program finds in O(n). Published
for free biases: Nakhleh, Nowak, arXiv 2505.21791; for the fewest kinks: Debarre et al., JCAM 2022.

Which intervals are narrow
--------------------------
Free biases always satisfy both conditions. With penalised ones let `D` be the angle between `p_i` and `p_{i+1}` and
`a, b` the shares times `w`. Then `g = (a^2 + b^2 + 2 a b cos D)^(p/2)` grows if `cos D >= 0`, and its second derivative
in `a` has the sign of `(p - 1) (a + b cos D)^2 + (b sin D)^2`: negative for all `a >= 0` iff `tan^2 D <= 1 - p`. In a
wider interval the pairing may not be the best, and the lower bound replaces `g` by something below it that satisfies
both. Let `A, B` be the whole masses `|eps| w` of the two ends, and `G = g(A, B)`.

* If `cos D >= 0`, `g` still grows, so shares stay in `[0, A] x [0, B]`. The bilinear function with the values
  `0, P, Q, H` at the corners `(0, 0), (A, 0), (0, B), (A, B)` is concave in each share. It is below `g` if it is on the
  two far edges and `(2 - p) H >= P + Q`: then along each ray it grows at least like `t^p` up to the edge. On an edge
  `g` is first convex, then concave. So either both points alone cost what they do, `P = A^p`, `Q = B^p`, and the pair a
  little less, `H = min(G, P + p A^(p-1) B cos D, Q + p B^(p-1) A cos D)`, where `g` starts as steep as its bound. Or
  the pair costs what it does, `H = G`, and the points a little less, `P = min(A^p, G - m)`, where `m` is the rise of
  `g` over the edge if it were all the way as steep as at its steepest, at `b = A (sin D / sqrt(1 - p) - cos D)` or
  `B` if that is less; and `Q` likewise. (Both `m` are at least what they are at the far corner, where they add up to
  `p G`, so this has `(2 - p) H >= P + Q`.) Either will do, so each interval takes the one that serves the bound.
* Else, with `tan^2 E = 1 - p`, `|beta p_i + alpha p_{i+1}| >= cos(D/2) / cos(E/2)` times its value for the angle `E`;
  the quotient of both is least for `a = b`. This is concave in each share and grows, whatever `D < pi`.
* An interval whose ends cannot meet, as they curve differently, costs `a^p + b^p`, concave whatever `D`; but `g` has to
  grow, so if `cos D < 0` it takes the second way.
* In the first and the last interval the outer end has no curvature: its share is free, and no kink is needed for it. If
  `cos D < 0`, it shortens the vector to `b sin D`, else it is zero. Both are concave in `b`.

The fewest kinks are the case `p = 0`, `g = 1` but for nothing, concave and growing.

Certificate
-----------
Numbers `u_i`, one a point, with `u_i <= ` the cost of a kink of its own and `u_i + u_{i+1} <= ` that of a common one:
every matching costs `sum u_i` at least. The dynamic program has such numbers: the differences of its values.
"""

import math

import numpy as np
from numpy.typing import NDArray

from workers.minnorm.bends import Bends
from workers.minnorm.certificate import Dual
from workers.minnorm.compiled import compiled
from workers.minnorm.dataset import Dataset
from workers.minnorm.found import Found
from workers.minnorm.piecewise_linear import PiecewiseLinear
from workers.minnorm.reflection import measure
from workers.minnorm.setting import Setting

Floats = NDArray[np.float64]
Marks = NDArray[np.bool_]

_ROUNDING = 64.0 * 2.0**-53
_TIE = 16.0 * 2.0**-53
_PROOF = 1e-9


def path_norm_to_the(p: float, function: PiecewiseLinear, setting: Setting) -> float:
    """`sum |c_k|^p` over the kinks, each times `sqrt(1 + tau_k^2)^p` if biases are penalised. O(kinks)."""
    costs = np.abs(function.slope_changes)
    if setting.penalise_biases:
        costs = costs * np.hypot(1.0, function.kinks)
    return math.fsum(costs**p)


def least_path_norm(bends: Bends, setting: Setting, p: float) -> Found:
    """The best pairing for `sum |c_k|^p`, with a skip connection. O(n).

    It is optimal where no interval is wide (see above), and where the bound reaches it all the same. It is called
    unique if that proves it optimal and no other pairing costs the same within rounding.
    """
    geometry = measured(bends.data.x, setting)
    masses = np.abs(bends.curvature) * geometry[0]
    least, bound = np.empty_like(masses), np.empty_like(masses)
    starts_pair = np.zeros(masses.size, dtype=np.bool_)
    is_tied = _match(*_costs(bends, geometry, masses, p), least, starts_pair)
    _match(*_costs_from_below(bends, geometry, masses, p, least), bound, np.zeros_like(starts_pair))
    is_proved = math.isclose(np.sum(least), np.sum(bound), rel_tol=_PROOF)
    from_left, from_right = _shares(bends.curvature, starts_pair)
    activate_ends(geometry, bends.curvature, from_left, from_right)
    function = placed(bends, setting, from_left, from_right)
    return Found(function, Dual(bound), is_unique=is_proved and not is_tied)


def lower_bound_of_pairing(data: Dataset, setting: Setting, p: float, dual_values: Floats) -> float:
    """The `sum |c_k|^p` that every interpolator has at least, by numbers as above; `p = 0` counts kinks. O(n).

    Recomputes all costs from the data. By how much the numbers exceed them is taken off, and so is rounding.
    """
    bends = Bends.of(data)
    if p == 0.0:
        alone, together = np.ones_like(data.x), np.where(bends.same_run(), 1.0, np.inf)
    else:
        geometry = measured(data.x, setting)
        alone, together = _costs_from_below(bends, geometry, np.abs(bends.curvature) * geometry[0], p, dual_values)
    counted = np.where(bends.curvature != 0.0, np.minimum(dual_values, alone), 0.0)
    excess = np.maximum(counted[:-1] + counted[1:] - together, 0.0)
    bound = max(0.0, math.fsum(counted) - math.fsum(excess))
    return bound if p == 0.0 else bound * (1.0 - _ROUNDING)


def measured(x: Floats, setting: Setting) -> Floats:
    """Rows: the weights `w_i`; cosine and sine of the angle between neighbours. With free biases all angles vanish."""
    geometry = np.zeros((3, x.size))
    if setting.penalise_biases:
        measure(x, 0, x.size - 1, geometry)
    else:
        geometry[:2] = 1.0
    return geometry


def placed(bends: Bends, setting: Setting, from_left: Floats, from_right: Floats) -> PiecewiseLinear:
    """The interpolator with these shares (`Bends.function`)."""
    if not setting.penalise_biases:
        return bends.of_least_variation(from_left, from_right)
    return bends.function(from_left, from_right, float(np.abs(bends.curvature) @ np.hypot(1.0, bends.data.x)))


def activate_ends(geometry: Floats, curvature: Floats, from_left: Floats, from_right: Floats) -> None:
    """Let a point that keeps its curvature share a kink with the end next to it, over more than a right angle."""
    weights, cosines, last = geometry[0], geometry[1], curvature.size - 2
    if cosines[0] < 0.0 and from_left[1] == 0.0:
        from_right[0] = curvature[1]
        from_left[0] = -curvature[1] * (weights[1] / weights[0]) * cosines[0]
    if cosines[last] < 0.0 and from_right[last - 1] == 0.0:
        from_left[last] = curvature[last]
        from_right[last] = -curvature[last] * (weights[last] / weights[last + 1]) * cosines[last]


def _shares(curvature: Floats, starts_pair: Marks) -> tuple[Floats, Floats]:
    """What each interval takes from its left and from its right end."""
    from_left, from_right = np.zeros_like(curvature), np.zeros_like(curvature)
    firsts = np.flatnonzero(starts_pair)
    from_left[firsts], from_right[firsts] = curvature[firsts], curvature[firsts + 1]
    return from_left, from_right


def _costs(bends: Bends, geometry: Floats, masses: Floats, p: float) -> tuple[Floats, Floats]:
    """What a kink of its own costs each point, and each interval a common one; infinity where its ends cannot meet."""
    alone = (masses * _factor_at_ends(geometry)) ** p
    together = _length(masses, geometry[1][:-1], geometry[2][:-1]) ** p
    return alone, np.where(bends.same_run(), together, np.inf)


def _costs_from_below(
    bends: Bends, geometry: Floats, masses: Floats, p: float, wanted: Floats
) -> tuple[Floats, Floats]:
    """The same, discounted where an interval is too wide for the pairing to be the best (see above).

    `wanted` are numbers, one a point, that the costs should admit: they choose what is discounted.
    """
    alone, together = _costs(bends, geometry, masses, p)
    cosines, sines = geometry[1][:-1], geometry[2][:-1]
    cosine, sine = math.sqrt(1.0 / (2.0 - p)), math.sqrt((1.0 - p) / (2.0 - p))  # of the widest narrow angle
    obtuse = cosines < 0.0
    obtuse[[0, -1]] = False  # the ends are exact
    wide = np.flatnonzero((sines * cosine > cosines * sine) & bends.same_run() & ~obtuse)
    corners, holds = _bilinear_corners(masses, geometry, together, p, wide, wanted[wide] + wanted[wide + 1])
    kept = wide[holds]
    alone[kept] = np.minimum(alone[kept], corners[0, holds])
    alone[kept + 1] = np.minimum(alone[kept + 1], corners[1, holds])
    together[kept] = corners[2, holds]
    rest = np.concatenate((wide[~holds], np.flatnonzero(obtuse)))
    factor = np.sqrt(_one_plus(cosines[rest], sines[rest]) / (1.0 + cosine))
    together[rest] = np.where(bends.same_run()[rest], (factor * _length(masses, cosine, sine)[rest]) ** p, np.inf)
    np.minimum.at(alone, rest, (factor * masses[rest]) ** p)
    np.minimum.at(alone, rest + 1, (factor * masses[rest + 1]) ** p)
    return alone, together


def _bilinear_corners(
    masses: Floats, geometry: Floats, together: Floats, p: float, where: NDArray[np.int64], wanted: Floats
) -> tuple[Floats, Marks]:
    """Rows `P, Q, H` of the bilinear bound in the intervals `where`, and whether it holds.

    With the full `H` where a pair is `wanted` to cost more than it otherwise does.
    """
    left, right, cosines, sines = masses[where], masses[where + 1], geometry[1, where], geometry[2, where]
    left_alone, right_alone, full = left**p, right**p, together[where]
    with np.errstate(over="ignore"):  # an infinite slope gives a bound that does not hold, or none
        left_start = left_alone * (1.0 + p * (right / left) * cosines)
        right_start = right_alone * (1.0 + p * (left / right) * cosines)
        left_less = np.minimum(left_alone, full - _steepest_rise(left, right, cosines, sines, p))
        right_less = np.minimum(right_alone, full - _steepest_rise(right, left, cosines, sines, p))
    less = np.minimum(full, np.minimum(left_start, right_start))
    less_holds = (2.0 - p) * less >= left_alone + right_alone
    full_holds = (left_less >= 0.0) & (right_less >= 0.0)
    with_less, with_full = np.stack((left_alone, right_alone, less)), np.stack((left_less, right_less, full))
    is_full = full_holds & ((wanted > less) | ~less_holds)
    return np.where(is_full, with_full, with_less), less_holds | full_holds


def _steepest_rise(fixed: Floats, other: Floats, cosines: Floats, sines: Floats, p: float) -> Floats:
    """`other` times the largest slope of `|(fixed + b cos, b sin)|^p` for `b` from 0 to `other`, in wide intervals."""
    steepest = np.minimum(fixed * (sines / math.sqrt(1.0 - p) - cosines), other)
    along = steepest + fixed * cosines
    return p * np.hypot(along, fixed * sines) ** (p - 1.0) * (along / np.hypot(along, fixed * sines)) * other


def _one_plus(cosines: Floats, sines: Floats) -> Floats:
    """`1 + cos`, also near a half turn."""
    return np.where(cosines < 0.0, sines * sines / (1.0 - np.minimum(cosines, 0.0)), 1.0 + cosines)


def _length(masses: Floats, cosines: Floats | float, sines: Floats | float) -> Floats:
    """`|beta p_i + alpha p_{i+1}|` with the whole masses of both ends, for each interval."""
    length: Floats = np.hypot(masses[:-1] + masses[1:] * cosines, masses[1:] * sines)
    return length


def _factor_at_ends(geometry: Floats) -> Floats:
    """By what a kink shared with the outer end is shorter, for the points next to them; 1 for all others."""
    factors = np.ones(geometry.shape[1])
    for interval, point in ((0, 1), (-2, -2)):
        if geometry[1, interval] < 0.0:
            factors[point] = geometry[2, interval]
    return factors


@compiled
def _match(alone: Floats, together: Floats, least: Floats, starts_pair: Marks) -> bool:
    """Fill in the first points of the pairs of the cheapest matching, and by how much each point raises its cost.

    Returns whether another matching costs the same within rounding.
    """
    n = alone.size
    least[0] = alone[0]
    for i in range(1, n):
        joint = together[i - 1] - least[i - 1]
        starts_pair[i - 1] = joint < alone[i]
        least[i] = min(joint, alone[i])
    is_tied = False
    i = n - 1
    while i > 0:
        if np.isfinite(together[i - 1]):
            difference = abs(together[i - 1] - least[i - 1] - alone[i])
            is_tied |= difference <= _TIE * (together[i - 1] + alone[i])
        if starts_pair[i - 1]:
            if i > 1:
                starts_pair[i - 2] = False  # its second point is the first of this pair
            i -= 1
        i -= 1
    return is_tied
