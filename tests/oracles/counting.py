"""The fewest kinks of any interpolator, by trying out every pattern, with exact slopes."""

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from itertools import pairwise
from math import inf

Slopes = tuple[Fraction | float, Fraction | float]
"""An open interval of slopes, or one slope twice."""

ANY: Slopes = (-inf, inf)


def count_by_trial(x: Sequence[float], y: Sequence[float]) -> int:
    """The fewest kinks of a continuous piecewise-linear function through the points."""
    points = [(Fraction(a), Fraction(b)) for a, b in zip(x, y, strict=True)]
    chords = [(d - b) / (c - a) for (a, b), (c, d) in pairwise(points)]

    @cache
    def fewest(i: int, entering: Slopes) -> int:
        """Fewest kinks right of point i, that point included, if the slope left of it may be any in `entering`."""
        if i == len(chords):
            return 0
        at_the_point = 0 if i == 0 else 1
        return min(
            kinks + fewest(i + 1, leaving)
            for bent, slopes in ((0, entering), (at_the_point, ANY))
            for kinks, leaving in ((bent + inside, after) for inside, after in _across(chords[i], slopes))
        )

    return fewest(0, ANY)


def _across(chord: Fraction, slopes: Slopes) -> list[tuple[int, Slopes]]:
    """Ways to cross an interval: how many kinks in it, and the slopes with which it is then left."""
    low, high = slopes
    ways: list[tuple[int, Slopes]] = [(2, ANY)]
    if low < chord < high or low == high == chord:
        ways.append((0, (chord, chord)))
    if low < chord:
        ways.append((1, (chord, inf)))
    if high > chord:
        ways.append((1, (-inf, chord)))
    return ways
