"""The best that networks of any width can do for the objective of a training."""

import numpy as np

from workers.fitting.fit import Task, fit
from workers.fitting.losses import Loss
from workers.fitting.sample import Sample
from workers.immutable import immutable
from workers.minnorm.dataset import Dataset
from workers.minnorm.errors import MinnormError
from workers.minnorm.interpolate import interpolate
from workers.minnorm.piecewise_linear import PiecewiseLinear
from workers.training.recipe import Recipe


@immutable
class Optimum:
    """The least objective; the function and its norm are missing where none attains it, or none is computed."""

    objective: float
    lower_bound: float
    outcome: str
    loss: float
    norm: float | None = None
    function: PiecewiseLinear | None = None


def optimum(sample: Sample, recipe: Recipe) -> Optimum:
    """The global optimum of the objective that `recipe` minimises over networks of its width.

    Without weight decay it is the least loss, and the function that of least norm which attains it: what training from
    small parameters is biased towards. Raises `MinnormError` where it cannot be computed, or does not exist.
    """
    if recipe.weight_decay > 0.0:
        found = fit(sample, Task(Loss(recipe.loss), recipe.weight_decay, recipe.setting))
        bound = found.certificate.lower_bound
        return Optimum(found.objective, bound, found.outcome, found.loss, found.norm, found.function)
    if recipe.loss == "logistic":
        least = _entropy(sample)
        return Optimum(least, least, "optimal", least)
    return _least_squares(sample, recipe)


def _least_squares(sample: Sample, recipe: Recipe) -> Optimum:
    """Through the means of the ordinates at each abscissa."""
    least = Loss().value(sample.means[sample.group], sample)
    try:
        found = interpolate(Dataset.from_points(sample.x, sample.means), recipe.setting)
    except MinnormError:  # too many points for a cone program, or slopes too large: the loss is known all the same
        return Optimum(least, least, "optimal", least)
    return Optimum(least, least, "optimal", least, found.norm, found.function)


def _entropy(sample: Sample) -> float:
    """Of the labels at each abscissa: what remains when the function there is what the labels ask for."""
    share = np.clip(sample.sums(sample.weights * (sample.y > 0.0)) / sample.weight_of_groups, 0.0, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.where(share > 0.0, share * np.log(share), 0.0)
        others = np.where(share < 1.0, (1.0 - share) * np.log1p(-share), 0.0)
    return max(0.0, -float(np.sum(sample.weight_of_groups * (parts + others))))
