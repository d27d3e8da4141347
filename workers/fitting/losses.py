"""The losses, and the least that each can lose when the value at an abscissa is paid for: their convex conjugates.

With `r = f(x) - y`: squared `r^2`, absolute `|r|`, Huber `r^2 / 2` up to `delta` and `delta (|r| - delta / 2)` beyond.
With labels `y`, -1 or 1: hinge `max(0, 1 - y f)`, logistic `log(1 + exp(-y f))`, and the hard margin, which is 0 where
`y f >= 1` and infinite elsewhere.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from workers.fitting.sample import Sample
from workers.immutable import immutable
from workers.minnorm.doubles import LARGEST
from workers.minnorm.errors import NotFinite, NotPositive, Overflow, Unsupported, WrongDelta, WrongLabel

Floats = NDArray[np.float64]

OF_VALUES = ("squared", "absolute", "huber")
"""Losses of a regression."""
OF_LABELS = ("hard_margin", "hinge", "logistic")
"""Losses of a classification."""

_LARGEST_MARGIN = 700.0
"""Whose exponential is still a double."""
_ROUNDING_OF_A_MARGIN = 64.0 * 2.0**-53


@immutable
class Loss:
    """A loss by its name; `delta` belongs to the Huber loss, and is 1 unless given."""

    name: str = "squared"
    delta: float | None = None

    @classmethod
    def of(cls, name: str, delta: float | None = None) -> "Loss":
        """Check what a caller asks for. Raises `Unsupported`, `WrongDelta`, `NotPositive`, `NotFinite`, `Overflow`."""
        if name not in OF_VALUES + OF_LABELS:
            raise Unsupported(f"The loss is one of {', '.join(OF_VALUES + OF_LABELS)}.", "/loss")
        if name != "huber":
            if delta is not None:
                raise WrongDelta("Only the Huber loss has a huber_delta.", "/huber_delta")
            return cls(name)
        width = 1.0 if delta is None else float(delta)
        if not np.isfinite(width):
            raise NotFinite("Not a finite number.", "/huber_delta")
        if width <= 0.0:
            raise NotPositive("The width huber_delta has to be positive.", "/huber_delta")
        if not 1.0 / LARGEST < width < LARGEST:
            raise Overflow("The width huber_delta is out of the range that can be computed with.", "/huber_delta")
        return cls(name, width)

    @property
    def is_of_labels(self) -> bool:
        """Whether ordinates are labels, -1 or 1."""
        return self.name in OF_LABELS

    @property
    def is_hard(self) -> bool:
        """Whether it is a constraint, which no regularisation is weighed against."""
        return self.name == "hard_margin"

    @property
    def takes_any_slope(self) -> bool:
        """Whether `least` is finite for all slopes."""
        return self.name == "squared"

    def check(self, sample: Sample) -> None:
        """Raise `WrongLabel` where labels are wanted and an ordinate is none."""
        wrong = sample.order[np.abs(sample.y) != 1.0]
        if self.is_of_labels and wrong.size:
            raise WrongLabel("A label is -1 or 1.", f"/y/{np.min(wrong)}")

    def of_each(self, z: Floats, y: Floats) -> Floats:
        """The loss of each observation `y` by its fitted value `z`.

        A margin that is less than one by rounding, 64 units of it, counts as kept.
        """
        with np.errstate(over="ignore"):
            if self.name == "hinge":
                return np.maximum(0.0, 1.0 - y * z)
            if self.name == "logistic":
                return np.logaddexp(0.0, -y * z)
            if self.name == "hard_margin":
                return np.where(y * z >= 1.0 - _ROUNDING_OF_A_MARGIN, 0.0, np.inf)
            return self._of_residuals(z - y)

    def value(self, z: Floats, sample: Sample) -> float:
        """The weighted mean over the observations by their fitted values `z`, in the order of the sample."""
        with np.errstate(over="ignore"):
            return float(np.sum(sample.weights * self.of_each(z, sample.y)))

    def derivatives(self, z: Floats, sample: Sample) -> Floats | None:
        """Of the weighted loss at each distinct abscissa, by the values there; None where it has corners."""
        if self.name == "squared":
            result: Floats = 2.0 * sample.weight_of_groups * (z - sample.means)
            return result
        if self.name == "huber":
            delta = self.delta or 1.0
            return sample.sums(sample.weights * np.clip(z[sample.group] - sample.y, -delta, delta))
        if self.name == "logistic":
            margins = np.clip(sample.y * z[sample.group], -_LARGEST_MARGIN, _LARGEST_MARGIN)
            return sample.sums(-sample.weights * sample.y / (1.0 + np.exp(margins)))
        return None

    def domain(self, sample: Sample) -> tuple[Floats, Floats]:
        """The slopes for which `least` is finite, a lowest and a highest for each distinct abscissa."""
        if self.name == "squared":
            return np.full(sample.x.size, -np.inf), np.full(sample.x.size, np.inf)
        if self.is_of_labels:
            positive, negative = weights_of_labels(sample)
            if self.is_hard:
                return np.where(negative > 0.0, -np.inf, 0.0), np.where(positive > 0.0, np.inf, 0.0)
            return -negative, positive
        reach = sample.weight_of_groups * (self.delta or 1.0)
        return -reach, reach

    def scale_into_domain(self, sample: Sample, slopes: Floats) -> float:
        """The largest factor from 0 to 1, but for rounding, that takes the slopes to where `least` is finite."""
        low, high = self.domain(sample)
        outside = (slopes < low) | (slopes > high)
        if not outside.any():
            return 1.0
        wrong = slopes[outside]
        factor = float(np.min(np.where(wrong > 0.0, high[outside], low[outside]) / wrong))
        while np.any(factor * slopes < low) or np.any(factor * slopes > high):
            factor *= 1.0 - 2.0**-52
        return factor

    def minimisers(self, sample: Sample, slopes: Floats) -> Floats:
        """For each distinct abscissa a value where `least` is attained: `z` of smallest loss plus `slopes z`.

        Only where the slope is in the domain; infinite where it is at its end and nothing attains the infimum.
        """
        return _MINIMISERS[self.name](self, sample, slopes)

    def least(self, sample: Sample, slopes: Floats) -> Floats:
        """For each distinct abscissa the infimum over `z` of its weighted loss plus `slopes z`; -inf if unbounded.

        Wrong by less than `n + 16` units of rounding of the sum of the absolute values of all terms, for `n`
        observations at an abscissa. O(n log n).
        """
        low, high = self.domain(sample)
        inside = (slopes >= low) & (slopes <= high)
        safe = np.where(inside, slopes, 0.0)
        return np.where(inside, self._least_inside(sample, safe), -np.inf)

    def _least_inside(self, sample: Sample, slopes: Floats) -> Floats:
        if self.name == "squared":
            scatter = sample.sums(sample.weights * (sample.y - sample.means[sample.group]) ** 2)
            result: Floats = scatter + slopes * (sample.means - slopes / (4.0 * sample.weight_of_groups))
            return result
        if self.name == "logistic":
            positive, negative = weights_of_labels(sample)
            return _entropy(positive - slopes, negative + slopes)
        if self.is_hard:
            return np.abs(slopes)
        z = self.minimisers(sample, slopes)
        return sample.sums(sample.weights * self.of_each(z[sample.group], sample.y)) + slopes * z

    def _of_residuals(self, r: Floats) -> Floats:
        if self.name == "squared":
            return r * r
        if self.name == "absolute":
            return np.abs(r)
        delta = self.delta or 1.0
        near = np.minimum(np.abs(r), delta)
        result: Floats = near * (np.abs(r) - 0.5 * near)
        return result


def weights_of_labels(sample: Sample) -> tuple[Floats, Floats]:
    """Sums of the weights of the labels 1 and -1 at each distinct abscissa."""
    return sample.sums(np.where(sample.y > 0.0, sample.weights, 0.0)), sample.sums(
        np.where(sample.y < 0.0, sample.weights, 0.0)
    )


def _entropy(a: Floats, b: Floats) -> Floats:
    """`a log((a + b) / a) + b log((a + b) / b)`, with `0 log 0 = 0`."""
    total = a + b
    with np.errstate(divide="ignore", invalid="ignore"):
        of_a = np.where(a > 0.0, -a * np.log1p(-b / total), 0.0)
        of_b = np.where(b > 0.0, -b * np.log1p(-a / total), 0.0)
    result: Floats = np.where(a < b, of_b + _small(a, total), of_a + _small(b, total))
    return result


def _small(part: Floats, total: Floats) -> Floats:
    """`part log(total / part)` of the smaller part."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(part > 0.0, part * np.log(total / part), 0.0)


def _of_squares(_loss: Loss, sample: Sample, slopes: Floats) -> Floats:
    result: Floats = sample.means - slopes / (2.0 * sample.weight_of_groups)
    return result


def _of_distances(_loss: Loss, sample: Sample, slopes: Floats) -> Floats:
    """The first ordinate at which the derivative is no longer negative: a weighted quantile."""
    places, starts = _by_group(sample.group, sample.y)

    def rises(z: Floats) -> Floats:
        side = np.where(sample.y <= z[sample.group], sample.weights, -sample.weights)
        return sample.sums(side) + slopes

    return places[_first_rising(places, starts, rises)]


def _of_huber(loss: Loss, sample: Sample, slopes: Floats) -> Floats:
    """Where the derivative, a rising polygon with nodes at `y - delta` and `y + delta`, crosses zero."""
    delta = loss.delta or 1.0
    both = np.concatenate((sample.group, sample.group))
    places, starts = _by_group(both, np.concatenate((sample.y - delta, sample.y + delta)))

    def derivative(z: Floats) -> Floats:
        return sample.sums(sample.weights * np.clip(z[sample.group] - sample.y, -delta, delta)) + slopes

    crossing = _first_rising(places, starts, derivative)
    right = places[crossing]
    left = np.where(crossing > starts[:-1], places[np.maximum(crossing - 1, 0)], right)
    below, above = derivative(left), derivative(right)
    rise = above - below
    with np.errstate(divide="ignore", invalid="ignore"):
        inside = left + (right - left) * np.clip(-below / rise, 0.0, 1.0)
    return np.where(rise > 0.0, inside, right)


def _of_hinges(_loss: Loss, sample: Sample, slopes: Floats) -> Floats:
    """The better one of the two margins."""
    positive, negative = weights_of_labels(sample)
    return np.where(negative - positive + slopes >= 0.0, -1.0, 1.0)


def _of_logistic(_loss: Loss, sample: Sample, slopes: Floats) -> Floats:
    positive, negative = weights_of_labels(sample)
    with np.errstate(divide="ignore"):
        result: Floats = np.log(positive - slopes) - np.log(negative + slopes)
    return result


def _of_margins(_loss: Loss, sample: Sample, _slopes: Floats) -> Floats:
    return sample.y[sample.starts]


_MINIMISERS: dict[str, Callable[[Loss, Sample, Floats], Floats]] = {
    "squared": _of_squares,
    "absolute": _of_distances,
    "huber": _of_huber,
    "hinge": _of_hinges,
    "logistic": _of_logistic,
    "hard_margin": _of_margins,
}


def _by_group(group: NDArray[np.int64], places: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """The places in ascending order within their groups, and where each group starts, and the last one ends."""
    order = np.lexsort((places, group))
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    return places[order], np.append(starts, places.size)


def _first_rising(
    places: Floats, starts: NDArray[np.int64], derivative: Callable[[Floats], Floats]
) -> NDArray[np.int64]:
    """For each group the first of its places where the derivative is not negative, or its last; by bisection."""
    low, high = starts[:-1].copy(), starts[1:] - 1
    while np.any(low < high):
        middle = (low + high) // 2
        rising = derivative(places[middle]) >= 0.0
        high = np.where(rising, middle, high)
        low = np.where(rising, low, np.minimum(middle + 1, high))
    return high
