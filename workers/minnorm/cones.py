"""Least norm without a skip connection, biases penalised, as a second-order cone program of size O(n), with no grid.

In one dimension an interval between two points and a direction fix which points a neuron is active on [Pilanci, Ergen,
ICML 2020]. All neurons of one sign, one direction and one interval merge into one at no cost: their vectors `(w, b)`
add up, and the sum is no longer than its parts. Such a vector is written by the shares of the slope change that the
interval takes from its two ends, `beta` from the left and `alpha` from the right: a neuron that faces right is
`beta (1, -x_i) + alpha (1, -x_{i+1})`, one that faces left its negative. The shares of a point add up to the curvature
of the data there. What is left to match is the chord of the first interval, by the neurons that are active on it: those
that face left, and one for each sign that is active on all the data.
"""

import warnings
from importlib import import_module
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workers.immutable import immutable
from workers.minnorm.frame import Frame

Floats = NDArray[np.float64]

RIGHT, LEFT = 1, -1
FAMILIES = tuple(product((RIGHT, LEFT), (1, -1)))
"""Direction and sign of the neurons."""
_TOLERANCES = (1e-11, 1e-9)


class _Late:
    """cvxpy, imported when it is first used: that takes a second, and most processes never need it."""

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module("cvxpy"), name)


cp: Any = _Late()


@immutable
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


@immutable
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
    for tolerance in _TOLERANCES:
        if program.solve(tolerance):
            return program.shares(), program.multipliers(), float(program.problem.value) * targets.scale
    return None


class _Program:
    """Variables, rows and cost."""

    def __init__(self, targets: Targets) -> None:
        frame = self.frame = targets.frame
        intervals = frame.x.size - 1
        self.left = {family: cp.Variable(intervals, nonneg=True) for family in FAMILIES}
        self.right = {family: cp.Variable(intervals, nonneg=True) for family in FAMILIES}
        self.everywhere = {sign: cp.Variable(2) for sign in (1, -1)}
        self.curves = []
        if intervals > 1:
            self.curves.append(_signed(self.right)[:-1] + _signed(self.left)[1:] == targets.masses[1:-1])
        self.lines = [
            self._line(-frame.cosine, 0) == targets.chord[0],
            self._line(frame.sine, 1) == targets.chord[1],
        ]
        rows = [*self.curves, *self.lines, *self._active_everywhere()]
        self.problem = cp.Problem(cp.Minimize(self._cost()), rows)

    def solve(self, tolerance: float) -> bool:
        """Whether there is a solution."""
        options = {f"tol_{name}": tolerance for name in ("gap_abs", "gap_rel", "feas")}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "may be inaccurate": the certificate says how accurate it is
            try:
                self.problem.solve(solver=cp.CLARABEL, **options)
            except cp.SolverError:
                return False
        return self.problem.status in {cp.OPTIMAL, cp.OPTIMAL_INACCURATE}

    def shares(self) -> Shares:
        """The solution."""
        left, right = (np.array([part[f].value for f in FAMILIES]) for part in (self.left, self.right))
        return Shares(left, right, np.array([vector.value for vector in self.everywhere.values()]))

    def multipliers(self) -> Floats:
        """Of the line's rows, and of the inner points'."""
        lines = [[-line.dual_value] for line in self.lines]
        return np.concatenate([*lines, *(-curves.dual_value for curves in self.curves)], dtype=np.float64)

    def _cost(self) -> Any:
        lengths = [cp.norm(vector) for vector in self.everywhere.values()]
        for family in FAMILIES:
            shares = self.left[family], self.right[family]
            vectors = [cp.multiply(row[:-1], shares[0]) + cp.multiply(row[1:], shares[1]) for row in self.frame.units]
            lengths.append(cp.sum(cp.norm(cp.vstack(vectors), 2, axis=0)))
        return sum(lengths)

    def _line(self, turned: Floats, part: int) -> Any:
        """One part of the line through the first two points: what faces left, and the curvature at the first one.

        `turned` is that part of the line that a left-facing neuron adds to a right-facing one, by its kink's place.
        """
        facing_left = turned[:-1] @ _facing_left(self.left) + turned[1:] @ _facing_left(self.right)
        everywhere = self.everywhere[1][part] - self.everywhere[-1][part]
        return facing_left + everywhere - turned[0] * _signed(self.left)[0]

    def _active_everywhere(self) -> list[Any]:
        return [self.frame.units[:, end] @ vector >= 0.0 for vector in self.everywhere.values() for end in (0, -1)]


def _signed(shares: dict[tuple[int, int], Any]) -> Any:
    return sum(sign * share for (_, sign), share in shares.items())


def _facing_left(shares: dict[tuple[int, int], Any]) -> Any:
    return shares[LEFT, 1] - shares[LEFT, -1]
