"""The least loss at each abscissa against a slope, from below: what `losses.least` computes, less its rounding.

The least is written as `slope * reference + rest`: all references are paired with the multipliers at once, and with
twice the digits, since data far from zero cancel there, while `rest` is of the size of the loss.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from workers.fitting.losses import Loss, weights_of_labels
from workers.fitting.sample import Sample
from workers.immutable import immutable

Floats = NDArray[np.float64]

_U = 2.0**-53


@immutable
class Minima:
    """For each distinct abscissa: the least is `slopes * reference + rest - error` at least. Shapes (m,)."""

    reference: Floats
    rest: Floats
    error: Floats


def minima(sample: Sample, loss: Loss, slopes: Floats) -> Minima:
    """Of the weighted loss plus `slopes z` over `z`, at each distinct abscissa, for slopes in the domain of the loss.

    `slopes` may be wrong by a unit of rounding. `error` bounds the rounding of `rest`. O(n log n).
    """
    return _MINIMA[loss.name](sample, loss, slopes, np.float64(_U) * (sample.counts + 16.0))


def _of_squares(sample: Sample, _loss: Loss, slopes: Floats, unit: Floats) -> Minima:
    """From the mean as it is rounded, so that what is left of the weighted differences from it counts, too.

    Its own error counts for less than others: its square over the weight is below the scatter.
    """
    mean, weight = sample.means, sample.weight_of_groups
    if not sample.has_ties:  # nothing is left
        gained = slopes * (slopes / (4.0 * weight))
        return Minima(mean, -gained, 4.0 * unit * gained)
    away = sample.y - sample.of_observations(mean)
    scatter = sample.sums(sample.weights * away * away)
    pull = slopes - 2.0 * sample.sums(sample.weights * away)
    gained = pull * (pull / (4.0 * weight))
    return Minima(mean, scatter - gained, 4.0 * unit * (scatter + gained))


def _of_distances(sample: Sample, loss: Loss, slopes: Floats, unit: Floats) -> Minima:
    """At a weighted quantile. By rounding it may be a wrong one, unless the loss surely rises to both sides."""
    place = loss.minimisers(sample, slopes)
    away = sample.of_observations(place) - sample.y
    rest = sample.sums(sample.weights * np.abs(away))
    to_the_right = sample.sums(np.where(away >= 0.0, sample.weights, -sample.weights)) + slopes
    to_the_left = sample.sums(np.where(away <= 0.0, sample.weights, -sample.weights)) - slopes
    unsure = 2.0 * unit * sample.weight_of_groups - np.minimum(to_the_right, to_the_left)
    return Minima(place, rest, 2.0 * unit * rest + np.maximum(unsure, 0.0) * _widths(sample))


def _of_huber(sample: Sample, loss: Loss, slopes: Floats, unit: Floats) -> Minima:
    """In closed form for one observation, from the minimiser for more.

    There the derivative is `d` instead of zero. If as much of the weight as `k` is in the quadratic part, and stays
    there for `room` to both sides, the minimum is lower by `d^2 / (2 k)` at most if `d <= k room`; otherwise by `d`
    times the distance of any two places where it may be.
    """
    delta = loss.delta or 1.0
    place = loss.minimisers(sample, slopes)
    far = sample.of_observations(place) - sample.y
    near = np.clip(far, -delta, delta)
    rest = sample.sums(sample.weights * near * (far - 0.5 * near))
    steep = np.abs(sample.sums(sample.weights * near) + slopes)
    steep += 2.0 * unit * (sample.sums(sample.weights * np.abs(near)) + np.abs(slopes))
    room = delta / 1024.0
    inside = sample.sums(np.where(np.abs(far) <= delta - room, sample.weights, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        curved = steep * (steep / (2.0 * inside))
    missed = np.where(steep <= inside * room, curved, steep * (_widths(sample) + 2.0 * delta))
    alone = sample.counts == 1
    gained = slopes * (slopes / (2.0 * sample.weight_of_groups))
    return Minima(
        np.where(alone, sample.y[sample.starts], place),
        np.where(alone, -gained, rest),
        np.where(alone, unit * gained, 2.0 * unit * rest + missed),
    )


def _of_hinges(sample: Sample, _loss: Loss, slopes: Floats, unit: Floats) -> Minima:
    """At the margin of the only label; of two labels at the better margin."""
    positive, negative = weights_of_labels(sample)
    mixed = (positive > 0.0) & (negative > 0.0)
    upper, lower = 2.0 * negative + slopes, 2.0 * positive - slopes
    upper -= 2.0 * unit * (2.0 * negative + np.abs(slopes))
    lower -= 2.0 * unit * (2.0 * positive + np.abs(slopes))
    reference = np.where(mixed, 0.0, sample.y[sample.starts])
    return Minima(reference, np.where(mixed, np.minimum(upper, lower), 0.0), np.zeros_like(slopes))


def _of_logistic(sample: Sample, loss: Loss, slopes: Floats, unit: Floats) -> Minima:
    """An entropy. What is left of the weight beside the slope is rounded, and counts by its logarithm."""
    rest = loss.least(sample, slopes)
    smaller = np.minimum(*weights_of_labels(sample))
    return Minima(np.zeros_like(rest), rest, 2.0 * unit * rest + 16.0 * unit * (smaller + np.abs(slopes)))


def _of_margins(sample: Sample, _loss: Loss, slopes: Floats, _unit: Floats) -> Minima:
    """At the margin."""
    return Minima(sample.y[sample.starts], np.zeros_like(slopes), np.zeros_like(slopes))


def _widths(sample: Sample) -> Floats:
    """By how much the ordinates at each abscissa differ."""
    return np.maximum.reduceat(sample.y, sample.starts) - np.minimum.reduceat(sample.y, sample.starts)


_MINIMA: dict[str, Callable[[Sample, Loss, Floats, Floats], Minima]] = {
    "squared": _of_squares,
    "absolute": _of_distances,
    "huber": _of_huber,
    "hinge": _of_hinges,
    "logistic": _of_logistic,
    "hard_margin": _of_margins,
}
