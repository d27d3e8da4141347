"""Evidence that a function interpolates and that none has a smaller norm. Shares no code with the solvers.

Lagrange duality: give each point a multiplier `theta_i`. If no neuron `a relu(w x + b)` can gain more from them than it
costs, `|sum_i theta_i relu(w x_i + b)| <= ||(w, b)||` (or `|w|`, with free biases), then every network through the
points has norm `sum_i theta_i y_i` at least. Neurons that face right and have their kink at `t` see
`q(t) = sum_i theta_i relu(x_i - t)`, which is piecewise linear with nodes at the data and vanishes right of them; those
that face left see `q - l`, where the line `l(t) = sum_i theta_i (x_i - t)` is what `q` is left of the data. Both have
to stay within the envelope: `sqrt(1 + t^2)`, or 1 with free biases, on the whole line. A skip connection costs nothing
and so must gain nothing: `l` vanishes, and the two conditions are one. A constant neuron may gain its cost, which is
the slope of `l` at infinity; with free biases it costs nothing, so `l` is constant.

A `q` that breaks the conditions by a factor gives a bound after division by it.

Fits of a given shape (workers/fitting) need two generalisations, which nothing else uses. Where functions must be
convex between the first and the last point, neurons inside have to respect one side of the envelope only: `side` is 1;
-1 where they must be concave. And where multipliers of a monotone shape are added, `q` jumps at the first point: `jump`
is by how much it falls there, so that `l` starts at `values[0] + jump`.
"""

import math
from functools import partial

import numpy as np
from numpy.typing import NDArray

from workers.immutable import immutable
from workers.minnorm.compiled import compiled, inlined
from workers.minnorm.cores import both
from workers.minnorm.dataset import Dataset
from workers.minnorm.doubles import fma, pair_sum, two_product, two_sum
from workers.minnorm.envelope import height_of_dual, worst_violation
from workers.minnorm.piecewise_linear import PiecewiseLinear, largest_residual
from workers.minnorm.setting import Setting

Floats = NDArray[np.float64]

_U = 2.0**-53
_ROUNDING = 32.0 * _U
_TINY = 2.0**-1073
_SUBNORMAL_UNIT = 2.0**-500
_STEEPEST = 1024.0
LONG = 100_000
"""So many points that a call more, and a thread, do not count."""


@immutable
class Dual:
    """`values[i]` is `q` at the i-th distinct abscissa, ascending; `total` is the sum of the multipliers.

    `l(t) = values[0] + total (x[0] - t)`. It vanishes with a skip connection; `total` does also with free biases.
    """

    values: Floats
    total: float = 0.0


@immutable
class Certificate:
    """What a caller can check in O(n)."""

    dual: Dual
    lower_bound: float
    relative_gap: float
    max_residual: float


def certify(data: Dataset, setting: Setting, function: PiecewiseLinear, norm: float, dual: Dual) -> Certificate:
    """Recompute everything a certificate claims from the data, the function and the dual alone. O(n)."""
    if data.x.size >= LONG:
        bound, residual = _certified_on_two_cores(data, setting, function, dual)
    else:
        points, evidence = (data.x, data.y), (dual.values, float(dual.total))
        wanted = (setting.penalise_biases, setting.skip_connection)
        line, kinks = (function.x0, function.y0, function.slope0), (function.kinks, function.slope_changes)
        bound, residual = _certified(*points, max(data.largest), *evidence, *wanted, *line, *kinks)
    return Certificate(dual, bound, relative_gap(norm, bound), residual)


def _certified_on_two_cores(
    data: Dataset, setting: Setting, function: PiecewiseLinear, dual: Dual
) -> tuple[float, float]:
    """As `_certified`: the envelope takes as long as all the rest."""
    wanted = (setting.penalise_biases, setting.skip_connection)
    values, total, power = _prepared(data.x, dual.values, float(dual.total), *wanted)
    exponent = _exponent(max(data.largest))

    def rest() -> tuple[float, float, float]:
        return *_pairing(data.x, _scaled(data.y, exponent), values, total), function.max_residual(data.x, data.y)

    violation = partial(worst_violation, data.x, values, total, *wanted, 0.0, 0.0)
    (worst, _), (paired, error, residual) = both(violation, rest)
    return _bound(paired, error, worst, power, exponent), residual


@compiled
def _certified(
    x: Floats,
    y: Floats,
    largest: float,
    values: Floats,
    total: float,
    penalise_biases: bool,
    skip_connection: bool,
    x0: float,
    y0: float,
    slope0: float,
    kinks: Floats,
    changes: Floats,
) -> tuple[float, float]:
    """The lower bound and the largest residual, in one call: of small problems, calls take longer than the work."""
    bound = _lower_bound(x, y, largest, values, total, penalise_biases, skip_connection)
    return bound, largest_residual(x0, y0, slope0, kinks, changes, x, y)


def relative_gap(norm: float, bound: float) -> float:
    """`|norm - bound| / norm`; zero if both vanish, one if only the norm does.

    The bound exceeds the norm of a function that misses the points by rounding and gains from it; then the norm is not
    proved either.
    """
    if norm == 0.0:
        return float(bound > 0.0)
    return abs(norm - bound) / norm


def tolerance(data: Dataset, function: PiecewiseLinear) -> float:
    """The largest residual of a function that counts as rounding.

    `Dataset.tolerance` counts the slopes of the data. Where an end is active those of the function are larger, and so
    is the rounding of its kinks; but not without limit, as they are claimed by anyone.
    """
    allowed = data.tolerance
    return min(allowed + function.steepest * data.reach * 64.0 * 2.0**-53, _STEEPEST * allowed)


def is_rounding(residual: float, data: Dataset, function: PiecewiseLinear) -> bool:
    """Whether a residual is within `tolerance`, which takes longer than to see that it is within that of the data."""
    return residual <= data.tolerance or residual <= tolerance(data, function)


def lower_bound(data: Dataset, setting: Setting, dual: Dual) -> float:
    """The norm that every interpolator has at least, by `dual`: `sum theta_i y_i` over its worst violation.

    What has to vanish in the setting counts as zero. Rounding can only lower the bound: the sum is taken in pairs of
    doubles, less what its own rounding amounts to, since the curvatures of smooth data are small differences of slopes;
    the ratio and the last steps are wrong by less than 24 units of rounding. O(n).
    """
    evidence, wanted = (dual.values, float(dual.total)), (setting.penalise_biases, setting.skip_connection)
    return float(_lower_bound(data.x, data.y, max(data.largest), *evidence, *wanted))


@compiled
def _lower_bound(
    x: Floats, y: Floats, largest: float, values: Floats, total: float, penalise_biases: bool, skip_connection: bool
) -> float:
    """As `lower_bound`; `largest` is the largest ordinate or slope, by magnitude."""
    values, total, power = _prepared(x, values, total, penalise_biases, skip_connection)
    exponent = _exponent(largest)
    paired, error = _pairing(x, _scaled(y, exponent), values, total)
    worst, _ = worst_violation(x, values, total, penalise_biases, skip_connection, 0.0, 0.0)
    return _bound(paired, error, worst, power, exponent)


@inlined
def _prepared(
    x: Floats, values: Floats, total: float, penalise_biases: bool, skip_connection: bool
) -> tuple[Floats, float, float]:
    """Admissible and normalised; the power of two is the last."""
    values, total = _admissible(values, total, penalise_biases, skip_connection)
    return _normalised(x, values, total, penalise_biases)


@inlined
def _exponent(largest: float) -> int:
    """Of the power of two that keeps tiny ordinates, and their slopes, clear of subnormal numbers."""
    return max(0, -math.frexp(largest)[1])


@inlined
def _bound(paired: float, error: float, worst: float, power: float, exponent: int) -> float:
    """The sum, less what its rounding amounts to, over the worst violation."""
    bound = (paired - error) / max(1.0 / power, worst) * (1.0 - _ROUNDING)
    return math.nextafter(math.ldexp(bound, -exponent), 0.0) if bound > 0.0 else 0.0


def admissible(setting: Setting, dual: Dual) -> Dual:
    """The dual with zeros where it has to vanish.

    That is `q` at the last point; `l` with a skip connection, its slope with free biases.
    """
    return Dual(*_admissible(dual.values, float(dual.total), setting.penalise_biases, setting.skip_connection))


@compiled
def _admissible(values: Floats, total: float, penalise_biases: bool, skip_connection: bool) -> tuple[Floats, float]:
    """As `admissible`; the values are a copy only if something changes."""
    first = 0.0 if skip_connection else values[0]
    if values[0] != first or values[-1] != 0.0:
        values = values.copy()
        values[0], values[-1] = first, 0.0
    return values, total if penalise_biases and not skip_connection else 0.0


@compiled
def _normalised(x: Floats, values: Floats, total: float, penalise_biases: bool) -> tuple[Floats, float, float]:
    """The dual divided by a power of two, so that it is within its envelope at the data, and the power."""
    height = max(height_of_dual(x, values, penalise_biases), abs(total))
    if height <= 1.0:
        return values, total, 1.0
    _, exponent = math.frexp(height)
    return _scaled(values, -exponent), math.ldexp(total, -exponent), math.ldexp(1.0, exponent)


@compiled
def _scaled(values: Floats, exponent: int) -> Floats:
    """Times a power of two."""
    if exponent == 0:
        return values
    scaled = np.empty_like(values)
    for i in range(values.size):
        scaled[i] = math.ldexp(values[i], exponent)
    return scaled


def worst_ratio(x: Floats, setting: Setting, dual: Dual, side: float = 0.0, jump: float = 0.0) -> tuple[float, int]:
    """The largest quotient of an admissible dual and its envelope, and the interval where it is reached.

    Intervals count from 0, the ray left of the data is -1, the one right of them `n - 1`.
    """
    values, total, power = _normalised(x, dual.values, float(dual.total), setting.penalise_biases)
    wanted = (setting.penalise_biases, setting.skip_connection)
    ratio, where = worst_violation(x, values, total, *wanted, float(side), jump / power)
    return power * ratio, where


@compiled
def continued(x: float, value: float, slope: float, at: float) -> tuple[float, float]:
    """`value + slope (x - at)`, where a line goes on from `x` to `at`, as a pair of doubles."""
    step, step_low = two_sum(x, -at)
    rise, rise_low = two_product(slope, step)
    return pair_sum(value, 0.0, rise, rise_low + slope * step_low)


@compiled
def _pairing(x: Floats, y: Floats, q: Floats, multipliers: float) -> tuple[float, float]:
    """`sum_i theta_i y_i`, and a bound for its rounding error.

    Summed by parts: each chord slope times the fall of `q` over it, and the rest at `y[0]`. A term in pairs of doubles
    is wrong by less than 39 units of 2**-106, its addition by 4 units of what has been added up, and where numbers
    become subnormal by a few of the smallest ones, one of them over the step. These are counted in larger units:
    processors take a hundred times longer for a product if it is, or a factor is, subnormal.
    """
    total, total_low = two_product(multipliers, y[0])
    error, tiny = 0.0, 0.0
    for i in range(x.size - 1):
        rise, rise_low = two_sum(y[i + 1], -y[i])
        step, step_low = two_sum(x[i + 1], -x[i])
        fall, fall_low = two_sum(q[i], -q[i + 1])
        slope = rise / step
        slope_low = (fma(-slope, step, rise) + rise_low - slope * step_low) / step
        term, term_low = two_product(slope, fall)
        total, lost = two_sum(total, term)
        total, total_low = two_sum(total, total_low + (lost + (term_low + slope_low * fall + slope * fall_low)))
        error += (64.0 * abs(term) + 8.0 * abs(total)) * _U * _U
        tiny += abs(fall) * (_SUBNORMAL_UNIT / min(step, 1.0))
    return total + total_low, error + (tiny * (2.0 * _TINY / _SUBNORMAL_UNIT) + 2.0 * x.size * _TINY)
