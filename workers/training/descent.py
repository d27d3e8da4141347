"""The loop of training, compiled as a whole: predictions, slopes of the loss, gradient, step. Nothing is allocated.

How the steps are cut into calls makes no difference to any bit: what depends on their number is computed from it.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from workers.minnorm.compiled import compiled, inlined
from workers.training import direct
from workers.training import sorted as sorted_kernel
from workers.training.lanes import WIDTH, load, multiply, multiply_add, spread, store, total

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

CHECKED_EVERY = 100
"""Steps after which it is looked whether training has converged or diverged."""
RUNNING, CONVERGED, DIVERGED = 0, 1, 2
_NEGLIGIBLE = 1e-150
"""Weight decay takes parameters of neurons that are never active towards zero; there they end."""


class Plan(NamedTuple):
    """Numbers that stay the same: the recipe as the loop needs it, names by their place in `recipe`."""

    is_sorted: bool
    is_logistic: bool
    skip_connection: bool
    weight_decay: float
    bias_decay: float
    method: int
    has_cosine: bool
    nesterov: bool
    steps: int
    step_size: float
    momentum: float
    beta1: float
    beta2: float
    epsilon: float
    tolerance: float
    ceiling: float
    """An objective above this, or not finite, has diverged."""


class State(NamedTuple):
    """What changes and has to be kept: parameters, two averages of gradients, and the parameters at the last check."""

    theta: Floats
    first: Floats
    second: Floats
    checked: Floats


class Bench(NamedTuple):
    """Room to work in, and the boundaries of the sorted kernel, which are found again from anywhere."""

    values: Floats
    slopes: Floats
    moments: Floats
    pulls: Floats
    gradient: Floats
    boundaries: Indices
    lines: Floats
    seen: Floats
    """The objective when it was last looked at."""


@compiled
def descend(x: Floats, y: Floats, plan: Plan, state: State, bench: Bench, start: int, stop: int) -> tuple[int, int]:
    """Take the steps from `start` until `stop`; where it has come to, and how that ended.

    `x`, ascending, and `y` are the observations, shape (n,). At a divergence `state.checked` has the parameters at the
    last check before.
    """
    # Each array is taken from its tuple once: doing so counts references, which costs as much as fifty neurons.
    theta, first, second, checked = state
    values, slopes, moments, pulls, gradient, boundaries, lines, seen = bench
    for step in range(start, stop):
        _differentiate(x, y, plan, theta, values, slopes, moments, pulls, gradient, boundaries, lines)
        if step % CHECKED_EVERY == 0:
            ending = _look(y, plan, theta, checked, values, gradient, seen)
            if ending != RUNNING:
                return step, ending
        _update(plan, theta, first, second, gradient, step)
    return stop, RUNNING


@compiled
def differentiate(x: Floats, y: Floats, plan: Plan, theta: Floats, bench: Bench) -> None:
    """Fill in `bench.values`, the predictions, and `bench.gradient`, that of the objective."""
    values, slopes, moments, pulls, gradient, boundaries, lines, _ = bench
    _differentiate(x, y, plan, theta, values, slopes, moments, pulls, gradient, boundaries, lines)


@compiled
def _differentiate(
    x: Floats,
    y: Floats,
    plan: Plan,
    theta: Floats,
    values: Floats,
    slopes: Floats,
    moments: Floats,
    pulls: Floats,
    gradient: Floats,
    boundaries: Indices,
    lines: Floats,
) -> None:
    if plan.is_sorted:
        sorted_kernel.predict(x, theta, boundaries, lines, values)
    else:
        direct.predict(x, theta, values)
    if plan.skip_connection:
        slope, level = theta[theta.size - WIDTH], theta[theta.size - WIDTH + 1]
        for i in range(x.size):
            values[i] += slope * x[i] + level
    _differentiate_loss(x, y, plan, values, slopes, moments)
    if plan.is_sorted:
        sorted_kernel.pull(slopes, moments, theta, boundaries, lines, pulls)
    else:
        direct.pull(x, slopes, moments, theta, pulls)
    _collect(plan, theta, slopes, moments, pulls, gradient)


@compiled
def _differentiate_loss(x: Floats, y: Floats, plan: Plan, values: Floats, slopes: Floats, moments: Floats) -> None:
    """The derivatives of the mean loss by the values, and these times `x`."""
    share = 1.0 / x.size
    if plan.is_logistic:
        for i in range(x.size):
            slopes[i] = -y[i] * share / (1.0 + math.exp(y[i] * values[i]))
    else:
        for i in range(x.size):
            slopes[i] = 2.0 * share * (values[i] - y[i])
    for i in range(x.size):
        moments[i] = slopes[i] * x[i]


@compiled
def _collect(plan: Plan, theta: Floats, slopes: Floats, moments: Floats, pulls: Floats, gradient: Floats) -> None:
    """The gradient, from what each neuron is pulled by."""
    room = pulls.size // 2
    weight_decay, bias_decay = spread(plan.weight_decay), spread(plan.bias_decay)
    for j in range(0, room, WIDTH):
        w, b, a = load(theta, j), load(theta, room + j), load(theta, 2 * room + j)
        pull, moment = load(pulls, j), load(pulls, room + j)
        store(gradient, j, multiply_add(a, moment, multiply(weight_decay, w)))
        store(gradient, room + j, multiply_add(a, pull, multiply(bias_decay, b)))
        inner = multiply_add(w, moment, multiply(b, pull))
        store(gradient, 2 * room + j, multiply_add(weight_decay, a, inner))
    if plan.skip_connection:
        slope, level = 0.0, 0.0
        for i in range(slopes.size):
            slope += moments[i]
            level += slopes[i]
        gradient[3 * room] = slope
        gradient[3 * room + 1] = level


@compiled
def _look(y: Floats, plan: Plan, theta: Floats, checked: Floats, values: Floats, gradient: Floats, seen: Floats) -> int:
    """Whether training has come to an end here; if not, the parameters are kept as checked.

    Those that have all but vanished do so, before they become numbers that processors are slow with.
    """
    size = squares(gradient)
    objective = mean_loss(y, plan.is_logistic, values) + penalty(plan, theta)
    seen[0] = objective
    if not (objective <= plan.ceiling and size < math.inf and squares(theta) < math.inf):
        return DIVERGED
    for p in range(theta.size):
        if abs(theta[p]) < _NEGLIGIBLE:
            theta[p] = 0.0
    checked[:] = theta
    if plan.tolerance > 0.0 and math.sqrt(size) <= plan.tolerance:
        return CONVERGED
    return RUNNING


@compiled
def squares(numbers: Floats) -> float:
    """The sum of their squares; their number is one of whole lanes."""
    found = spread(0.0)
    for j in range(0, numbers.size, WIDTH):
        part = load(numbers, j)
        found = multiply_add(part, part, found)
    return total(found)


@compiled
def mean_loss(y: Floats, is_logistic: bool, values: Floats) -> float:
    """The mean over the observations."""
    found = 0.0
    for i in range(y.size):
        if is_logistic:
            margin = y[i] * values[i]
            found += math.log1p(math.exp(-abs(margin))) + max(0.0, -margin)
        else:
            found += (values[i] - y[i]) ** 2
    return found / y.size


@compiled
def penalty(plan: Plan, theta: Floats) -> float:
    """What the parameters cost in the objective."""
    return half_squares(theta, plan.weight_decay, plan.bias_decay)


@compiled
def half_squares(theta: Floats, of_weights: float, of_biases: float) -> float:
    """Half the sum of the squares of the parameters, each kind with its factor; the skip pair never counts."""
    room = (theta.size - WIDTH) // 3
    outer = squares(theta[:room]) + squares(theta[2 * room : 3 * room])
    return 0.5 * (of_weights * outer + of_biases * squares(theta[room : 2 * room]))


@inlined
def _step_size(plan: Plan, step: int) -> float:
    if plan.has_cosine:
        return 0.5 * plan.step_size * (1.0 + math.cos(math.pi * step / plan.steps))
    return plan.step_size


@compiled
def _update(plan: Plan, theta: Floats, first: Floats, second: Floats, slope: Floats, step: int) -> None:
    """One step of the method."""
    size = _step_size(plan, step)
    if plan.method == 0:
        for p in range(theta.size):
            theta[p] -= size * slope[p]
    elif plan.method == 1:
        keep = plan.momentum
        for p in range(theta.size):
            first[p] = keep * first[p] + slope[p]
        for p in range(theta.size):
            theta[p] -= size * (slope[p] + keep * first[p] if plan.nesterov else first[p])
    else:
        first_size = size / (1.0 - plan.beta1 ** (step + 1))
        second_share = 1.0 / (1.0 - plan.beta2 ** (step + 1))
        for p in range(theta.size):
            first[p] = plan.beta1 * first[p] + (1.0 - plan.beta1) * slope[p]
            second[p] = plan.beta2 * second[p] + (1.0 - plan.beta2) * slope[p] * slope[p]
            theta[p] -= first_size * first[p] / (math.sqrt(second[p] * second_share) + plan.epsilon)
