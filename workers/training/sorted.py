"""The sorted kernel: a neuron is active on a suffix (`w > 0`) or a prefix of the sorted observations. O(n + m log n).

Where it begins or ends is found from where it did before: kinks move little in a step, so that this is O(1) for most.
Activity is decided as by the direct kernel, `fma(w, x, b) > 0`, which is monotone in `x` also when rounded. The sums
run from the end at which few neurons are active, so that nothing is added and subtracted again.
"""

import numpy as np
from numpy.typing import NDArray

from workers.minnorm.compiled import compiled, inlined
from workers.minnorm.doubles import fma
from workers.training.lanes import WIDTH

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

_NEAR = 4
"""So far a boundary is sought step by step, and by bisection beyond."""


@inlined
def _is_right(x: float, w: float, b: float) -> bool:
    """Whether an observation is to the right of the neuron's boundary: where it is active, if it faces right."""
    return (fma(w, x, b) > 0.0) == (w > 0.0)


@compiled
def _boundary(x: Floats, w: float, b: float, start: int) -> int:
    """The first observation that is to the right of the neuron's boundary, or their number; sought from `start` on."""
    low, high = 0, x.size  # all before `low` are to the left, all from `high` on to the right
    place = start
    for _ in range(_NEAR):
        if place > low and _is_right(x[place - 1], w, b):
            high = place - 1
            place = high
        elif place < high and not _is_right(x[place], w, b):
            low = place + 1
            place = low
        else:
            return place
    while low < high:
        middle = (low + high) // 2
        if _is_right(x[middle], w, b):
            high = middle
        else:
            low = middle + 1
    return low


@compiled
def predict(x: Floats, theta: Floats, boundaries: Indices, lines: Floats, values: Floats) -> None:
    """Fill in `sum_j a_j relu(w_j x_i + b_j)`, and the boundaries anew.

    `lines` (n + 1, 4) is for the slopes and intercepts that begin (end) at a boundary, of neurons that face right
    (left).
    """
    n, room = x.size, (theta.size - WIDTH) // 3
    lines[:] = 0.0
    for j in range(boundaries.size):
        w, b, a = theta[j], theta[room + j], theta[2 * room + j]
        place = _boundary(x, w, b, boundaries[j])
        boundaries[j] = place
        side = 0 if w > 0.0 else 2
        lines[place, side] += a * w
        lines[place, side + 1] += a * b
    slope, level = 0.0, 0.0
    for i in range(n):
        slope += lines[i, 0]
        level += lines[i, 1]
        values[i] = slope * x[i] + level
    slope, level = 0.0, 0.0
    for i in range(n - 1, -1, -1):
        slope += lines[i + 1, 2]
        level += lines[i + 1, 3]
        values[i] += slope * x[i] + level


@compiled
def pull(slopes: Floats, moments: Floats, theta: Floats, boundaries: Indices, sums: Floats, pulls: Floats) -> None:
    """Fill in what each neuron is pulled by, as `direct.pull` does; `sums` (n + 1, 4) is room for running sums."""
    n, room = slopes.size, pulls.size // 2
    sums[n, 0], sums[n, 1], sums[0, 2], sums[0, 3] = 0.0, 0.0, 0.0, 0.0
    for i in range(n):
        sums[i + 1, 2] = sums[i, 2] + slopes[i]
        sums[i + 1, 3] = sums[i, 3] + moments[i]
    for i in range(n - 1, -1, -1):
        sums[i, 0] = sums[i + 1, 0] + slopes[i]
        sums[i, 1] = sums[i + 1, 1] + moments[i]
    for j in range(boundaries.size):
        side = 0 if theta[j] > 0.0 else 2
        pulls[j] = sums[boundaries[j], side]
        pulls[room + j] = sums[boundaries[j], side + 1]
