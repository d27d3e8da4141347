"""What dual values prove of a regularised fit, in rational arithmetic; only the logistic loss takes logarithms."""

from collections.abc import Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import pairwise

from tests.oracles.exact import root

Numbers = Sequence[Fraction]


def multipliers(x: Numbers, values: Numbers, pushes: Numbers, total: Fraction) -> list[Fraction]:
    """Theta at each abscissa: the falls of its sums, which the slopes of the values and the pushes say."""
    sums = [total]
    for i, ((a, p), (b, r)) in enumerate(pairwise(zip(x, values, strict=True))):
        sums.append((p - r - pushes[i + 1]) / (b - a))
    return [before - after for before, after in pairwise([*sums, Fraction(0)])]


def gain(x: Numbers, theta: Numbers, neuron: tuple[int, Fraction, Fraction]) -> Fraction:
    """`sum theta_i a relu(facing (x_i - kink))`."""
    facing, kink, output = neuron
    return sum((t * output * max(Fraction(0), facing * (a - kink)) for a, t in zip(x, theta, strict=True)), Fraction(0))


def worst_ratio(
    x: Numbers, values: Numbers, first_push: Fraction, total: Fraction, penalise_biases: bool, side: int
) -> Fraction:
    """The least factor that covers what any neuron gains inside, on the side that counts, and outside on both."""
    start = values[0] + first_push
    level = start + total * x[0]
    largest = Fraction(0)
    for facing in (0, 1):
        seen = [p - facing * (level - total * t) for t, p in zip(x, values, strict=True)]
        for (a, p), (b, r) in pairwise(zip(x, seen, strict=True)):
            slope = (r - p) / (b - a)
            largest = max(largest, _square(slope, p - slope * a, (a, b), penalise_biases, side))
    for ends in ((None, x[0]), (x[-1], None)):
        largest = max(largest, _square(-total, level, ends, penalise_biases, 0))
    if side:
        largest = max(largest, _square(-total, level, (x[0], x[-1]), penalise_biases, 0) / 4)
    return root(largest)


def _square(
    slope: Fraction, level: Fraction, ends: tuple[Fraction | None, Fraction | None], penalise_biases: bool, side: int
) -> Fraction:
    """The supremum of `(slope t + level)^2 / (1 + t^2)`, or of the numerator, where the line is on the side."""
    inside = [t for t in ends if t is not None]
    tops = [slope / level] if level and penalise_biases else []
    tops = [t for t in tops if all((t - a) * s > 0 for a, s in zip(ends, (1, -1), strict=True) if a is not None)]
    found = [Fraction(0)]
    for t in inside + tops:
        value = slope * t + level
        if side * value >= 0:
            found.append(value**2 / (1 + t**2 if penalise_biases else 1))
    if None in ends:
        assert penalise_biases or slope == 0, "a line that grows without bound"
        found.append(slope**2 if penalise_biases else level**2)
    return max(found)


def least(name: str, delta: Fraction, y: Numbers, weights: Numbers, slope: Fraction) -> Fraction | None:
    """The infimum of the weighted loss plus `slope z`; None if there is none."""
    all_of_them = sum(weights, Fraction(0))
    if name == "squared":
        mean = sum((w * b for w, b in zip(weights, y, strict=True)), Fraction(0)) / all_of_them
        z = mean - slope / (2 * all_of_them)
        return sum((w * (z - b) ** 2 for w, b in zip(weights, y, strict=True)), slope * z)
    if name in {"absolute", "huber"}:
        reach = delta if name == "huber" else Fraction(1)
        if abs(slope) > all_of_them * reach:
            return None
        return min(_loss(name, delta, y, weights, z) + slope * z for z in _candidates(name, delta, y, weights, slope))
    up = sum((w for w, b in zip(weights, y, strict=True) if b > 0), Fraction(0))
    return _least_of_labels(name, up, all_of_them - up, slope)


def _least_of_labels(name: str, up: Fraction, down: Fraction, slope: Fraction) -> Fraction | None:
    if name == "hard_margin":
        assert not up or not down, "no value has both margins"
        return abs(slope) if slope == 0 or (slope > 0) == (up > 0) else None
    if not -down <= slope <= up:
        return None
    if name == "hinge":
        return min(2 * down + slope, 2 * up - slope)
    return _entropy(up - slope) + _entropy(down + slope) - _entropy(up + down)


def _loss(name: str, delta: Fraction, y: Numbers, weights: Numbers, z: Fraction) -> Fraction:
    total = Fraction(0)
    for b, w in zip(y, weights, strict=True):
        r = abs(z - b)
        total += w * (r if name == "absolute" else r**2 / 2 if r <= delta else delta * (r - delta / 2))
    return total


def _candidates(name: str, delta: Fraction, y: Numbers, weights: Numbers, slope: Fraction) -> list[Fraction]:
    """Where a derivative may vanish: at the nodes of the loss, or between two of them where it is a parabola."""
    if name == "absolute":
        return list(y)
    nodes = sorted({b + s * delta for b in y for s in (-1, 1)})
    found = list(nodes)
    for left, right in pairwise(nodes):
        middle = (left + right) / 2
        near = [(b, w) for b, w in zip(y, weights, strict=True) if abs(middle - b) < delta]
        far = sum((w * (1 if middle > b else -1) for b, w in zip(y, weights, strict=True) if abs(middle - b) >= delta))
        if near:
            z = (sum(w * b for b, w in near) - delta * far - slope) / sum(w for _, w in near)
            found.append(min(max(z, left), right))
    return found


def _entropy(part: Fraction) -> Fraction:
    """`-part log part`, to 60 digits."""
    if part == 0:
        return Fraction(0)
    with localcontext() as context:
        context.prec, context.Emin, context.Emax = 400, -(10**6), 10**6
        logarithm = (Decimal(part.numerator) / Decimal(part.denominator)).ln()
    return -part * Fraction(logarithm)
