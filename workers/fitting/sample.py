"""Observations enter once, here; everything behind trusts them. Abscissae may repeat, and observations have weights."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workers.immutable import immutable
from workers.minnorm.checks import column
from workers.minnorm.compiled import compiled
from workers.minnorm.dataset import ascends
from workers.minnorm.doubles import LARGEST
from workers.minnorm.errors import NotPositive, Overflow, TooFewPoints

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


@immutable
class Sample:
    """Observations by ascending abscissa, grouped by the distinct ones.

    `x` (m,) are the distinct abscissae, two at least. `group`, `y`, `weights` and `order` have one entry an
    observation, shape (n,): its index into `x`, ascending; its ordinate; its weight, all of which add up to one; and
    its place among the observations as they were given.
    """

    x: Floats
    group: Indices
    y: Floats
    weights: Floats
    order: Indices

    @classmethod
    def from_observations(cls, x: ArrayLike, y: ArrayLike, weights: ArrayLike | None = None) -> "Sample":
        """Sort and group the observations; without weights all count alike.

        Raises
        ------
        NotFinite, LengthMismatch, TooFewPoints, NotPositive
        Overflow
            Weights, or ordinates beside a step of the abscissae, that are too far apart to compute with.

        Notes
        -----
        O(n log n), O(n) for ascending abscissae.
        """
        x_column = column(x, "/x")
        y_column = column(y, "/y", like=x_column)
        shares = _shares(x_column, weights)
        if x_column.size >= 2 and ascends(x_column):
            _check_slopes(x_column, y_column)
            order = np.arange(x_column.size, dtype=np.int64)
            return cls(x_column, order, y_column, shares, order)
        order = np.argsort(x_column, kind="stable")
        distinct, group = np.unique(x_column[order], return_inverse=True)
        if distinct.size < 2:
            raise TooFewPoints("At least two different abscissae are needed.", "/x")
        _check_slopes(distinct, y_column)
        return cls(distinct, group.astype(np.int64), y_column[order], shares[order], order.astype(np.int64))

    @property
    def has_ties(self) -> bool:
        """Whether abscissae repeat. If not, columns by observation and by abscissa are the same, and not copied."""
        return self.x.size < self.y.size

    @property
    def weight_of_groups(self) -> Floats:
        """Sum of the weights at each distinct abscissa, shape (m,)."""
        return self.sums(self.weights)

    @property
    def means(self) -> Floats:
        """Weighted mean of the ordinates at each distinct abscissa, shape (m,)."""
        if not self.has_ties:
            return self.y
        first = self.of_observations(self.y[self.starts])  # differences from it lose nothing to a large offset
        return self.y[self.starts] + self.sums(self.weights * (self.y - first)) / self.weight_of_groups

    @property
    def starts(self) -> Indices:
        """Of each distinct abscissa, its first observation; shape (m,)."""
        return np.flatnonzero(np.diff(self.group, prepend=-1)) if self.has_ties else self.group

    @property
    def counts(self) -> Indices:
        """Of observations at each distinct abscissa, shape (m,); one that stands for all without ties, shape ()."""
        return np.diff(np.append(self.starts, self.y.size)) if self.has_ties else np.array(1)

    def sums(self, values: Floats) -> Floats:
        """Sums over the observations at each distinct abscissa, shape (m,)."""
        return np.add.reduceat(values, self.starts) if self.has_ties else values

    def of_observations(self, values: Floats) -> Floats:
        """From one value a distinct abscissa to one an observation."""
        return values[self.group] if self.has_ties else values

    def as_given(self, values: Floats) -> Floats:
        """One value an observation, in the order in which they were given."""
        result = np.empty_like(values)
        result[self.order] = values
        return result


def least_squares_line(sample: Sample) -> tuple[float, float]:
    """Slope, and value at the first abscissa."""
    width = float(sample.x[-1] - sample.x[0])
    reach = (sample.x - sample.x[0]) / width
    masses = sample.weight_of_groups
    centre, middle = float(np.sum(masses * reach)), float(np.sum(masses * sample.means))
    slope = float(np.sum(masses * (reach - centre) * (sample.means - middle)) / np.sum(masses * (reach - centre) ** 2))
    return slope / width, middle - slope * centre


def _shares(x: Floats, weights: ArrayLike | None) -> Floats:
    """The weights, so that they add up to one."""
    if weights is None:
        return np.full(x.size, 1.0 / max(1, x.size))
    given = column(weights, "/weights", like=x)
    if (wrong := np.flatnonzero(given <= 0.0)).size:
        raise NotPositive("Weights have to be positive.", f"/weights/{wrong[0]}")
    if given.size == 0:
        return given
    _, exponent = math.frexp(float(np.max(given)))
    shares = np.ldexp(given, -exponent)
    shares /= np.sum(shares)
    if (lost := np.flatnonzero(shares < 1.0 / LARGEST)).size:
        raise Overflow("The weight is too small beside the others to compute with.", f"/weights/{lost[0]}")
    return shares


def _check_slopes(x: Floats, y: Floats) -> None:
    """Whether a function that rises by all the ordinates differ, over the narrowest step, can be computed with."""
    steep = _first_steep(x, float(np.max(y) / 2.0 - np.min(y) / 2.0))
    if steep < x.size - 1:
        left, right = x[steep], x[steep + 1]
        raise Overflow(f"The slopes between x = {left!s} and x = {right!s} are too large to compute with.", "/x")


@compiled
def _first_steep(x: Floats, spread: float) -> int:
    """The first interval over which it is too large; the number of intervals if there is none."""
    for i in range(x.size - 1):
        if not spread / (x[i + 1] - x[i]) * max(1.0, abs(x[i]), abs(x[i + 1])) < LARGEST / 2.0:
            return i
    return x.size - 1
