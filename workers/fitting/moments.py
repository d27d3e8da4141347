"""What Newton's method has to know of the data between two neighbouring nodes, so that it need not look at them again.

Between the nodes j and j + 1 a function is `u_j rest + u_{j+1} part`, `part` from 0 to 1 and `rest = 1 - part`. So a
step of the values changes the residuals `r`, and whatever is quadratic in them, by sums that are known. With the
weights `m`, the row of an interval is

    sum m rest^2, sum m rest part, sum m part^2, sum m r rest, sum m r part, sum m r^2

and the last of them when the data were last looked at: where most of it has gone, so have the digits of what is left.
"""

import numpy as np
from numpy.typing import NDArray

from workers.minnorm.compiled import compiled

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

_COLUMNS = 7
_LEFT_OVER = 0.1
"""Of the squares; with less of them an interval is looked at again."""


@compiled
def measured(x: Floats, y: Floats, weights: Floats, nodes: Indices, offsets: Floats) -> Floats:
    """The moments of a function that is `y + offsets` at the nodes, shape (k - 1, 7). O(m)."""
    moments = np.empty((nodes.size - 1, _COLUMNS))
    for j in range(nodes.size - 1):
        _measure(x, y, weights, nodes, offsets, j, moments[j])
    return moments


@compiled
def _measure(x: Floats, y: Floats, weights: Floats, nodes: Indices, offsets: Floats, j: int, moments: Floats) -> None:
    """The moments of one interval: with its first point, and with its last one if that is the last of all."""
    first, last = nodes[j], nodes[j + 1]
    width, rise, lift = x[last] - x[first], y[last] - y[first], offsets[j + 1] - offsets[j]
    here, both, there, left, right, squares = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(first, last):
        part, rest = (x[i] - x[first]) / width, (x[last] - x[i]) / width
        # Differences from the data keep their digits where the function all but interpolates.
        residual = ((y[first] - y[i]) + rise * part) + (offsets[j] + lift * part)
        mass, pull = weights[i], weights[i] * residual
        here += mass * rest * rest
        both += mass * rest * part
        there += mass * part * part
        left += pull * rest
        right += pull * part
        squares += pull * residual
    if j == nodes.size - 2:
        pull = weights[last] * offsets[j + 1]
        there += weights[last]
        right += pull
        squares += pull * offsets[j + 1]
    moments[0], moments[1], moments[2], moments[3], moments[4] = here, both, there, left, right
    moments[5] = moments[6] = squares


@compiled
def updated(
    x: Floats,
    y: Floats,
    weights: Floats,
    old_nodes: Indices,
    old_offsets: Floats,
    old: Floats,
    nodes: Indices,
    offsets: Floats,
) -> Floats:
    """The moments at some of the old nodes, and at other offsets. O(k), and the points in what has to be looked at."""
    moments = np.empty((nodes.size - 1, _COLUMNS))
    at = 0
    for j in range(nodes.size - 1):
        while old_nodes[at] < nodes[j]:
            at += 1
        if old_nodes[at + 1] < nodes[j + 1]:
            _measure(x, y, weights, nodes, offsets, j, moments[j])
            continue
        up_left, up_right = offsets[j] - old_offsets[at], offsets[j + 1] - old_offsets[at + 1]
        here, both, there = old[at, 0], old[at, 1], old[at, 2]
        left = old[at, 3] + (here * up_left + both * up_right)
        right = old[at, 4] + (both * up_left + there * up_right)
        squares = old[at, 5] + (up_left * (old[at, 3] + left) + up_right * (old[at, 4] + right))
        if squares > _LEFT_OVER * old[at, 6]:
            moments[j, 0], moments[j, 1], moments[j, 2], moments[j, 3], moments[j, 4] = here, both, there, left, right
            moments[j, 5], moments[j, 6] = squares, old[at, 6]
        else:
            _measure(x, y, weights, nodes, offsets, j, moments[j])
    return moments
