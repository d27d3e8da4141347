"""The regularised least-squares fit whose kinks may lie at given points and beside them only, by Newton's method.

Data values that are affine between *nodes* (some of the data, both ends among them) are `u` at the nodes; the loss is
then tridiagonal in `u`. A node bends by its slope change `e_j`, linear in three values of `u`. It costs `w_j |e_j|` if
the kink is at the node; or two nodes that are neighbours in the data are *joined*: shares `beta` of the left one and
`alpha` of the right one meet in a kink between them, at the cost `|beta p_j + alpha p_{j+1}|`, `p = (x, 1)`. Which
nodes are joined, and what they share, is decided by `minnorm.splitting`: exactly, for all nodes, in linear time. So the
objective is a convex function of `u` alone, and smooth while no node ceases to bend; a node that does is left out.
"""

import numpy as np
from numpy.typing import NDArray

from workers.fitting.moments import measured, updated
from workers.fitting.newton import change, newton_step, sum_of_prices
from workers.immutable import immutable
from workers.minnorm.compiled import compiled
from workers.minnorm.splitting import shares_within

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Marks = NDArray[np.bool_]
Columns = tuple[Indices, Floats, Floats, Floats, Floats, Floats]
"""The fields of a candidate, as compiled functions take them."""

_ENOUGH = 1e-3
_SHORTEST = 2.0**-12
_UNSEEN = 1e-11
_FASTER = 0.5
_PATIENCE = 12
_FLOOR = 1e-25
_STEPS = 200


@immutable
class Observed:
    """Mean ordinates at distinct ascending abscissae, and weights that add up to 1. Shapes (m,)."""

    x: Floats
    y: Floats
    weights: Floats


@immutable
class Price:
    """Of a unit of slope change: `each`, times `sqrt(1 + x^2)` if biases are penalised."""

    each: float
    penalise_biases: bool


@immutable
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
        return cls(*candidate(data.x, data.y, price.penalise_biases, nodes, signs, offsets))

    @property
    def columns(self) -> Columns:
        """All of it."""
        return self.nodes, self.signs, self.offsets, self.values, self.from_left, self.from_right


def minimise(data: Observed, price: Price, start: Candidate) -> Candidate:
    """The best candidate with these nodes, or some of them, as accurate as rounding allows.

    O(m), and O(k) an iteration; a handful of iterations.
    """
    return Candidate(*minimised(data.x, data.y, data.weights, price.each, price.penalise_biases, start.columns))


def norm(x: Floats, price: Price, candidate: Candidate) -> float:
    """What all slope changes of a candidate cost, for a price of 1."""
    return float(_cost(x, price.penalise_biases, candidate.columns))


def objective_of(data: Observed, price: Price, candidate: Candidate, residuals: Floats) -> float:
    """Loss and price of a candidate; fills its residuals `f - y`."""
    loss = fill_residuals(data.x, data.y, data.weights, candidate.nodes, candidate.offsets, residuals)
    return float(loss) + price.each * norm(data.x, price, candidate)


@compiled
def minimised(x: Floats, y: Floats, weights: Floats, price: float, penalise_biases: bool, start: Columns) -> Columns:
    """`minimise`, compiled."""
    here = start
    moments = measured(x, y, weights, here[0], here[2])
    objective = _objective(x, price, penalise_biases, here, moments)
    least, idle = np.inf, 0
    for _ in range(_STEPS):
        step, decrease = newton_step(x, price, penalise_biases, moments, *_shared(here))
        length, is_lower = 1.0, False
        moved, others, value = here, moments, objective
        # What the objective no longer shows, the dual does: by the square root. Newton's method is close then.
        while decrease > _UNSEEN * objective and length > _SHORTEST:
            moved = candidate(x, y, penalise_biases, here[0], here[1], here[2] + length * step)
            others = updated(x, y, weights, here[0], here[2], moments, moved[0], moved[2])
            value = _objective(x, price, penalise_biases, moved, others)
            is_lower = value < objective - _ENOUGH * length * decrease
            if is_lower:
                break
            length *= 0.5
        if not is_lower:
            times = _times_to_zero(x, here[0], here[1], here[3], step)
            ending = times <= length
            if ending.any():
                length, least, idle = np.median(times[ending]), np.inf, 0
            elif length == 1.0 and idle < _PATIENCE and decrease > _FLOOR * objective:
                idle = 0 if decrease < _FASTER * least else idle + 1
                least = min(least, decrease)
            else:
                break
            signs = np.where(times <= length, 0.0, here[1])
            moved = candidate(x, y, penalise_biases, here[0], signs, here[2] + length * step)
            others = updated(x, y, weights, here[0], here[2], moments, moved[0], moved[2])
            value = _objective(x, price, penalise_biases, moved, others)
        here, moments, objective = moved, others, value
    return here


@compiled
def candidate(x: Floats, y: Floats, penalise_biases: bool, nodes: Indices, signs: Floats, offsets: Floats) -> Columns:
    """`Candidate.of`, compiled."""
    nodes, signs, offsets = nodes.copy(), signs.copy(), offsets.copy()
    values = y[nodes] + offsets
    k = _keep_bending(x, nodes, signs, offsets, values)
    nodes, signs, offsets, values = nodes[:k], signs[:k], offsets[:k], values[:k]
    if penalise_biases:
        from_left, from_right = _joints(x, nodes, values)
    else:  # every kink is best at its node
        from_left, from_right = np.zeros(k), np.zeros(k)
    return nodes, signs, offsets, values, from_left, from_right


@compiled
def _keep_bending(x: Floats, nodes: Indices, signs: Floats, offsets: Floats, values: Floats) -> int:
    """How many nodes remain, which are moved to the front: leaving one out changes its neighbours."""
    k = nodes.size
    bends = np.ones(k, np.bool_)
    while True:
        for j in range(1, k - 1):
            bends[j] = signs[j] * change(x, nodes[:k], values, j) > 0.0
        bends[k - 1] = True
        count = 0
        for j in range(k):
            if bends[j]:
                nodes[count], signs[count], offsets[count], values[count] = nodes[j], signs[j], offsets[j], values[j]
                count += 1
        if count == k:
            return count
        k = count


@compiled
def _joints(x: Floats, nodes: Indices, values: Floats) -> tuple[Floats, Floats]:
    """What neighbours give to their common kink, from the left and from the right."""
    k = nodes.size
    points, curvature, places = np.empty(2 * k), np.zeros(2 * k), np.empty(k, np.int64)
    count = 0
    for j in range(k):
        if j > 0 and nodes[j] - nodes[j - 1] > 1:
            # A point between two nodes, where the function does not bend, keeps their masses apart.
            points[count] = x[nodes[j - 1] + 1]
            count += 1
        points[count], places[j] = x[nodes[j]], count
        if 0 < j < k - 1:
            curvature[count] = change(x, nodes, values, j)
        count += 1
    from_left, from_right = shares_within(points[:count], curvature[:count])
    return from_left[places], from_right[places]


@compiled
def _shared(here: Columns) -> tuple[Indices, Floats, Floats, Marks, Floats]:
    """As the functions of `newton` take it: the last two say what is joined to the next node, and the shares."""
    nodes, signs, _, values, from_left, from_right = here
    shares = np.abs(from_left)
    shares[-1] = abs(from_right[-2])
    return nodes, signs, values, from_left != 0.0, shares


@compiled
def _cost(x: Floats, penalise_biases: bool, here: Columns) -> float:
    total: float = sum_of_prices(x, penalise_biases, *_shared(here))
    return total


@compiled
def _objective(x: Floats, price: float, penalise_biases: bool, here: Columns, moments: Floats) -> float:
    objective: float = np.sum(moments[:, 5]) + price * _cost(x, penalise_biases, here)
    return objective


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
def fill_residuals(x: Floats, y: Floats, weights: Floats, nodes: Indices, offsets: Floats, residuals: Floats) -> float:
    """`f - y` at all data; the loss. O(m)."""
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
