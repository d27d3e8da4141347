"""Where data bend: the curvature of every point, and how shares of it become a function."""

import numpy as np
from numpy.typing import NDArray

from workers.immutable import immutable
from workers.minnorm.chords import count_runs, curvatures
from workers.minnorm.dataset import Dataset
from workers.minnorm.piecewise_linear import PiecewiseLinear
from workers.minnorm.placement import place_kinks
from workers.minnorm.weight import weight

Floats = NDArray[np.float64]


@immutable
class Bends:
    """Data with their curvature: zero at both ends, and at points collinear within rounding (`Dataset.vertices`)."""

    data: Dataset
    vertices: slice | NDArray[np.int64]
    curvature: Floats
    longest_run: int
    """0 if a point between the ends does not curve."""
    fewest_kinks: int
    """Of any interpolator (`chords.count_runs`)."""

    @classmethod
    def of(cls, data: Dataset) -> "Bends":
        """Leave collinear points out and measure the others. O(n)."""
        if (found := data.curvature()) is not None:
            return cls(data, slice(None), *found)
        kept = data.vertices()
        vertices = slice(None) if kept.size == data.x.size else kept  # a slice copies nothing
        curvature = np.zeros_like(data.x)
        curvature[vertices] = curvatures(data.x[vertices], data.y[vertices])
        return cls(data, vertices, curvature, *count_runs(curvature))

    def function(self, from_left: Floats, from_right: Floats, least: float = np.inf) -> PiecewiseLinear:
        """The interpolator whose kinks take these slope changes from the two ends of each interval. O(n).

        As `splitting.split_masses` returns them; a point that gives to neither side has its kink at itself. `least` is
        the least norm (`placement.place_kinks`).
        """
        x, y = self.data.x[self.vertices], self.data.y[self.vertices]
        slope0, kinks, changes = place_kinks(x, y, from_left[self.vertices], from_right[self.vertices], least)
        return PiecewiseLinear(float(x[0]), float(y[0]), slope0, kinks, changes)

    def of_least_variation(self, from_left: Floats, from_right: Floats) -> PiecewiseLinear:
        """The same where every kink costs its slope change, wherever it is."""
        # Placing weighs the first kinks by place, at most by that of the first point or of the third.
        x = self.data.x[self.vertices]
        heaviest = max(weight(float(x[0])), weight(float(x[min(2, x.size - 1)])))
        return self.function(from_left, from_right, float(np.sum(np.abs(self.curvature))) * heaviest)

    def same_run(self) -> NDArray[np.bool_]:
        """For each interval whether its ends are in one run: whether both curve the same way. Shape (n - 1,)."""
        return in_one_run(self.curvature)


def in_one_run(curvature: Floats) -> NDArray[np.bool_]:
    """For each interval whether its ends curve the same way. Shape (n - 1,)."""
    signs = np.sign(curvature)
    neighbours: NDArray[np.bool_] = signs[:-1] * signs[1:] > 0.0
    return neighbours


def place_in_run(curvature: Floats) -> NDArray[np.int64]:
    """How many points of its run precede each point; 0 also where there is no curvature. Shape (n,)."""
    places = np.arange(curvature.size)
    starts = np.concatenate(([True], ~in_one_run(curvature)))
    return places - np.maximum.accumulate(np.where(starts, places, 0))


def pairs_of_neighbours(curvature: Floats) -> tuple[Floats, Floats]:
    """Merge the first and second point of each run, the third and fourth, and so on; the last of an odd one is alone.

    Returns what each interval takes from its left and from its right end.
    """
    from_left, from_right = np.zeros_like(curvature), np.zeros_like(curvature)
    firsts = np.flatnonzero(in_one_run(curvature) & (place_in_run(curvature)[:-1] % 2 == 0))
    from_left[firsts], from_right[firsts] = curvature[firsts], curvature[firsts + 1]
    return from_left, from_right
