"""Why labels may have no function with a margin: two at one abscissa, or an order that a shape forbids."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from workers.fitting.sample import Sample
from workers.fitting.shape import Shape
from workers.immutable import immutable

Floats = NDArray[np.float64]


@immutable
class Conflict:
    """Observations that no function of the shape tells apart, by their places as they were given; `x` is where."""

    x: float
    indices: tuple[int, ...]
    reason: str


def conflict_of(sample: Sample, shape: Shape) -> Conflict | None:
    """The first conflict, or None: then there is a function with a margin. O(n).

    A function that increases has no positive label left of a negative one. One that is convex is at most -1 on one
    stretch, and so has no positive label between two negative ones. Apart from these all orders are fine.
    """
    met = np.flatnonzero((np.diff(sample.group) == 0) & (np.diff(sample.y) != 0.0))
    if met.size:
        return _conflict(sample, (int(met[0]), int(met[0]) + 1), "have the same abscissa and different labels")
    if shape.monotone:
        falls = _subsequence(shape.monotone * sample.y, (1.0, -1.0))
        if falls:
            return _conflict(sample, falls, "have labels that no function of this monotone shape has")
    if shape.curvature:
        bends = _subsequence(shape.curvature * sample.y, (-1.0, 1.0, -1.0))
        if bends:
            return _conflict(sample, bends, "have labels that no function curved like this has")
    return None


def _subsequence(labels: Floats, wanted: Sequence[float]) -> tuple[int, ...]:
    """Places of the first labels that follow each other as wanted, others between them; empty if there are none."""
    places: list[int] = []
    start = 0
    for label in wanted:
        found = np.flatnonzero(labels[start:] == label)
        if not found.size:
            return ()
        places.append(start + int(found[0]))
        start = places[-1] + 1
    return tuple(places)


def _conflict(sample: Sample, places: tuple[int, ...], what: str) -> Conflict:
    indices = tuple(sorted(sample.order[list(places)].tolist()))
    named = ", ".join(map(str, indices[:-1]))
    x = float(sample.x[sample.group[places[1]]])
    return Conflict(x, indices, f"Observations {named} and {indices[-1]} {what}.")
