"""A checker in rational arithmetic: nothing is rounded but square roots and sums of quotients, to 200 bits."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import accumulate, pairwise
from math import isqrt

from tests.oracles.evidence import Evidence, Wire

_BITS = 200


def check_exactly(x: Sequence[float], y: Sequence[float], wire: Wire) -> Evidence:
    """Recompute the evidence of an answer to points in any order. O(n) big-number operations."""
    points = sorted({(Fraction(a), Fraction(b)) for a, b in zip(x, y, strict=True)})
    dual = [Fraction(value) for value in wire["certificate"]["dual_values"]]
    if len(dual) != len(points) or dual[0] != 0 or dual[-1] != 0:
        raise AssertionError("one dual value a distinct abscissa, zero at both ends")
    ratio = worst_ratio([a for a, _ in points], dual)
    return Evidence(
        norm=float(norm(wire)),
        lower_bound=max(0.0, float(_pairing(points, dual) / max(Fraction(1), ratio))),  # no norm is negative
        residual=float(max(abs(value - b) for value, (_, b) in zip(values(points, wire), points, strict=True))),
        scale=float(_scale(points, wire)),
        ratio=float(ratio),
    )


def root(square: Fraction) -> Fraction:
    """The square root, rounded down to 200 significant bits."""
    if square == 0:
        return Fraction(0)
    shift = 2 * _BITS - 2 * ((square.numerator.bit_length() - square.denominator.bit_length()) // 2)
    scaled = square * Fraction(2) ** shift
    return Fraction(isqrt(scaled.numerator // scaled.denominator)) / Fraction(2) ** (shift // 2)


def norm(wire: Wire) -> Fraction:
    """`sum |c| sqrt(1 + tau^2)` of the function."""
    function = wire["function"]
    kinks = zip(function["kinks"], function["slope_changes"], strict=True)
    return sum((abs(Fraction(change)) * root(1 + Fraction(kink) ** 2) for kink, change in kinks), Fraction(0))


def values(points: Sequence[tuple[Fraction, Fraction]], wire: Wire) -> Iterator[Fraction]:
    """The function at the ascending abscissae of `points`, exactly."""
    function = wire["function"]
    kinks = [Fraction(kink) for kink in function["kinks"]]
    at, value, slope = Fraction(function["x0"]), Fraction(function["y0"]), Fraction(function["slope0"])
    k = 0
    for x, _ in points:
        while k < len(kinks) and kinks[k] <= x:
            value += slope * (kinks[k] - at)
            at = kinks[k]
            slope += Fraction(function["slope_changes"][k])
            k += 1
        value += slope * (x - at)
        at = x
        yield value


def worst_ratio(x: Sequence[Fraction], dual: Sequence[Fraction]) -> Fraction:
    """The largest `|q(t)| / sqrt(1 + t^2)`: its square is rational, also where it is reached inside an interval."""
    largest = max(q * q / (1 + t * t) for t, q in zip(x, dual, strict=True))
    for (left, q_left), (right, q_right) in pairwise(zip(x, dual, strict=True)):
        slope = (q_right - q_left) / (right - left)
        level = q_left - slope * left
        if level != 0 and left < slope / level < right:
            largest = max(largest, slope * slope + level * level)
    return root(largest)


def _pairing(points: Sequence[tuple[Fraction, Fraction]], dual: Sequence[Fraction]) -> Fraction:
    """`sum eps_i q_i`, by parts; each term is rounded down, so that the bound stays a bound."""
    chords = [(d - b) / (c - a) for (a, b), (c, d) in pairwise(points)]
    terms = [chord * (q - after) for chord, (q, after) in zip(chords, pairwise(dual), strict=True)]
    size = max(abs(term) for term in terms)
    if size == 0:
        return Fraction(0)
    unit = Fraction(2) ** (size.numerator.bit_length() - size.denominator.bit_length() - _BITS)
    return unit * sum((term / unit).__floor__() for term in terms)


def _scale(points: Sequence[tuple[Fraction, Fraction]], wire: Wire) -> Fraction:
    changes = [Fraction(change) for change in wire["function"]["slope_changes"]]
    slopes = accumulate(changes, initial=Fraction(wire["function"]["slope0"]))
    steepest = max(abs(slope) for slope in slopes)
    return max(abs(b) for _, b in points) + steepest * max(abs(points[0][0]), abs(points[-1][0]))
