"""What no function can beat: a lower bound of a regularised fit's objective, from dual values. Rigorous in doubles.

If `cost(f) >= sum_i theta_i f(x_i)` for every function of the shape asked for, then each of them has an objective of

    sum_g min_z [ sum_j weights_j loss(z, y_j) + regularisation theta_g z ]

at least, `g` the distinct abscissae and `j` the observations at each. `theta` is written by `q(t) = sum_i theta_i
relu(x_i - t)`, as in `workers.minnorm.certificate`, so that sums that have to vanish do so exactly, whatever the
rounding of `q`. By how much the condition is broken is found out there; a multiple of theta keeps it.

A function that is to be convex (concave) has no kinks of the other sign inside the data, so neurons there have to
respect one side of the envelope only, as long as lines respect both. One that is to be monotone has a slope of one sign
between any two neighbouring points, and just inside of the first and last: a least-norm function has no steeper slopes,
nor less steep ones, in between. Each of these slopes gets a multiplier, not negative, which pushes: the first at the
first point, one spread over each interval, the last at the last point. A neuron gains from those right of its kink,
beside what it gains from theta, so `p = q + pushes` takes the place of `q`. It jumps at both ends, and the values are
those just inside. docs/mathematics.md has the proof. Shares no code with the solvers.
"""

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from workers.fitting.losses import Loss
from workers.fitting.minima import minima
from workers.fitting.multipliers import Pulls, paired
from workers.fitting.sample import Sample
from workers.fitting.shape import Shape
from workers.immutable import immutable
from workers.minnorm.certificate import Dual, continued
from workers.minnorm.certificate import worst_ratio as ratio_of_dual
from workers.minnorm.envelope import height_of_dual
from workers.minnorm.setting import Setting

Floats = NDArray[np.float64]
Pairs = tuple[Floats, Floats, Floats]
"""Numbers with twice the digits, and bounds for their errors."""

_U = 2.0**-53
_ROUNDING = 64.0 * _U
_UNNOTICED = 1e-10


@immutable
class Witness:
    """The evidence of a fit: `dual.values` are those of `p` at the m distinct abscissae, just inside at the two ends.

    `slope_multipliers` (m + 1,), not negative, belong to a monotone shape and only there: at the first point, over each
    interval, at the last point. Without them `p` is `q`. `low` (m,) is what the dual values lose by rounding: where
    abscissae are close, the multipliers, as differences of slopes, would lose too much.
    """

    dual: Dual
    slope_multipliers: Floats | None = None
    low: Floats | None = None


def lower_bound(
    sample: Sample, loss: Loss, regularisation: float | None, setting: Setting, shape: Shape, witness: Witness
) -> float:
    """The objective that every function of the shape has at least. Never negative; a hard margin has no regularisation.

    What has to vanish in the setting counts as zero (`admissible`). Where a loss can be reduced for ever in one
    direction, points whose multiplier pulls there are left out: they are points that do not matter, but for rounding.
    The dual is scaled down as far as its envelope and the loss demand; for squared loss to the best multiple that is
    allowed. All rounding counts against the bound, which is zero where numbers that follow do not fit in doubles.

    Notes
    -----
    O(n), but O(n log n) for absolute and Huber loss on repeated abscissae.
    """
    price = 1.0 if regularisation is None else regularisation
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):  # what does not fit proves nothing
        pulls, unit = _of_unit_size(sample.x, setting, _pulls(shape, admissible(setting, shape, witness)))
        if not loss.takes_any_slope:
            pulls = pulls.without_wrong_signs(sample.x, _wanted_signs(sample, loss), setting.skip_connection)
        multipliers = pulls.multipliers(sample.x)
        multiple = 0.0
        if pulls.places.size > 0:
            most = _within_envelope(sample, price, setting, shape, pulls)
            if not loss.takes_any_slope:
                most = min(most, _within_domain(sample, loss, pulls, multipliers))
            is_squared = loss.name == "squared"
            multiple = min(most, _best_for_squares(sample, multipliers) if is_squared else price * unit)
        bound = _at(sample, loss, pulls, multipliers, multiple)
    return max(0.0, bound) if math.isfinite(bound) else 0.0


def admissible(setting: Setting, shape: Shape, witness: Witness) -> Witness:
    """The witness with zeros where it has to vanish, and at the ends what the slope multipliers there demand."""
    values = np.array(witness.dual.values, dtype=np.float64)
    slopes = None
    first = last = 0.0
    if shape.monotone != 0:
        slopes = np.zeros(values.size + 1) if witness.slope_multipliers is None else witness.slope_multipliers
        slopes = np.maximum(slopes, 0.0)
        first, last = -shape.monotone * slopes[0], shape.monotone * slopes[-1]
    low = None if witness.low is None else np.array(witness.low, dtype=np.float64)
    for end, value in ((-1, last), (0, first)) if setting.skip_connection else ((-1, last),):
        values[end] = value
        if low is not None:
            low[end] = 0.0
    bends = setting.penalise_biases and not setting.skip_connection
    return Witness(Dual(values, witness.dual.total if bends else 0.0), slopes, low)


def worst_ratio(x: Floats, setting: Setting, shape: Shape, witness: Witness) -> tuple[float, int]:
    """The largest quotient of an admissible witness and its envelope, and the interval where it is reached.

    Counted as in `workers.minnorm.certificate.worst_ratio`.
    """
    return _worst_ratio(x, setting, shape, _pulls(shape, witness))


def settled(x: Floats, setting: Setting, shape: Shape, witness: Witness) -> Witness:
    """The witness as one that keeps every condition: admissible, and divided by its worst ratio where that is above 1.

    What a solver leaves open by its tolerance, a certificate should not; less than a verification notices may stay, so
    that `low` keeps its meaning. O(m).
    """
    counted = admissible(setting, shape, witness)
    ratio, _ = worst_ratio(x, setting, shape, counted)
    if ratio <= 1.0 + _UNNOTICED:
        return counted
    slopes = counted.slope_multipliers
    dual = Dual(counted.dual.values / ratio, counted.dual.total / ratio)
    return Witness(dual, None if slopes is None else slopes / ratio)


def _pulls(shape: Shape, witness: Witness) -> Pulls:
    values, slopes = witness.dual.values, witness.slope_multipliers
    pushes = np.zeros(values.size + 1) if slopes is None else shape.monotone * slopes
    low = np.zeros(values.size) if witness.low is None else witness.low
    return Pulls.at_all(values, low, pushes, witness.dual.total)


def _worst_ratio(x: Floats, setting: Setting, shape: Shape, pulls: Pulls) -> tuple[float, int]:
    dual = Dual(pulls.values, pulls.total)
    return ratio_of_dual(x, setting, dual, float(shape.curvature), float(pulls.pushes[0]))


def _of_unit_size(x: Floats, setting: Setting, pulls: Pulls) -> tuple[Pulls, float]:
    """Divided by a power of two, unless the highest is about its envelope: no digits are lost. And the power."""
    start = (pulls.values[0] + pulls.pushes[0]) / (math.hypot(1.0, x[0]) if setting.penalise_biases else 1.0)
    height = max(height_of_dual(x, pulls.values, setting.penalise_biases), abs(pulls.total), abs(float(start)))
    _, exponent = math.frexp(height) if math.isfinite(height) else (0.0, 0)
    if exponent in (0, 1):
        return pulls, 1.0
    parts = (pulls.values, pulls.low, pulls.pushes, pulls.total)
    values, low, pushes, total = (np.ldexp(part, -exponent) for part in parts)
    return Pulls(pulls.places, values, low, pushes, float(total)), float(np.ldexp(1.0, exponent))


def _wanted_signs(sample: Sample, loss: Loss) -> Floats:
    """Of the multipliers, where the loss vanishes on one side: 1, -1, or 0 where both signs are fine."""
    low, high = loss.domain(sample)
    return np.where(low == 0.0, 1.0, np.where(high == 0.0, -1.0, 0.0))


def _within_envelope(sample: Sample, price: float, setting: Setting, shape: Shape, pulls: Pulls) -> float:
    """The largest multiple that a norm at this price pays for.

    A curvature is asked for up to both ends of the data, also if these have been left out: `p` goes on straight there,
    all of its first push at the first point, and of its last push at the last one.
    """
    x = sample.x[pulls.places]
    if shape.curvature != 0 and x[0] > sample.x[0]:
        value, low = continued(x[0], pulls.values[0], pulls.total, sample.x[0])
        values, lows = np.append(value, pulls.values), np.append(pulls.low[0] + low, pulls.low)
        x, pulls = np.append(sample.x[0], x), replace(pulls, values=values, low=lows)
    if shape.curvature != 0 and x[-1] < sample.x[-1]:
        values, lows = np.append(pulls.values, pulls.values[-1]), np.append(pulls.low, pulls.low[-1])
        x, pulls = np.append(x, sample.x[-1]), replace(pulls, values=values, low=lows)
    ratio, _ = _worst_ratio(x, setting, shape, pulls)
    if pulls.low.any():  # a ratio is subadditive
        ratio += ratio_of_dual(x, setting, Dual(pulls.low))[0]
    return price / ratio * (1.0 - _ROUNDING) if ratio > 0.0 else math.inf


def _within_domain(sample: Sample, loss: Loss, pulls: Pulls, multipliers: Pairs) -> float:
    """The largest multiple with which no loss can be reduced for ever."""
    low, high = (limits[pulls.places] for limits in loss.domain(sample))
    theta = multipliers[0]
    pulling = theta != 0.0
    limits = np.where(theta > 0.0, high, low)[pulling] / theta[pulling]
    most_at_one = int(np.max(sample.counts))
    return float(np.min(limits, initial=math.inf)) * (1.0 - (most_at_one + 64.0) * _U)


def _best_for_squares(sample: Sample, multipliers: Pairs) -> float:
    """Where `multiple <theta, mean> - multiple^2 / 4 sum theta^2 / weight` is largest; any multiple is allowed."""
    theta = multipliers[0]
    gain, _ = paired(*multipliers, 1.0, sample.means)
    squares = float(np.sum(theta * (theta / sample.weight_of_groups)))
    return max(0.0, 2.0 * gain / squares) if squares > 0.0 else 0.0


def _at(sample: Sample, loss: Loss, pulls: Pulls, multipliers: Pairs, multiple: float) -> float:
    """The bound that a multiple of theta proves, less all rounding: also that of the weights, which count once each."""
    slopes = np.zeros_like(sample.x)
    slopes[pulls.places] = multiple * multipliers[0]
    least = minima(sample, loss, slopes)
    gained, error = paired(*multipliers, multiple, np.ascontiguousarray(least.reference[pulls.places]))
    error += float(np.sum(least.error + _ROUNDING * np.abs(least.rest)))
    return (gained + float(np.sum(least.rest)) - error) * (1.0 - _ROUNDING)
