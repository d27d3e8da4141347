"""A checker in rational arithmetic: nothing is rounded but square roots and sums of quotients, to 200 bits."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import accumulate, pairwise
from math import isqrt

from tests.oracles.evidence import Evidence, Wire

_BITS = 200


def check_exactly(
    x: Sequence[float], y: Sequence[float], wire: Wire, penalise_biases: bool = True, skip_connection: bool = True
) -> Evidence:
    """Recompute the evidence of an answer to points in any order. O(n) big-number operations."""
    points = sorted({(Fraction(a), Fraction(b)) for a, b in zip(x, y, strict=True)})
    dual = [Fraction(value) for value in wire["certificate"]["dual_values"]]
    total = Fraction(wire["certificate"].get("dual_total", 0))
    may_start = not skip_connection
    may_slope = penalise_biases and not skip_connection
    if len(dual) != len(points) or dual[-1] != 0 or (dual[0] and not may_start) or (total and not may_slope):
        raise AssertionError("one dual value a distinct abscissa, zero where the setting demands it")
    ratio = worst_ratio([a for a, _ in points], dual, total, penalise_biases)
    return Evidence(
        norm=float(norm(wire, penalise_biases) if skip_connection else network_norm(wire, penalise_biases)),
        lower_bound=max(0.0, float(pairing(points, dual, total) / max(Fraction(1), ratio))),  # no norm is negative
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


def norm(wire: Wire, penalise_biases: bool = True) -> Fraction:
    """`sum |c| sqrt(1 + tau^2)` of the function, `sum |c|` with free biases: its cost with a skip connection."""
    function = wire["function"]
    kinks = zip(map(Fraction, function["kinks"]), map(Fraction, function["slope_changes"]), strict=True)
    return sum((abs(change) * (root(1 + kink**2) if penalise_biases else 1) for kink, change in kinks), Fraction(0))


def network_norm(wire: Wire, penalise_biases: bool) -> Fraction:
    """`1/2 ||theta||^2` of the network."""
    counted = ["hidden_weights", "output_weights"] + ["hidden_biases"] * penalise_biases
    return sum((Fraction(number) ** 2 for name in counted for number in wire["network"][name]), Fraction(0)) / 2


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


def worst_ratio(
    x: Sequence[Fraction], dual: Sequence[Fraction], total: Fraction = Fraction(0), penalise_biases: bool = True
) -> Fraction:
    """The least factor that covers what any neuron gains from the multipliers: `|sum theta_i relu(w x_i + b)|`.

    Neurons facing right see `q`, those facing left `q - l`, and both are lines between breakpoints, the outermost ones
    at infinity. The square of a line's largest quotient by `sqrt(1 + t^2)` is rational, wherever it is reached.
    """
    nodes = [(x[0] - 1, dual[0] + total), *zip(x, dual, strict=True), (x[-1] + 1, dual[-1])]
    largest = Fraction(0)
    for facing in (0, 1):
        seen = [(t, q - facing * (dual[0] + total * (x[0] - t))) for t, q in nodes]
        for i, ((a, q_a), (b, q_b)) in enumerate(pairwise(seen)):
            slope = (q_b - q_a) / (b - a)
            left, right = None if i == 0 else a, None if i == len(x) else b
            largest = max(largest, _square(slope, q_a - slope * a, left, right, penalise_biases))
    return root(largest)


def _square(
    slope: Fraction, level: Fraction, left: Fraction | None, right: Fraction | None, penalise_biases: bool
) -> Fraction:
    """The supremum of `(slope t + level)^2 / (1 + t^2)`, or of the numerator alone, between two ends or infinities."""
    if not penalise_biases:
        if slope and (left is None or right is None):
            raise AssertionError("a line that grows without bound")
        return max((slope * t + level) ** 2 for t in (left, right) if t is not None)
    ends = [slope**2 if t is None else (slope * t + level) ** 2 / (1 + t**2) for t in (left, right)]
    if level:
        top = slope / level
        if (left is None or left < top) and (right is None or top < right):
            return slope**2 + level**2
    return max(ends)


def pairing(
    points: Sequence[tuple[Fraction, Fraction]], dual: Sequence[Fraction], total: Fraction = Fraction(0)
) -> Fraction:
    """`sum theta_i y_i`, by parts; each term is rounded down, so that the bound stays a bound."""
    chords = [(d - b) / (c - a) for (a, b), (c, d) in pairwise(points)]
    terms = [total * points[0][1]]
    terms += [chord * (q - after) for chord, (q, after) in zip(chords, pairwise(dual), strict=True)]
    size = max(abs(term) for term in terms)
    if size == 0:
        return Fraction(0)
    unit = Fraction(2) ** (size.numerator.bit_length() - size.denominator.bit_length() - _BITS)
    return unit * sum((term / unit).__floor__() for term in terms)


def network_values(x: Sequence[Fraction], wire: Wire) -> Iterator[Fraction]:
    """The network at `x`, exactly, from the definition. O(points times neurons)."""
    network = wire["network"]
    columns = (network["hidden_weights"], network["hidden_biases"], network["output_weights"])
    neurons = [tuple(map(Fraction, neuron)) for neuron in zip(*columns, strict=True)]
    weight, bias = Fraction(network["skip_weight"]), Fraction(network["skip_bias"])
    for t in x:
        yield weight * t + bias + sum((a * max(Fraction(0), w * t + b) for w, b, a in neurons), Fraction(0))


def _scale(points: Sequence[tuple[Fraction, Fraction]], wire: Wire) -> Fraction:
    changes = [Fraction(change) for change in wire["function"]["slope_changes"]]
    slopes = accumulate(changes, initial=Fraction(wire["function"]["slope0"]))
    steepest = max(abs(slope) for slope in slopes)
    return max(abs(b) for _, b in points) + steepest * max(abs(points[0][0]), abs(points[-1][0]))
