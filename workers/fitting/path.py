"""Fits along a path of regularisations, from where the norm is too dear to pay for anything."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workers.fitting.bound import admissible, worst_ratio
from workers.fitting.fit import Fit, fit
from workers.fitting.sample import Sample
from workers.fitting.task import Task
from workers.minnorm.certificate import Dual
from workers.minnorm.certificate import worst_ratio as ratio_of_dual
from workers.minnorm.checks import check_results
from workers.minnorm.compiled import compiled
from workers.minnorm.doubles import two_product, two_sum
from workers.minnorm.errors import WrongRegularisation

Floats = NDArray[np.float64]
Tell = Callable[[Mapping[str, Any]], None]
"""Takes the progress of a computation: its `fraction` from 0 to 1, its `phase` and its `step`."""

_FINE = 1e-8


def least_affine(sample: Sample, task: Task) -> float:
    """A regularisation from which on the fit pays nothing: with a skip connection it is affine.

    Without one it is constant if biases are free, and otherwise zero. It is the smallest such regularisation, but for
    rounding, for the squared loss with a skip connection if no monotone shape is asked for: there, what the residuals
    of the least-squares line demand of the dual is known. Otherwise it may be larger than the smallest: a fit is
    computed for a regularisation that is surely enough, and lowered as far as its own witness still proves it. It is
    zero where a function that costs nothing has no loss. Raises `WrongRegularisation` of a hard margin, and what `fit`
    raises.

    Notes
    -----
    O(n), or one fit.
    """
    if task.loss.is_hard:
        raise WrongRegularisation("A hard margin has no regularisation.", "/regularisation")
    if task.loss.name == "squared" and task.setting.skip_connection and task.shape.monotone == 0:
        dual = Dual(_dual_of_line(sample))
        ratio, _ = ratio_of_dual(sample.x, task.setting, dual, float(task.shape.curvature))
        check_results(ratio)
        return max(0.0, ratio)
    enough = _enough(sample, task)
    found = fit(sample, replace(task, regularisation=enough), _FINE)
    witness = admissible(task.setting, task.shape, found.certificate.witness)
    ratio, _ = worst_ratio(sample.x, task.setting, task.shape, witness)
    return enough * min(1.0, max(0.0, ratio)) if found.outcome == "optimal" else enough


def grid(sample: Sample, task: Task, count: int, ratio: float = 1e-4) -> Floats:
    """Regularisations in geometric progression, descending from `least_affine` to `ratio` times that.

    Raises `WrongRegularisation` where a function that costs nothing is best at every regularisation.
    """
    largest = least_affine(sample, task)
    if largest <= 0.0:
        raise WrongRegularisation(
            "A function that costs nothing has no loss: every regularisation leads to it.", "/path"
        )
    return np.geomspace(largest, ratio * largest, count)


def follow(
    sample: Sample, task: Task, regularisations: Sequence[float] | Floats, tell: Tell, gap: float = 1e-8
) -> list[Fit]:
    """A fit for each regularisation, in their order, each started from the one before. Best descending."""
    fits: list[Fit] = []
    for step, regularisation in enumerate(regularisations, start=1):
        asked = replace(task, regularisation=float(regularisation))
        fits.append(fit(sample, asked, gap, fits[-1] if fits else None))
        tell({"fraction": step / len(regularisations), "phase": "path", "step": step})
    return fits


def _dual_of_line(sample: Sample) -> Floats:
    """What the residuals `y - f` of the least-squares line make the dual, times the regularisation.

    The multipliers are `2 weight (y - f)`.
    """
    x, y, weights = sample.x, sample.means, sample.weight_of_groups
    middle = float(weights @ (x - x[0])) + x[0]
    far = x - middle
    residuals = y - float(weights @ y)
    residuals -= far * (float(weights @ (far * residuals)) / float(weights @ (far * far)))
    return _integrated(x, 2.0 * weights * residuals)


@compiled
def _integrated(x: Floats, multipliers: Floats) -> Floats:
    """`sum_i multipliers_i relu(x_i - t)` at the data, in pairs of doubles; zero at both ends."""
    result = np.zeros_like(x)
    slope, slope_low, value, value_low = 0.0, 0.0, 0.0, 0.0
    for i in range(x.size - 2, 0, -1):
        slope, error = two_sum(slope, multipliers[i + 1])
        slope_low += error
        rise, rise_low = two_product(slope, x[i + 1] - x[i])
        value, error = two_sum(value, rise)
        value_low += error + rise_low + slope_low * (x[i + 1] - x[i])
        result[i] = value + value_low
    return result


def _enough(sample: Sample, task: Task) -> float:
    """A regularisation at which no neuron gains what it costs.

    A neuron of cost 1 has at `x` an output of `sqrt(1 + x^2)` at most, or of the width of the data if biases are free
    (where a constant is). By the Cauchy-Schwarz inequality it cannot gain more than the product of root mean squares:
    of these, and of the slopes of the losses. They are bounded but for squared loss, where they are twice the residuals
    of the function that costs nothing, which fits no worse than zero. Where lines are free but must be monotone, a
    function without its line of least slope rises by no more than its cost times the width of the data.
    """
    if task.loss.name == "squared":
        slopes = 2.0 * _root_mean_square(sample.weights, sample.y)
    else:
        slopes = task.loss.delta or 1.0
    reach = float(sample.x[-1] - sample.x[0])
    if task.setting.penalise_biases:
        outputs = _root_mean_square(sample.weight_of_groups, np.hypot(1.0, sample.x))
        reach = outputs + reach if task.setting.skip_connection and task.shape.monotone else outputs
    check_results(slopes * reach)
    return slopes * reach


def _root_mean_square(weights: Floats, values: ArrayLike) -> float:
    magnitudes = np.abs(values)
    largest = float(np.max(magnitudes))
    if largest == 0.0:
        return 0.0
    return largest * float(np.sqrt(weights @ (magnitudes / largest) ** 2))
