"""The regularised least-squares fit whose kinks may lie at given points and beside them only, by Newton's method.

Data values that are affine between *nodes* (some of the data, both ends among them) are `u` at the nodes; the loss is
then tridiagonal in `u`. A node bends by its slope change `e_j`, linear in three values of `u`. It costs `w_j |e_j|` if
the kink is at the node; or two nodes that are neighbours in the data are *joined*: shares `beta` of the left one and
`alpha` of the right one meet in a kink between them, at the cost `|beta p_j + alpha p_{j+1}|`, `p = (x, 1)`. Which
nodes are joined, and what they share, is decided by `minnorm.splitting`: exactly, for all nodes, in linear time. So the
objective is a convex function of `u` alone, and smooth while no node ceases to bend; a node that does is left out.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workers.fitting.newton import change, newton_step, sum_of_prices
from workers.minnorm.compiled import compiled
from workers.minnorm.splitting import split_masses

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Marks = NDArray[np.bool_]

_ENOUGH = 1e-3
_SHORTEST = 2.0**-12
_UNSEEN = 1e-11
_FASTER = 0.5
_PATIENCE = 12
_FLOOR = 1e-25
_STEPS = 200


@dataclass(frozen=True)
class Observed:
    """Mean ordinates at distinct ascending abscissae, and weights that add up to 1. Shapes (m,)."""

    x: Floats
    y: Floats
    weights: Floats


@dataclass(frozen=True)
class Price:
    """Of a unit of slope change: `each`, times `sqrt(1 + x^2)` if biases are penalised."""

    each: float
    penalise_biases: bool


@dataclass(frozen=True)
class Candidate:
    """A function by its nodes.

    `signs` are those of their slope changes, zero at both ends; `values` are the function's there, and `offsets` the
    same less the data's: they keep their digits where the function all but interpolates. Nodes j and j + 1 may
    have a common kink, to which they give `from_left[j]` and `from_right[j]`; both are zero if not. Shapes (k,).
    """

    nodes: Indices
    signs: Floats
    offsets: Floats
    values: Floats
    from_left: Floats
    from_right: Floats

    @classmethod
    def of(cls, data: Observed, price: Price, nodes: Indices, signs: Floats, offsets: Floats) -> "Candidate":
        """Without the nodes that do not bend as they should, and with the best kinks. O(k)."""
        values = data.y[nodes] + offsets
        kept = _bending(data.x, nodes.copy(), signs.copy(), values.copy())
        if kept.size < nodes.size:
            nodes, signs, offsets, values = nodes[kept], signs[kept], offsets[kept], values[kept]
        if not price.penalise_biases:  # every kink is best at its node
            return cls(nodes, signs, offsets, values, np.zeros(nodes.size), np.zeros(nodes.size))
        return cls(nodes, signs, offsets, values, *_joints(data.x, nodes, values))

    def moved(self, data: Observed, price: Price, step: Floats, ending: Marks | None = None) -> "Candidate":
        """After a step of the values, without the nodes that end there."""
        signs = self.signs if ending is None else np.where(ending, 0.0, self.signs)
        return Candidate.of(data, price, self.nodes, signs, self.offsets + step)

    @property
    def columns(self) -> tuple[Indices, Floats, Floats, Marks, Floats]:
        """As the compiled functions take them: the last two say what is joined to the next node, and the shares."""
        shares = np.abs(self.from_left)
        shares[-1] = abs(self.from_right[-2])
        return self.nodes, self.signs, self.values, self.from_left != 0.0, shares


def _joints(x: Floats, nodes: Indices, values: Floats) -> tuple[Floats, Floats]:
    """What neighbours give to their common kink, from the left and from the right."""
    apart = np.diff(nodes) > 1
    # A point between two nodes, where the function does not bend, keeps their masses apart.
    places = np.arange(nodes.size) + np.concatenate(([0], np.cumsum(apart)))
    points = np.empty(places[-1] + 1, np.int64)
    points[places[:-1][apart] + 1] = nodes[:-1][apart] + 1
    points[places] = nodes
    curvature = np.zeros(points.size)
    curvature[places[1:-1]] = np.diff(np.diff(values) / np.diff(x[nodes]))
    _, from_left, from_right = split_masses(x[points], curvature)
    return from_left[places], from_right[places]


def minimise(data: Observed, price: Price, start: Candidate) -> Candidate:
    """The best candidate with these nodes, or some of them, as accurate as rounding allows.

    O(m) an iteration, a handful of iterations.
    """
    here = start
    residuals, others = np.empty_like(data.x), np.empty_like(data.x)
    objective = objective_of(data, price, here, residuals)
    least, idle = np.inf, 0
    for _ in range(_STEPS):
        step, decrease = newton_step(data.x, price.each, price.penalise_biases, data.weights, residuals, *here.columns)
        length, moved, value = 1.0, None, objective
        # What the objective no longer shows, the dual does: by the square root. Newton's method is close then.
        while decrease > _UNSEEN * objective and length > _SHORTEST:
            moved = here.moved(data, price, length * step)
            value = objective_of(data, price, moved, others)
            if value < objective - _ENOUGH * length * decrease:
                break
            moved, length = None, 0.5 * length
        if moved is None:
            times = _times_to_zero(data.x, here.nodes, here.signs, here.values, step)
            ending = times <= length
            if ending.any():
                length, least, idle = float(np.median(times[ending])), np.inf, 0
            elif length == 1.0 and idle < _PATIENCE and decrease > _FLOOR * objective:
                idle = 0 if decrease < _FASTER * least else idle + 1
                least = min(least, decrease)
            else:
                break
            moved = here.moved(data, price, length * step, times <= length)
            value = objective_of(data, price, moved, others)
        here, objective = moved, value
        residuals, others = others, residuals
    return here


@compiled
def _times_to_zero(x: Floats, nodes: Indices, signs: Floats, values: Floats, step: Floats) -> Floats:
    """The lengths of the step after which the change of each node vanishes; 2 if it does not before 1."""
    there = values + step
    times = np.full(nodes.size, 2.0)
    for j in range(1, nodes.size - 1):
        before, after = signs[j] * change(x, nodes, values, j), signs[j] * change(x, nodes, there, j)
        if not after > 0.0:
            times[j] = before / (before - after)
    return times


@compiled
def _bending(x: Floats, nodes: Indices, signs: Floats, values: Floats) -> Indices:
    """Which nodes remain: leaving one out changes its neighbours. Overwrites all but `x`."""
    kept = np.arange(nodes.size)
    bends = np.ones(nodes.size, np.bool_)
    while True:
        k = kept.size
        for j in range(1, k - 1):
            bends[j] = signs[j] * change(x, nodes[:k], values, j) > 0.0
        bends[k - 1] = True
        count = 0
        for j in range(k):
            if bends[j]:
                kept[count], nodes[count], signs[count], values[count] = kept[j], nodes[j], signs[j], values[j]
                count += 1
        if count == k:
            return kept
        kept = kept[:count]


def norm(x: Floats, price: Price, candidate: Candidate) -> float:
    """What all slope changes of a candidate cost, for a price of 1."""
    return float(sum_of_prices(x, price.penalise_biases, *candidate.columns))


def objective_of(data: Observed, price: Price, candidate: Candidate, residuals: Floats) -> float:
    """Loss and price of a candidate; fills its residuals `f - y`."""
    loss = _loss(data.x, data.y, data.weights, candidate.nodes, candidate.offsets, residuals)
    return float(loss) + price.each * norm(data.x, price, candidate)


@compiled
def _loss(x: Floats, y: Floats, weights: Floats, nodes: Indices, offsets: Floats, residuals: Floats) -> float:
    loss: float = 0.0
    k = nodes.size
    for j in range(k - 1):
        first, last = nodes[j], nodes[j + 1]
        width = x[last] - x[first]
        rise = y[last] - y[first]
        for i in range(first, last):
            part = (x[i] - x[first]) / width
            residual = ((y[first] - y[i]) + rise * part) + (offsets[j] + (offsets[j + 1] - offsets[j]) * part)
            residuals[i] = residual
            loss += weights[i] * residual * residual
    residuals[nodes[k - 1]] = offsets[k - 1]
    loss += weights[nodes[k - 1]] * offsets[k - 1] ** 2
    return loss
