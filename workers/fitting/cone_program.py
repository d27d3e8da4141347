"""Any regularised fit as a conic program of size O(n), with no grid: every loss, setting and shape.

The fitted values `z` are variables, and so is what neurons take of their curvature. With penalised biases, all neurons
of one sign and direction whose kinks lie in one interval between two abscissae merge into one at no cost; it is written
by its shares of the slope changes at both ends of the interval (`minnorm.cones`), and costs the length of `beta (x_i,
1) + alpha (x_{i+1}, 1)`. With free biases kinks may stay at the data. Without a skip connection there are neurons that
face left, one for each sign that is active on all data, and the first chord has to be matched as well; with free biases
the norm is the larger one of `V` and `(V + |D|) / 2`, where `V` is the sum of all slope changes between the data and
`D` the sum of the first and the last slope: a kink outside of the data makes up for half the difference.

Shapes: convex functions have no kinks of negative sign between the data, but where there is no skip connection they may
need a line, which two opposite neurons make at the cost of twice their length. Monotone ones have chords that do not
fall (or rise), and slopes at both ends that do not: all slopes between lie between those of two chords.

A *layout* restricts the program: values are affine between some nodes, and kinks may be at some nodes and in some of
the intervals between neighbours. So a second program, with what the first one means, has exact zeros.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workers.fitting.conic import Columns, Program, Solution, Term, sparse
from workers.fitting.layout import DIRECTIONS, LEFT, SIGNS, Layout, Neurons, Optimum, Question
from workers.fitting.loss_cones import Values, add_loss, slopes_of
from workers.minnorm.certificate import Dual

Floats = NDArray[np.float64]
_GOLDEN = 0.5 * np.sqrt(5.0) - 0.5
_UNITS = (1.0, 10.0, 0.1)


def solve(question: Question, layout: Layout, tolerance: float) -> Optimum | None:
    """As accurate as an interior-point method is; None where that ends without a solution.

    One that makes no progress in one unit of the objective mostly does in another.
    """
    optimum = None
    for factor in _UNITS:
        program = _Fit(replace(question, size=factor * question.size), layout)
        solution = program.program.solve(tolerance)
        if solution is not None:
            optimum = program.optimum(solution)
            if solution.is_accurate:
                break
    return optimum


class _Fit:
    """The columns and rows of one program."""

    def __init__(self, question: Question, layout: Layout) -> None:
        self.question, self.layout = question, layout
        self.program = Program()
        nodes = layout.nodes
        frame = question.frame
        self.x = frame.x[nodes]
        self.steps = np.diff(self.x)
        self.weight = frame.w[nodes] if question.setting.penalise_biases else np.ones(nodes.size)
        self.price = question.size / question.regularisation
        """The unit of shares, as costs: one of them costs as much as the objective's unit."""
        self.values = self.program.columns(np.zeros(nodes.size))
        self.matrix = _interpolation(frame.x, nodes)
        values = Values(self.values, self.matrix, question.base, question.unit)
        self.contacts = add_loss(self.program, question.sample, question.loss, values, question.size)
        self.outside: dict[int, tuple[list[Columns], slice]] = {}
        self._add_neurons()
        self._add_curvature()
        if question.has_line_rows:
            self._add_line()
        elif not question.setting.skip_connection:
            self._add_balance()
        if question.shape.monotone:
            self._add_monotone()

    def _add_neurons(self) -> None:
        """Shares, and what they cost: lengths inside intervals, themselves at nodes."""
        families, intervals = np.nonzero(self.layout.inside)
        count = intervals.size
        self.families, self.intervals = families, intervals
        self.left = self.program.columns(np.zeros(count))
        self.right = self.program.columns(np.zeros(count))
        both = _identity(count), _identity(count)
        self.left_rows = self.program.nonnegative(([(self.left, both[0])], np.zeros(count)))
        self.right_rows = self.program.nonnegative(([(self.right, both[1])], np.zeros(count)))
        half = 0.5 * self.question.frame.step[self.layout.nodes[:-1]][intervals]
        lengths = self.program.columns(np.ones(count))
        self.length_rows = self.program.lengths(
            ([(lengths, _identity(count))], np.zeros(count)),
            ([(self.left, _diagonal(np.cos(half))), (self.right, _diagonal(np.cos(half)))], np.zeros(count)),
            ([(self.left, _diagonal(-np.sin(half))), (self.right, _diagonal(np.sin(half)))], np.zeros(count)),
        )
        self.families_at, self.nodes_at = np.nonzero(self.layout.at)
        count = self.nodes_at.size
        free = not self.question.setting.penalise_biases and not self.question.setting.skip_connection
        self.costs_at = 1.0 + self.question.tilt * np.modf(_GOLDEN * np.arange(count))[0]
        self.at = self.program.columns(np.zeros(count) if free else self.costs_at)
        self.at_rows = self.program.nonnegative(([(self.at, _identity(count))], np.zeros(count)))

    def _add_curvature(self) -> None:
        """At each inner node: what its neurons take is by what the slope changes.

        Slopes are variables of their own, of a mean step: written out, second differences of values would have entries
        of very different size.
        """
        k = self.x.size
        mean = float(self.x[-1] - self.x[0]) / (k - 1)
        slopes = self.program.columns(np.zeros(k - 1))
        rises = _differences(k)
        self.rise_rows = self.program.equal(
            ([(self.values, rises), (slopes, _diagonal(-self.steps / mean))], np.zeros(k - 1))
        )
        terms = [(slopes, _differences(k - 1)), *self._taken(SIGNS, inner_only=True, factors=np.full(k - 2, -mean))]
        self.curve_scale = mean
        self.curve_rows = self.program.equal((terms, np.zeros(k - 2)))

    def _taken(self, signs: Floats, inner_only: bool, factors: Floats) -> list[Term]:
        """Rows of nodes: the signed shares that neurons take of each, as slope changes, times factors."""
        first, count = (1, self.x.size - 2) if inner_only else (0, self.x.size)
        unit = self.price / self.question.unit
        weighed = factors * unit / self.weight[first : first + count]
        terms = []
        for columns, family, node in (
            (self.left, self.families, self.intervals),
            (self.right, self.families, self.intervals + 1),
            (self.at, self.families_at, self.nodes_at),
        ):
            inside = np.flatnonzero((node >= first) & (node < first + count))
            row = node[inside] - first
            entries = signs[family[inside]] * weighed[row]
            terms.append((columns, sparse().csr_matrix((entries, (row, inside)), shape=(count, node.size))))
        return terms

    def _add_line(self) -> None:
        """The chord of the first interval: by neurons that face left and by those that are active on all data.

        The two parts of a line are those of the turned plane (`minnorm.frame`).
        """
        frame, nodes = self.question.frame, self.layout.nodes
        unit = self.price / self.question.unit
        self.outside = {place: self._line_made(1.0) for place in np.flatnonzero(self.layout.outside).tolist()}
        lines = [(vector, SIGNS[place]) for place, (vector, _) in self.outside.items()]
        if self.question.shape.curvature:
            lines.append((self._line_made(2.0)[0], 1.0))
        slope, value = frame.line(1.0, 0.0), frame.line(0.0, 1.0)
        step = self.steps[0]
        turned = (-frame.cosine[nodes], frame.sine[nodes])
        scales = [1.0 / (abs(slope[part]) / step + abs(value[part]) + 1e-300) for part in (0, 1)]
        # Each part is divided by what it is of the first two values.
        rows = []
        for part in (0, 1):
            first, second = value[part] - slope[part] / step, slope[part] / step
            chord = sparse().csr_matrix(np.array([[first, second]]) * scales[part])
            terms: list[Term] = [(slice(self.values.start, self.values.start + 2), chord)]
            terms += self._facing_left(turned[part], -scales[part] * unit)
            terms += [(vector[part], sparse().csr_matrix([[-sign * scales[part] * unit]])) for vector, sign in lines]
            rows.append(self.program.equal((terms, np.zeros(1))))
        self.line_rows, self.line_scales = rows, scales

    def _facing_left(self, turned: Floats, factor: float) -> list[Term]:
        """What neurons that face left add to the line, less what the first point bends (which is not the chord's)."""
        terms = []
        for columns, family, node in (
            (self.left, self.families, self.intervals),
            (self.right, self.families, self.intervals + 1),
            (self.at, self.families_at, self.nodes_at),
        ):
            entries = np.where(DIRECTIONS[family] == LEFT, turned[node], 0.0)
            entries = SIGNS[family] * np.where(node == 0, entries - turned[0], entries)
            terms.append((columns, sparse().csr_matrix(factor * entries[None, :])))
        return terms

    def _line_made(self, cost: float) -> tuple[list[Columns], slice]:
        """A vector whose length costs, and the rows of that; active on all data, unless it is two that make a line."""
        one = sparse().csr_matrix([[1.0]])
        vector = [self.program.columns(np.zeros(1)) for _ in range(2)]
        length = self.program.columns(np.full(1, cost))
        rows = self.program.lengths(*(([(column, one)], np.zeros(1)) for column in (length, *vector)))
        if cost == 1.0:
            for end in (0, -1):
                unit = self.question.frame.units[:, end]
                terms = [(column, one * entry) for column, entry in zip(vector, unit, strict=True)]
                self.program.nonnegative((terms, np.zeros(1)))
        return vector, rows

    def _add_balance(self) -> None:
        """Free biases without a skip connection: `V` or `(V + |D|) / 2`, whichever is more."""
        cost = self.program.columns(np.ones(1))
        all_of_it = sparse().csr_matrix(self.costs_at[None, :])
        one = sparse().csr_matrix([[1.0]])
        self.balance_rows = [self.program.nonnegative(([(cost, one), (self.at, -all_of_it)], np.zeros(1)))]
        k = self.x.size
        ends = np.zeros((1, k))
        ends[0, [0, 1]] += np.array([-1.0, 1.0]) / self.steps[0]
        ends[0, [k - 2, k - 1]] += np.array([-1.0, 1.0]) / self.steps[-1]
        unit = self.question.unit / self.price
        for side in (1.0, -1.0):
            terms: list[Term] = [
                (cost, one * 2.0),
                (self.at, -all_of_it),
                (self.values, sparse().csr_matrix(side * unit * ends)),
            ]
            self.balance_rows.append(self.program.nonnegative((terms, np.zeros(1))))

    def _add_monotone(self) -> None:
        """Chords, and the slopes just inside of both ends, do not fall; or do not rise."""
        sign, k = float(self.question.shape.monotone), self.x.size
        rises = _differences(k)
        constants = self.question.slope * self.steps / self.question.unit
        self.chord_rows = self.program.nonnegative(([(self.values, sign * rises)], sign * constants))
        self.end_rows: list[slice] = []
        if not self.question.setting.penalise_biases:
            return  # kinks are at the data, so these slopes are those of chords
        for place, node, side in ((0, 0, -1.0), (k - 2, k - 1, 1.0)):
            taken = self._taken(sign * side * SIGNS, inner_only=False, factors=np.full(k, self.steps[place]))
            terms: list[Term] = [(self.values, sign * rises[place])]
            terms += [(columns, matrix[node]) for columns, matrix in taken]
            self.end_rows.append(self.program.nonnegative((terms, sign * constants[place : place + 1])))

    def _at_nodes(self, values: Floats) -> Floats:
        return values[self.layout.nodes]

    def optimum(self, solution: Solution) -> Optimum:
        """A solution in the units of the caller."""
        nu = self._slope_multipliers(solution)
        neurons = self._neurons(solution)
        values = self.question.base + self.matrix @ neurons.values
        pulls = self.price * slopes_of(self.contacts, solution.multipliers, values.size)
        return Optimum(neurons, values, pulls, self._dual(solution, nu), self._spread(nu))

    def _spread(self, nu: Floats | None) -> Floats | None:
        """Slope multipliers of intervals between nodes, spread over those between abscissae."""
        if nu is None:
            return None
        steps = np.diff(self.question.frame.x)
        own = np.repeat(nu[1:-1] / self.steps, np.diff(self.layout.nodes)) * steps
        return np.concatenate((nu[:1], own, nu[-1:]))

    def _multipliers(self, solution: Solution, rows: slice, scale: Floats | float) -> Floats:
        """Of equations between bends and shares: of one unit of slope change, by the price."""
        unit = self.price / self.question.unit
        return -solution.multipliers[rows] * scale * unit

    def _dual(self, solution: Solution, nu: Floats | None) -> Dual:
        heights = np.zeros(self.x.size)
        heights[1:-1] = self._multipliers(solution, self.curve_rows, self.curve_scale)
        total = 0.0
        if self.question.has_line_rows:
            of_line = [
                self._multipliers(solution, rows, scale)[0]
                for rows, scale in zip(self.line_rows, self.line_scales, strict=True)
            ]
            line = self.question.frame.dual(np.array([*of_line, *np.zeros(self.question.frame.x.size - 2)]))
            heights[0], total = line.values[0], line.total
        elif not self.question.setting.skip_connection:
            heights += self._balance(solution)
        if nu is not None:
            sign = float(self.question.shape.monotone)
            heights[0] -= sign * nu[0]
            heights[-1] += sign * nu[-1]
        return Dual(heights, total)

    def _balance(self, solution: Solution) -> Floats:
        """What the multipliers of the sum of the first and the last slope add to the dual.

        That sum is twice the first slope and all bends: a line of the dual that is constant, and as much at the first
        point as it is twice at all others.
        """
        up, down = (float(solution.multipliers[rows][0]) for rows in self.balance_rows[1:])
        half = down - up
        raised = np.full(self.x.size, half)
        raised[0], raised[-1] = 2.0 * half, 0.0
        return raised

    def _slope_multipliers(self, solution: Solution) -> Floats | None:
        if not self.question.shape.monotone:
            return None
        unit = self.price / self.question.unit
        chords = solution.multipliers[self.chord_rows] * self.steps * unit
        first = last = np.zeros(1)
        if self.end_rows:
            first, last = (
                solution.multipliers[rows] * step * unit
                for rows, step in zip(self.end_rows, self.steps[[0, -1]], strict=True)
            )
        return np.maximum(0.0, np.concatenate((first, chords, last)))

    def _neurons(self, solution: Solution) -> Neurons:
        v, t = solution.variables, solution.multipliers
        families, k = self.layout.at.shape
        left, right, slack = (np.zeros((families, k - 1)) for _ in range(3))
        slack_left, slack_right = np.zeros((families, k - 1)), np.zeros((families, k - 1))
        at, slack_at = np.zeros((families, k)), np.zeros((families, k))
        where = self.families, self.intervals
        left[where] = np.maximum(0.0, v[self.left]) * self.price / self.weight[self.intervals]
        right[where] = np.maximum(0.0, v[self.right]) * self.price / self.weight[self.intervals + 1]
        lengths = t[self.length_rows].reshape(-1, 3)
        slack[where] = 1.0 - np.hypot(lengths[:, 1], lengths[:, 2])
        slack_left[where], slack_right[where] = t[self.left_rows], t[self.right_rows]
        at[self.families_at, self.nodes_at] = np.maximum(0.0, v[self.at]) * self.price / self.weight[self.nodes_at]
        slack_at[self.families_at, self.nodes_at] = t[self.at_rows]
        outside, slack_outside = self._outside(solution)
        values = v[self.values] * self.question.unit
        return Neurons(
            self.layout, values, left, right, at, slack, slack_left, slack_right, slack_at, outside, slack_outside
        )

    def _outside(self, solution: Solution) -> tuple[Floats, Floats]:
        """The neurons that are active on all data, and their slack."""
        vectors, slack = np.zeros((2, 2)), np.zeros(2)
        for place, (vector, rows) in self.outside.items():
            vectors[place] = [solution.variables[column][0] for column in vector]
            slack[place] = 1.0 - np.hypot(*solution.multipliers[rows][1:])
        return self.question.frame.vector(vectors) * self.price, slack


def _identity(size: int) -> Any:
    return sparse().identity(size, format="csr")


def _differences(count: int) -> Any:
    """Of neighbours; shape (count - 1, count)."""
    row = np.arange(count - 1)
    entries = np.concatenate((-np.ones(count - 1), np.ones(count - 1)))
    where = np.concatenate((row, row)), np.concatenate((row, row + 1))
    return sparse().csr_matrix((entries, where), shape=(count - 1, count))


def _diagonal(entries: Floats) -> Any:
    return sparse().diags(entries, format="csr")


def _interpolation(x: Floats, nodes: NDArray[np.int64]) -> Any:
    """The matrix that interpolates values at nodes between them; shape (m, k)."""
    places = np.arange(x.size)
    right = np.clip(np.searchsorted(nodes, places, side="left"), 1, nodes.size - 1)
    left = right - 1
    reach = (x - x[nodes[left]]) / (x[nodes[right]] - x[nodes[left]])
    entries = np.concatenate((1.0 - reach, reach))
    where = np.concatenate((places, places)), np.concatenate((left, right))
    matrix = sparse().csr_matrix((entries, where), shape=(x.size, nodes.size))
    matrix.eliminate_zeros()
    return matrix
