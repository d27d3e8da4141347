"""Least norm without a skip connection, biases penalised, as a second-order cone program of size O(n), with no grid.

In one dimension an interval between two points and a direction fix which points a neuron is active on [Pilanci, Ergen,
ICML 2020]. All neurons of one sign, one direction and one interval merge into one at no cost: their vectors `(w, b)`
add up, and the sum is no longer than its parts. Such a vector is written by the shares of the slope change that the
interval takes from its two ends, `beta` from the left and `alpha` from the right: a neuron that faces right is
`beta (1, -x_i) + alpha (1, -x_{i+1})`, one that faces left its negative. The shares of a point add up to the curvature
of the data there. What is left to match is the chord of the first interval, by the neurons that are active on it: those
that face left, and one for each sign that is active on all the data.
"""

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workers.minnorm.conic import Columns, Program, Rows, Solution, Term, sparse
from workers.minnorm.frame import Frame

Floats = NDArray[np.float64]

RIGHT, LEFT = 1, -1
FAMILIES = tuple(product((RIGHT, LEFT), (1, -1)))
"""Direction and sign of the neurons."""
_SIGNS = (1, -1)
_TOLERANCES = (1e-11, 1e-9)


@dataclass(frozen=True)
class Targets:
    """What the neurons have to match: the curvature at each point, and the first chord.

    `scale` is of the size of the norm; the program is solved in units of it.
    """

    frame: Frame
    masses: Floats
    chord: Floats
    scale: float

    @classmethod
    def of(cls, x: Floats, curvature: Floats, slope: float, value: float) -> "Targets":
        """From the curvature of each point, zero at both ends, and the first chord's slope and first value."""
        frame = Frame.of(x)
        masses, chord = curvature * frame.w, frame.line(slope, value)
        scale = float(np.sum(np.abs(masses)) + np.hypot(*chord))
        return cls(frame, masses / scale, chord / scale, scale)


@dataclass(frozen=True)
class Shares:
    """A primal solution: for each family, what each interval takes from its left and from its right end.

    All in units of cost (a share of `beta` is multiplied by `sqrt(1 + x_i^2)`) and of `Targets.scale`. `everywhere`
    holds the turned `(w, b)` of the neurons of either sign that are active on all points. Shapes (4, n - 1), (2, 2).
    """

    left: Floats
    right: Floats
    everywhere: Floats


def solve_cones(targets: Targets) -> tuple[Shares, Floats, float] | None:
    """The least-norm network, its dual and its norm, as accurate as an interior-point method is. O(n) cones.

    The dual is that of the rows: the line's and the inner points' (see `Frame.heights`). None if the solver ends
    without a solution.
    """
    program = _Program(targets)
    solution = None
    for tolerance in _TOLERANCES:
        found = program.solve(tolerance)
        solution = found or solution
        if found is not None and found.is_accurate:
            break
    if solution is None:
        return None
    return program.shares(solution), program.multipliers(solution), program.cost(solution) * targets.scale


class _Program:
    """Variables, rows and cost. The shares of all families are columns side by side, family by family."""

    def __init__(self, targets: Targets) -> None:
        self._frame = targets.frame
        self._intervals = targets.frame.x.size - 1
        self._program = Program()
        self.solve = self._program.solve
        count = len(FAMILIES) * self._intervals
        self._left, self._right = (self._program.columns(np.zeros(count)) for _ in range(2))
        self._lengths = self._program.columns(np.ones(count))
        self._everywhere = [self._program.columns(np.zeros(2)) for _ in _SIGNS]
        self._lengths_everywhere = self._program.columns(np.ones(len(_SIGNS)))
        self._add_costs()
        self._curves = self._program.equal((self._taken(), -targets.masses[1:-1]))
        line = self._line(-targets.frame.cosine, 0), self._line(targets.frame.sine, 1)
        self._lines = [
            self._program.equal((terms, -part)) for terms, part in zip(line, targets.chord[:, None], strict=True)
        ]

    def shares(self, solution: Solution) -> Shares:
        """What the solution says."""
        left, right = (solution.variables[columns].reshape(len(FAMILIES), -1) for columns in (self._left, self._right))
        return Shares(left, right, np.array([solution.variables[columns] for columns in self._everywhere]))

    def multipliers(self, solution: Solution) -> Floats:
        """Of the line's rows, and of the inner points'."""
        return np.concatenate([solution.multipliers[rows] for rows in (*self._lines, self._curves)])

    def cost(self, solution: Solution) -> float:
        """All lengths."""
        lengths = self._lengths, self._lengths_everywhere
        return float(sum(np.sum(solution.variables[columns]) for columns in lengths))

    def _add_costs(self) -> None:
        """Shares are not negative, and cost the length of their vector, which is seen from the middle of its interval.

        So its two parts are a sum and a small difference; seen from elsewhere they would be two numbers of which most
        digits are the same.
        """
        half = 0.5 * np.tile(self._frame.step, len(FAMILIES))
        themselves = sparse().eye_array(half.size)
        for columns in (self._left, self._right):
            self._program.nonnegative(([(columns, themselves)], np.zeros(half.size)))
        along, across = sparse().diags_array(np.cos(half)), sparse().diags_array(np.sin(half))
        self._add_lengths(
            (self._lengths, themselves),
            [(self._left, along), (self._right, along)],
            [(self._left, -across), (self._right, across)],
        )
        for number, columns in enumerate(self._everywhere, self._lengths_everywhere.start):
            self._add_everywhere(columns, slice(number, number + 1))

    def _add_everywhere(self, columns: Columns, length: Columns) -> None:
        """A neuron that is active at both ends of the data, and so on all of them."""
        ends = sparse().csr_array(self._frame.units[:, [0, -1]].T)
        self._program.nonnegative(([(columns, ends)], np.zeros(2)))
        parts = [(columns, _row(unit)) for unit in np.eye(2)]
        self._add_lengths((length, _row([1.0])), *([part] for part in parts))

    def _add_lengths(self, length: Term, *parts: list[Term]) -> None:
        """Row by row, the length of the vector with these parts."""
        rows: list[Rows] = [(terms, np.zeros(length[1].shape[0])) for terms in ([length], *parts)]
        self._program.lengths(*rows)

    def _taken(self) -> list[Term]:
        """Of the curvature of the inner points, by the neurons whose kinks are on either side of them."""
        inner = sparse().eye_array(self._intervals)
        signs = [sign for _, sign in FAMILIES]
        after, before = inner.tocsr()[1:], inner.tocsr()[:-1]
        return [
            (self._left, sparse().hstack([sign * after for sign in signs])),
            (self._right, sparse().hstack([sign * before for sign in signs])),
        ]

    def _line(self, turned: Floats, part: int) -> list[Term]:
        """One part of the line through the first two points: what faces left, and the curvature at the first one.

        `turned` is that part of the line that a left-facing neuron adds to a right-facing one, by its kink's place.
        """
        left, right = np.zeros((2, len(FAMILIES), self._intervals))
        for family, (direction, sign) in enumerate(FAMILIES):
            if direction == LEFT:
                left[family], right[family] = sign * turned[:-1], sign * turned[1:]
            left[family, 0] -= sign * turned[0]
        shares = [(self._left, _row(left.ravel())), (self._right, _row(right.ravel()))]
        unit = np.eye(2)[part]
        return shares + [(columns, _row(sign * unit)) for sign, columns in zip(_SIGNS, self._everywhere, strict=True)]


def _row(entries: Any) -> Any:
    return sparse().csr_array(np.asarray(entries, dtype=np.float64)[None, :])
