"""Newton's step for a restricted fit (`restricted`), and what its kinks cost.

Beside the values at the nodes, shares are variables: of a node that is joined on both sides, what it gives to the
right; of an end of the data, which has no change to give, all it gives. In the order `u_0, share_0, u_1, share_1, ...`
the Hessian has six diagonals on each side.
"""

import math

import numpy as np
from numpy.typing import NDArray

from workers.minnorm.compiled import compiled, inlined
from workers.minnorm.weight import weight

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Marks = NDArray[np.bool_]

_BAND = 7
_TINY = 1e-300


@inlined
def change(x: Floats, nodes: Indices, values: Floats, j: int) -> float:
    """Of the slope at an inner node."""
    before, here, after = nodes[j - 1], nodes[j], nodes[j + 1]
    behind: float = (values[j + 1] - values[j]) / (x[after] - x[here])
    slope: float = behind - (values[j] - values[j - 1]) / (x[here] - x[before])
    return slope


@inlined
def _to_the_right(
    x: Floats, nodes: Indices, signs: Floats, values: Floats, joined: Marks, shares: Floats, j: int
) -> float:
    """The share of node j in its joint with the next one."""
    share: float = shares[j] if j == 0 or joined[j - 1] else signs[j] * change(x, nodes, values, j)
    return share


@inlined
def _to_the_left(
    x: Floats, nodes: Indices, signs: Floats, values: Floats, joined: Marks, shares: Floats, j: int
) -> float:
    """The share of node j in its joint with the one before."""
    share: float = shares[j]
    if j < nodes.size - 1:
        own = signs[j] * change(x, nodes, values, j)
        share = own - share if joined[j] else own
    return share


@inlined
def _angle(left: float, right: float) -> tuple[float, float, float, float]:
    """The lengths of `(x, 1)` at two points, and cosine and sine of the angle between them."""
    w, v = weight(left), weight(right)
    return w, v, 1.0 / w / v + (left / w) * (right / v), (right - left) / w / v


@inlined
def _length(left: float, right: float, cosine: float, sine: float) -> float:
    """Of the sum of two vectors of given lengths that enclose an angle."""
    rest = 1.0 + cosine if cosine > 0.0 else sine * sine / (1.0 - cosine)
    difference = left - right
    return max(math.sqrt(difference * difference + 2.0 * left * right * rest), _TINY)


@compiled
def sum_of_prices(
    x: Floats, penalise_biases: bool, nodes: Indices, signs: Floats, values: Floats, joined: Marks, shares: Floats
) -> float:
    """What all slope changes cost, for a price of 1."""
    total = 0.0
    for j in range(nodes.size - 1):
        if joined[j]:
            w, v, cosine, sine = _angle(x[nodes[j]], x[nodes[j + 1]])
            left = w * _to_the_right(x, nodes, signs, values, joined, shares, j)
            right = v * _to_the_left(x, nodes, signs, values, joined, shares, j + 1)
            total += _length(left, right, cosine, sine)
        elif j > 0 and not joined[j - 1]:
            total += (weight(x[nodes[j]]) if penalise_biases else 1.0) * abs(change(x, nodes, values, j))
    return total


@compiled
def newton_step(
    x: Floats,
    price: float,
    penalise_biases: bool,
    moments: Floats,
    nodes: Indices,
    signs: Floats,
    values: Floats,
    joined: Marks,
    shares: Floats,
) -> tuple[Floats, float]:
    """Newton's step of the values, and by how much it lowers the objective to second order. O(k).

    `moments` are those of the residuals, see there.
    """
    k = nodes.size
    band = np.zeros((2 * k, _BAND))  # band[i, d] is the Hessian's entry (i, i - d)
    gradient = np.zeros(2 * k)
    _add_loss(moments, band, gradient)
    rows = np.zeros((2, _BAND))
    for j in range(k - 1):
        if joined[j]:
            _left_row(x, nodes, signs, joined, j, rows[0])
            _right_row(x, nodes, signs, joined, j, rows[1])
            left = _to_the_right(x, nodes, signs, values, joined, shares, j)
            right = _to_the_left(x, nodes, signs, values, joined, shares, j + 1)
            _add_joint(x[nodes[j]], x[nodes[j + 1]], price, left, right, rows, 2 * (j - 1), band, gradient)
        elif j > 0 and not joined[j - 1]:
            cost = price * signs[j] * (weight(x[nodes[j]]) if penalise_biases else 1.0)
            _add_change(x, nodes, j, cost, gradient, 2 * j)
    for i in range(1, 2 * k, 2):
        if band[i, 0] == 0.0:
            band[i, 0] = 1.0  # not a variable here
    step = -gradient
    _factorise(band)
    _substitute(band, step)
    return step[::2].copy(), -np.sum(gradient * step)


@inlined
def _add_joint(
    here: float,
    there: float,
    price: float,
    left: float,
    right: float,
    rows: Floats,
    at: int,
    band: Floats,
    gradient: Floats,
) -> None:
    """The price of a common kink; `rows` are the derivatives of both shares by the variables from number `at` on."""
    w, v, cosine, sine = _angle(here, there)
    left, right = w * left, v * right
    length = _length(left, right, cosine, sine)
    along_left, along_right = (
        price * w * ((left + right * cosine) / length),
        price * v * ((right + left * cosine) / length),
    )
    # The Hessian of a length in the plane has rank one: it grows across.
    across = sine * np.sqrt(price / length)
    across_left, across_right = across * w * (right / length), across * v * (left / length)
    for d in range(_BAND):
        own = across_left * rows[0, d] - across_right * rows[1, d]
        slope = along_left * rows[0, d] + along_right * rows[1, d]
        if own == 0.0 and slope == 0.0:
            continue  # there may be no such variable
        gradient[at + d] += slope
        for c in range(d + 1):
            band[at + d, d - c] += own * (across_left * rows[0, c] - across_right * rows[1, c])


@compiled
def _add_loss(moments: Floats, band: Floats, gradient: Floats) -> None:
    """The Hessian and the gradient of the loss: hat functions against each other and against the residuals."""
    for j in range(moments.shape[0]):
        band[2 * j, 0] += 2.0 * moments[j, 0]
        band[2 * j + 2, 2] += 2.0 * moments[j, 1]
        band[2 * j + 2, 0] += 2.0 * moments[j, 2]
        gradient[2 * j] += 2.0 * moments[j, 3]
        gradient[2 * j + 2] += 2.0 * moments[j, 4]


@inlined
def _add_change(x: Floats, nodes: Indices, j: int, sign: float, row: Floats, at: int) -> None:
    """The derivative of node j's change; `at` is where `u_j` is in the row."""
    before, after = 1.0 / (x[nodes[j]] - x[nodes[j - 1]]), 1.0 / (x[nodes[j + 1]] - x[nodes[j]])
    row[at - 2] += sign * before
    row[at] -= sign * (before + after)
    row[at + 2] += sign * after


@inlined
def _left_row(x: Floats, nodes: Indices, signs: Floats, joined: Marks, j: int, row: Floats) -> None:
    """The derivative of the share that node j gives to its joint with the next one, from `u_{j-1}` on."""
    row[:] = 0.0
    if j == 0 or joined[j - 1]:
        row[3] = 1.0
    else:
        _add_change(x, nodes, j, signs[j], row, 2)


@inlined
def _right_row(x: Floats, nodes: Indices, signs: Floats, joined: Marks, j: int, row: Floats) -> None:
    """The derivative of the share that node j + 1 gives to it, from `u_{j-1}` on."""
    row[:] = 0.0
    if j + 1 == nodes.size - 1:
        row[5] = 1.0
        return
    _add_change(x, nodes, j + 1, signs[j + 1], row, 4)
    if joined[j + 1]:
        row[5] = -1.0


@compiled
def _factorise(band: Floats) -> None:
    """Cholesky's factors without roots, in place. A variable whose pivot is lost to rounding is held fast."""
    for i in range(band.shape[0]):
        most = min(i, _BAND - 1)
        for d in range(most, 0, -1):
            for c in range(d + 1, most + 1):
                band[i, d] -= band[i, c] * band[i - d, c - d] * band[i - c, 0]
            band[i, d] /= band[i - d, 0]
        for d in range(1, most + 1):
            band[i, 0] -= band[i, d] * band[i, d] * band[i - d, 0]
        if not band[i, 0] > 0.0:
            band[i, 0] = np.inf


@compiled
def _substitute(band: Floats, vector: Floats) -> None:
    """Solve with the factors, in place."""
    n = vector.size
    for i in range(n):
        for d in range(1, min(i, _BAND - 1) + 1):
            vector[i] -= band[i, d] * vector[i - d]
    for i in range(n):
        vector[i] /= band[i, 0]
    for i in range(n - 1, -1, -1):
        for d in range(1, min(i, _BAND - 1) + 1):
            vector[i - d] -= band[i, d] * vector[i]
