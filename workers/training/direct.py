"""The direct kernel: every neuron at every observation. O(n m), eight neurons at a time.

A neuron is active where `fma(w, x, b) > 0`.
"""

import numpy as np
from numpy.typing import NDArray

from workers.minnorm.compiled import compiled
from workers.training.lanes import WIDTH, add_where_positive, load, multiply_add, positive_part, spread, store, total

Floats = NDArray[np.float64]


@compiled
def predict(x: Floats, theta: Floats, values: Floats) -> None:
    """Fill in `sum_j a_j relu(w_j x_i + b_j)`. Four observations at a time, so that each neuron is read less often."""
    room = (theta.size - WIDTH) // 3
    in_fours = x.size // 4 * 4
    for i in range(0, in_fours, 4):
        x_0, x_1, x_2, x_3 = spread(x[i]), spread(x[i + 1]), spread(x[i + 2]), spread(x[i + 3])
        sum_0, sum_1, sum_2, sum_3 = spread(0.0), spread(0.0), spread(0.0), spread(0.0)
        for j in range(0, room, WIDTH):
            w, b, a = load(theta, j), load(theta, room + j), load(theta, 2 * room + j)
            sum_0 = multiply_add(a, positive_part(multiply_add(w, x_0, b)), sum_0)
            sum_1 = multiply_add(a, positive_part(multiply_add(w, x_1, b)), sum_1)
            sum_2 = multiply_add(a, positive_part(multiply_add(w, x_2, b)), sum_2)
            sum_3 = multiply_add(a, positive_part(multiply_add(w, x_3, b)), sum_3)
        values[i], values[i + 1], values[i + 2], values[i + 3] = total(sum_0), total(sum_1), total(sum_2), total(sum_3)
    for i in range(in_fours, x.size):
        x_0, sum_0 = spread(x[i]), spread(0.0)
        for j in range(0, room, WIDTH):
            w, b, a = load(theta, j), load(theta, room + j), load(theta, 2 * room + j)
            sum_0 = multiply_add(a, positive_part(multiply_add(w, x_0, b)), sum_0)
        values[i] = total(sum_0)


@compiled
def pull(x: Floats, slopes: Floats, moments: Floats, theta: Floats, pulls: Floats) -> None:
    """Fill in what each neuron is pulled by: the sums of `slopes`, and of `moments`, where it is active.

    `slopes` are the derivatives of the loss by the values, `moments` these times `x`; the first sums go into the first
    half of `pulls`, the others into the second.
    """
    room = pulls.size // 2
    for j in range(0, room, WIDTH):
        w, b = load(theta, j), load(theta, room + j)
        sum_0, sum_1 = spread(0.0), spread(0.0)
        for i in range(x.size):
            inner = multiply_add(w, spread(x[i]), b)
            sum_0 = add_where_positive(sum_0, inner, spread(slopes[i]))
            sum_1 = add_where_positive(sum_1, inner, spread(moments[i]))
        store(pulls, j, sum_0)
        store(pulls, room + j, sum_1)
