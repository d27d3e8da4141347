"""Representational costs without a skip connection, as a cone program; and of piecewise polynomials, to 200 digits.

The cone program knows the parameters of neurons only: at each kink, amounts of neurons that face right and left, of
both signs; a pair of opposite neurons for any line; a constant neuron. The integrals use antiderivatives in decimal
arithmetic, which is wide enough to let them cancel.
"""

import decimal
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

import cvxpy
import numpy as np
from numpy.typing import NDArray

cp: Any = cvxpy  # its own annotations are incomplete

Floats = NDArray[np.float64]
Line = tuple[float, float]
Direction = tuple[Decimal, Decimal]

_DIGITS = decimal.Context(prec=200, Emin=-(10**6), Emax=10**6)
_CORNERS = [(Decimal(a), Decimal(b)) for a, b in ((1, 0), (0, 1), (-1, 0), (0, -1))]


def least_cost_by_cones(kinks: Floats, changes: Floats, line: Line, penalise_biases: bool) -> float:
    """The least path norm of networks that compute the function which is `line` left of its kinks."""
    size = float(np.sum(np.abs(changes)) + np.hypot(*line))
    price = np.hypot(1.0, kinks) if penalise_biases else np.ones_like(kinks)
    right, left = (cp.Variable(kinks.size) for _ in range(2))
    pair, constant = cp.Variable(2), cp.Variable()
    cost = price @ (cp.abs(right) + cp.abs(left))
    cost += 2.0 * cp.norm(pair, 2) + cp.abs(constant) if penalise_biases else 2.0 * cp.abs(pair[0])
    balance = [
        right + left == changes / size,
        pair[0] - cp.sum(left) == line[0] / size,
        pair[1] + constant + kinks @ left == line[1] / size,
    ]
    problem = cp.Problem(cp.Minimize(cost), balance)
    problem.solve(solver=cp.CLARABEL, tol_gap_abs=1e-11, tol_gap_rel=1e-11, tol_feas=1e-11)
    return float(problem.value) * size


class Curvature:
    """`f''` of a piecewise polynomial with rows as in SciPy's `PPoly`, in pieces of one sign, and its slope's jumps."""

    def __init__(self, breakpoints: Sequence[float], rows: Sequence[Sequence[float]]) -> None:
        with decimal.localcontext(_DIGITS):
            self.places = [Decimal(float(place)) for place in breakpoints]
            columns = [[Decimal(float(number)) for number in column] for column in zip(*rows, strict=True)]
            slopes = [_derivative(column[::-1]) for column in columns]
            self.parts = [
                part
                for (start, stop), slope in zip(pairwise(self.places), slopes, strict=True)
                for part in _parts_of_one_sign(start, stop, _derivative(slope))
            ]
            ends = [
                _value(slope, stop - start) for (start, stop), slope in zip(pairwise(self.places), slopes, strict=True)
            ]
            starts = [_value(slope, Decimal(0)) for slope in slopes]
            self.jumps = [after - before for after, before in zip(starts[1:], ends[:-1], strict=True)]
            self.first, self.last = starts[0], ends[-1]
            self.line = (self.first, columns[0][-1] - self.first * self.places[0])

    def variation(self, penalise_biases: bool) -> float:
        """`int |f''|`, weighted by `sqrt(1 + x^2)` if biases are penalised, jumps of the slope included."""
        with decimal.localcontext(_DIGITS):
            total = sum((abs(_integral(*part, penalise_biases)) for part in self.parts), Decimal(0))
            for place, jump in zip(self.places[1:-1], self.jumps, strict=True):
                total += abs(jump) * (_root(place) if penalise_biases else 1)
            return float(total)

    def cost_without_skip(self, penalise_biases: bool) -> float:
        """The same with what the affine part costs; penalised, it is the largest value of the dual."""
        if not penalise_biases:
            return max(self.variation(penalise_biases=False), abs(float(self.first + self.last)))
        with decimal.localcontext(_DIGITS):
            tops = [self._top(*quadrant) for quadrant in pairwise([*_CORNERS, _CORNERS[0]])]
            return self.variation(penalise_biases=True) + float(max(Decimal(0), *tops))

    def _top(self, first: Direction, last: Direction) -> Decimal:
        """The largest gain between two directions: it has one maximum, and is known to twice the direction's digits."""
        for _ in range(110):
            inner = [
                (first[0] + (last[0] - first[0]) * share / 3, first[1] + (last[1] - first[1]) * share / 3)
                for share in (1, 2)
            ]
            gains = [self._gain(*direction) for direction in inner]
            # On the boundary only positive gains have one maximum; along the segment between both, all gains have.
            if min(gains) < 0:
                gains = [
                    gain / min(2 / (a * a + b * b).sqrt(), 1 / abs(b))
                    for gain, (a, b) in zip(gains, inner, strict=True)
                ]
            if gains[0] < gains[1]:
                first = inner[0]
            else:
                last = inner[1]
        return self._gain(*first)

    def _gain(self, a: Decimal, b: Decimal) -> Decimal:
        """`min <z, line>` over the lines that may be left, for the `z` along `(a, b)` with `|z| = 2` or `|z_b| = 1`."""
        with decimal.localcontext(_DIGITS):
            radius = 2 / (a * a + b * b).sqrt()
            radius = min(radius, 1 / abs(b)) if b else radius
            a, b = a * radius, b * radius
            total = a * self.line[0] + b * self.line[1]
            for start, stop, powers in self.parts:
                # Where <z, (1, -x)> changes sign, the part is split.
                middle = min(max(a / b, start), stop) if b else start
                for low, high in ((start, middle), (middle, stop)):
                    mass = _integral(low, high, powers, penalise_biases=False)
                    moment = _integral(low, high, [Decimal(0), *powers], penalise_biases=False)
                    total += min(Decimal(0), a * mass - b * moment)
            for place, jump in zip(self.places[1:-1], self.jumps, strict=True):
                total += min(Decimal(0), jump * (a - b * place))
            return total


def _derivative(powers: Sequence[Decimal]) -> list[Decimal]:
    return [power * j for j, power in enumerate(powers)][1:] or [Decimal(0)]


def _value(powers: Sequence[Decimal], x: Decimal) -> Decimal:
    value = Decimal(0)
    for power in reversed(powers):
        value = value * x + power
    return value


def _root(x: Decimal) -> Decimal:
    return (1 + x * x).sqrt()


def _parts_of_one_sign(start: Decimal, stop: Decimal, powers: list[Decimal]) -> list[tuple[Decimal, Decimal, Any]]:
    """A polynomial in `x - start`, split where its complex zeros have their real parts, as one in `x`."""
    width = stop - start
    scaled = [float(power * width**j) for j, power in enumerate(powers)]
    marks = {start, stop}
    for zero in np.roots(scaled[::-1]):
        mark = Decimal(float(zero.real)) * width
        for _ in range(12):  # Newton's method
            slope = _value(_derivative(powers), mark)
            mark -= _value(powers, mark) / slope if slope else 0
        marks |= {min(max(start + place, start), stop) for place in (mark, Decimal(float(zero.real)) * width)}
    shifted = [Decimal(0)]
    for power in reversed(powers):  # Horner's rule, for polynomials
        shifted = [
            after - start * before for after, before in zip([Decimal(0), *shifted], [*shifted, Decimal(0)], strict=True)
        ]
        shifted[0] += power
    return [(low, high, shifted) for low, high in pairwise(sorted(marks))]


def _integral(start: Decimal, stop: Decimal, powers: Sequence[Decimal], penalise_biases: bool) -> Decimal:
    antiderivative = _weighted if penalise_biases else _plain
    return antiderivative(powers, stop) - antiderivative(powers, start)


def _plain(powers: Sequence[Decimal], x: Decimal) -> Decimal:
    return sum((power * x ** (j + 1) / (j + 1) for j, power in enumerate(powers)), Decimal(0))


def _weighted(powers: Sequence[Decimal], x: Decimal) -> Decimal:
    """`int x^j sqrt(1 + x^2)` by parts: `(x^(j-1) (1 + x^2)^(3/2) - (j - 1) int x^(j-2) sqrt(1 + x^2)) / (j + 2)`."""
    root = _root(x)
    logarithm = (abs(x) + root).ln().copy_sign(x)
    integrals = [(x * root + logarithm) / 2, root**3 / 3]
    for j in range(2, len(powers)):
        integrals.append((x ** (j - 1) * root**3 - (j - 1) * integrals[j - 2]) / (j + 2))
    return sum((power * part for power, part in zip(powers, integrals, strict=False)), Decimal(0))
