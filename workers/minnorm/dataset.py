"""Data enter once, here; everything behind trusts them."""

import math
from dataclasses import field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workers.immutable import immutable
from workers.minnorm.checks import any_column, check_magnitude
from workers.minnorm.chords import chord, next_in_run
from workers.minnorm.compiled import compiled, inlined
from workers.minnorm.doubles import LARGEST
from workers.minnorm.errors import ConflictingValues, Overflow, TooFewPoints

Floats = NDArray[np.float64]

_ROUNDING = 4.0 * 2.0**-53
_COARSEST = 2.0**-30
_SMALLEST = 2.0**-1074


@immutable
class Transformation:
    """Abscissae are replaced by `(x - shift) / scale`; `scale > 0`."""

    shift: float
    scale: float


@immutable
class Dataset:
    """Points with distinct, ascending, finite abscissae and finite chord slopes; at least two of them.

    Of standardised data, `written` are the points as they were given: numbers are rounded as they are written, so that
    is where the rules about rounding look.
    """

    x: Floats
    y: Floats
    written: "Dataset | None" = None
    extent: tuple[float, float] | None = field(default=None, repr=False, compare=False)
    """What `largest` is, where it has been found on the way."""

    @classmethod
    def from_points(cls, x: ArrayLike, y: ArrayLike) -> "Dataset":
        """Sort the points and merge equal ones.

        Raises
        ------
        NotFinite, LengthMismatch, TooFewPoints, Overflow
        ConflictingValues
            One abscissa with two different ordinates: no function passes through both.

        Notes
        -----
        O(n) for points already in order, O(n log n) otherwise.
        """
        x_column = any_column(x, "/x")
        y_column = any_column(y, "/y", like=x_column)
        are_sound, *extent = _examined(x_column, y_column)
        if not are_sound:
            return cls(*_made_sound(x_column, y_column))
        return cls(x_column, y_column, extent=(extent[0], extent[1]))

    def standardised(self) -> tuple["Dataset", Transformation]:
        """The points with abscissae of mean 0 and standard deviation 1 (of all points, not estimated from a sample).

        Both are taken of the distinct abscissae, in doubles: what is exact is that each new abscissa is the quotient
        above, rounded once after the difference and once after the division.

        Raises
        ------
        ConflictingValues
            Two abscissae that differ so little beside the others that they become equal.
        Overflow
            Slopes that do not fit in the new unit.
        """
        transformation = _standard(self.x)
        x = (self.x - transformation.shift) / transformation.scale
        if (met := np.flatnonzero(x[1:] <= x[:-1])).size:
            left, right = self.x[met[0]], self.x[met[0] + 1]
            raise ConflictingValues(f"Standardised, x = {left!s} and x = {right!s} become equal.", "/x")
        _check_slopes(x, self.y)
        return Dataset(x, self.y, self), transformation

    @property
    def reach(self) -> float:
        """The magnitude whose rounding counts: the furthest abscissa as written, in the unit of `x`."""
        if self.written is None:
            return max(-float(self.x[0]), float(self.x[-1]))
        unit = (self.x[-1] - self.x[0]) / (self.written.x[-1] - self.written.x[0])
        return self.written.reach * float(unit)

    @property
    def largest(self) -> tuple[float, float]:
        """The largest ordinate and the largest slope, by magnitude. O(n) unless they are known."""
        return self.extent or _largest(self.x, self.y)

    @property
    def tolerance(self) -> float:
        """The largest residual that counts as interpolation: 64 units of rounding of the data's scale.

        That is `max |y| + max |slope| max |x|`, as a rounded slope change counts over all the width behind it.
        """
        highest, steepest = self.largest
        return 64.0 * 2.0**-53 * (highest + steepest * self.reach)

    def curvature(self) -> tuple[Floats, int, int] | None:
        """Change of the slope at each point, zero at both ends, and `chords.count_runs` of it. O(n).

        None if a point is no vertex.
        """
        if self.written is not None:
            return None
        curvature = np.empty(self.x.size)
        everywhere, longest, fewest = _bend_everywhere(self.x, self.y, curvature)
        return (curvature, longest, fewest) if everywhere else None

    def vertices(self) -> NDArray[np.int64]:
        """Indices of the points that remain when those collinear within rounding are left out; both ends remain.

        The rule: the points between two successive vertices `a` and `b` lie on their chord to within
        `4 u (|y_a| + |y_k| + |s| (|x_a| + |x_k|))`, `u = 2**-53`, `s` the chord's slope: a few units in the last place
        of the numbers as written, so 0.1, 0.2, 0.3 are collinear though their binary neighbours are not. Where the
        abscissae are so close that their own rounding would matter by more than 2**-30 of the step (timestamps with
        tiny gaps), they are taken as exact and their term is left out. O(n).
        """
        if self.written is not None:
            return self.written.vertices()
        kept = np.empty(self.x.size, dtype=np.int64)
        return kept[: _vertices(self.x, self.y, kept)]


def _standard(x: Floats) -> Transformation:
    """Mean and standard deviation. Differences from the first abscissa lose nothing to a large offset."""
    differences = x - x[0]
    _, exponent = math.frexp(differences[-1])
    unit = np.ldexp(differences, -exponent)  # from 0 to 1, so that squares neither overflow nor vanish
    mean = float(np.mean(unit))
    deviation = float(np.sqrt(np.mean((unit - mean) ** 2)))
    shift = float(x[0]) + math.ldexp(mean, exponent)
    return Transformation(shift, max(math.ldexp(deviation, exponent), _SMALLEST))


def _made_sound(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Points that are not as they should be, in order and without repetitions. Raises what is wrong with them."""
    check_magnitude(x, "/x")
    check_magnitude(y, "/y")
    if not ascends(x):
        x, y = _sorted_distinct(x, y)
    if x.size < 2:
        raise TooFewPoints("At least two points with different abscissae are needed.", "/x")
    _check_slopes(x, y)
    return x, y


def _sorted_distinct(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    order = np.lexsort((y, x))
    x_sorted, y_sorted = x[order], y[order]
    same = x_sorted[1:] == x_sorted[:-1]
    conflict = same & (y_sorted[1:] != y_sorted[:-1])
    if conflict.any():
        where = int(np.flatnonzero(conflict)[0])
        first, second = sorted((int(order[where]), int(order[where + 1])))
        message = f"Points {first} and {second} have the same abscissa but different ordinates."
        raise ConflictingValues(message, f"/y/{second}")
    keep = np.concatenate(([True], ~same))
    return x_sorted[keep], y_sorted[keep]


def _check_slopes(x: Floats, y: Floats) -> None:
    wrong = _first_steep(x, y)
    if wrong < x.size - 1:
        left, right = x[wrong], x[wrong + 1]
        raise Overflow(f"The slope between x = {left!s} and x = {right!s} is too large to compute with.", "/x")


@compiled
def _examined(x: Floats, y: Floats) -> tuple[bool, float, float]:
    """Whether points are as they should be, which is what the checks of `_made_sound` say; and `Dataset.largest`."""
    n = x.size
    if n < 2 or not (abs(x[0]) < LARGEST and abs(y[0]) < LARGEST):
        return False, 0.0, 0.0
    highest, steepest = abs(y[0]), 0.0
    for i in range(n - 1):
        if not (x[i] < x[i + 1] and abs(x[i + 1]) < LARGEST and abs(y[i + 1]) < LARGEST):
            return False, 0.0, 0.0
        slope = _steepness(x, y, i)
        if _is_steep(slope, x[i], x[i + 1]):
            return False, 0.0, 0.0
        highest, steepest = max(highest, abs(y[i + 1])), max(steepest, slope)
    return True, highest, steepest


@compiled
def ascends(x: Floats) -> bool:
    """Whether every abscissa is larger than the one before it."""
    for i in range(x.size - 1):
        if not x[i] < x[i + 1]:
            return False
    return True


@compiled
def _first_steep(x: Floats, y: Floats) -> int:
    """The first interval whose slope, or slope times abscissa, is too large; the number of intervals if none is."""
    for i in range(x.size - 1):
        if _is_steep(_steepness(x, y, i), x[i], x[i + 1]):
            return i
    return x.size - 1


@inlined
def _steepness(x: Floats, y: Floats, i: int) -> float:
    """The slope of an interval, by magnitude."""
    slope: float = abs((y[i + 1] - y[i]) / (x[i + 1] - x[i]))
    return slope


@inlined
def _is_steep(slope: float, left: float, right: float) -> bool:
    """Whether the slope of an interval, or slope times abscissa, is too large to compute with."""
    return not slope * max(1.0, abs(left), abs(right)) < LARGEST


@compiled
def _largest(x: Floats, y: Floats) -> tuple[float, float]:
    """As `Dataset.largest`."""
    highest, steepest = abs(y[0]), 0.0
    for i in range(x.size - 1):
        highest, steepest = max(highest, abs(y[i + 1])), max(steepest, _steepness(x, y, i))
    return highest, steepest


@compiled
def _vertices(x: Floats, y: Floats, kept: NDArray[np.int64]) -> int:
    """Fill `kept`, return how many.

    Greedy: a chord grows as long as every point under it is within its tolerance; `low..high` are the slopes left.
    """
    n = x.size
    kept[0] = 0
    count = 1
    anchor = 0
    low, high = -np.inf, np.inf
    for j in range(1, n):
        slope = (y[j] - y[anchor]) / (x[j] - x[anchor])
        if not low <= slope <= high:
            anchor = j - 1
            kept[count] = anchor
            count += 1
            low, high = -np.inf, np.inf
        least, most = _slopes_under(x, y, anchor, j)
        low, high = max(low, least), min(high, most)
    kept[count] = n - 1
    return count + 1


@inlined
def _slopes_under(x: Floats, y: Floats, anchor: int, j: int) -> tuple[float, float]:
    """The least and the largest slope of a chord from `anchor` on which point j lies within rounding."""
    step = x[j] - x[anchor]
    slope = (y[j] - y[anchor]) / step
    tolerance = _ROUNDING * (abs(y[anchor]) + abs(y[j])) / step
    abscissae = _ROUNDING * (abs(x[anchor]) + abs(x[j])) / step
    if abscissae < _COARSEST:
        tolerance += abscissae * abs(slope)
    return slope - tolerance, slope + tolerance


@compiled
def _bend_everywhere(x: Floats, y: Floats, curvature: Floats) -> tuple[bool, int, int]:
    """Fill in `chords.curvatures` as long as every point is a vertex; returns whether all are, and `count_runs`.

    If all are, each chord of `_vertices` ends at the next point: only the one over two intervals is to be looked at.
    Runs are counted here, as to read a long column once more takes longer than that.
    """
    n = x.size
    curvature[0] = curvature[n - 1] = 0.0
    low, high = _slopes_under(x, y, 0, 1)
    before, before_low = chord(x, y, 0)
    longest = fewest = place = 0
    all_curve = True
    for i in range(1, n - 1):
        if low <= (y[i + 1] - y[i - 1]) / (x[i + 1] - x[i - 1]) <= high:
            return False, 0, 0
        low, high = _slopes_under(x, y, i, i + 1)
        slope, slope_low = chord(x, y, i)
        curvature[i] = (slope - before) + (slope_low - before_low)
        before, before_low = slope, slope_low
        place = next_in_run(curvature[i], curvature[i - 1], place)
        longest, fewest = max(longest, place), fewest + place % 2
        all_curve &= place > 0
    return True, longest if all_curve else 0, fewest
