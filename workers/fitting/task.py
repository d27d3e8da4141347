"""What is asked of a fit, and what can be wrong with it."""

import numpy as np
from numpy.typing import NDArray

from workers.fitting.losses import Loss, weights_of_labels
from workers.fitting.sample import Sample
from workers.fitting.shape import Shape
from workers.immutable import immutable
from workers.minnorm.checks import check_magnitude
from workers.minnorm.errors import NoMinimum, NotPositive, OutOfRange, TooManyPoints, WrongRegularisation
from workers.minnorm.setting import Setting

MOST_POINTS = 10_000
"""Observations that the cone program takes: about a minute. With twice as many it stalls before the usual gap."""

GAPS = (1e-12, 1e-2)
"""The smallest and the largest relative gap that can be asked for."""

_SQUARED, _USUAL, _ANY = Loss(), Setting(), Shape()


@immutable
class Task:
    """What is minimised: the mean loss plus `regularisation` times the norm in the setting, among functions of a shape.

    The hard margin has no regularisation: the norm alone is minimised.
    """

    loss: Loss = _SQUARED
    regularisation: float | None = None
    setting: Setting = _USUAL
    shape: Shape = _ANY

    @property
    def price(self) -> float:
        """Of a unit of the norm, in the objective."""
        return 1.0 if self.regularisation is None else self.regularisation


def is_fast(task: Task) -> bool:
    """Whether `exchange` offers it: then there is no limit to the number of observations."""
    return task.loss.name == "squared" and task.setting.skip_connection and task.shape == Shape()


def check(sample: Sample, task: Task, gap: float = GAPS[1]) -> None:
    """Raise what `fit` raises of a problem, but for results that overflow."""
    if not GAPS[0] <= gap <= GAPS[1]:
        raise OutOfRange(f"The gap is between {GAPS[0]} and {GAPS[1]}.", "/gap")
    if task.loss.is_hard != (task.regularisation is None):
        wanted = "A hard margin has no" if task.loss.is_hard else "This loss needs a"
        raise WrongRegularisation(f"{wanted} regularisation.", "/regularisation")
    if task.regularisation is not None:
        check_magnitude(np.array([task.regularisation]), "/regularisation", scalar=True)
        if task.regularisation <= 0.0:
            raise NotPositive("The regularisation has to be positive.", "/regularisation")
    task.loss.check(sample)
    if task.loss.name == "logistic":
        _check_attained(sample, task)
    if sample.y.size > MOST_POINTS and not is_fast(task):
        raise TooManyPoints(f"At most {MOST_POINTS} observations are offered for this problem.", "/x")


def _check_attained(sample: Sample, task: Task) -> None:
    """Raise `NoMinimum` if some line that costs nothing has the right sign at all observations, but for zeros."""
    positive, negative = weights_of_labels(sample)
    if not _is_parted_for_free(task, positive > 0.0, negative > 0.0):
        return
    reason = "A line that costs nothing keeps the labels apart: the steeper it is, the smaller is the loss."
    raise NoMinimum(f"There is no best function. {reason}", "/y")


def _is_parted_for_free(task: Task, positive: NDArray[np.bool_], negative: NDArray[np.bool_]) -> bool:
    if not (positive.any() and negative.any()):
        return task.setting.skip_connection or not task.setting.penalise_biases  # a constant
    if not task.setting.skip_connection:
        return False
    places_up, places_down = np.flatnonzero(positive), np.flatnonzero(negative)
    rises, falls = places_down[-1] <= places_up[0], places_up[-1] <= places_down[0]
    return bool((rises and task.shape.monotone >= 0) or (falls and task.shape.monotone <= 0))
