"""K-fold cross-validation: which regularisation predicts best what was left out."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workers.fitting.path import Tell, follow
from workers.fitting.sample import Sample
from workers.fitting.task import Task
from workers.immutable import immutable
from workers.minnorm.checks import check_results
from workers.minnorm.errors import OutOfRange, TooFewPoints
from workers.minnorm.piecewise_linear import PiecewiseLinear

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

_POINTER = "/cross_validation/folds"
_GAP = 1e-6
"""Of the fits to parts of the sample: their losses on the rest scatter by far more."""


@immutable
class Validation:
    """For each regularisation the mean over the folds of the mean loss on what was left out, and its standard error.

    `chosen` is the index of the smallest mean, the first of them if there are several.
    """

    regularisations: Floats
    mean_loss: Floats
    standard_error: Floats
    chosen: int


def cross_validate(
    sample: Sample, task: Task, regularisations: Floats, folds: int, seed: int, tell: Tell
) -> Validation:
    """Fit to all folds but one, measure the loss on that one, for each regularisation; in turn.

    Observations are dealt to the folds by a permutation of the order in which they were given, the same for the same
    seed; those with the same abscissa need not stay together. Beyond the data of a fit its function goes on straight.

    Raises
    ------
    OutOfRange
        Fewer than two folds, or more than there are observations.
    TooFewPoints
        A fold without which there are not two different abscissae.
    """
    if not 2 <= folds <= sample.y.size:
        raise OutOfRange(f"Between 2 and {sample.y.size} folds, as many as there are observations.", _POINTER)
    fold_of_each = _dealt(sample, folds, seed)
    parts = [_without(sample, fold_of_each == fold) for fold in range(folds)]
    losses = np.empty((folds, len(regularisations)))
    for fold, part in enumerate(parts):
        fits = follow(part, task, regularisations, _part(tell, fold, folds), _GAP)
        losses[fold] = [_loss(sample, task, fold_of_each == fold, found.function) for found in fits]
    mean_loss = losses.mean(axis=0)
    standard_error = losses.std(axis=0, ddof=1) / np.sqrt(folds)
    check_results(*mean_loss.tolist(), *standard_error.tolist())
    return Validation(np.asarray(regularisations), mean_loss, standard_error, int(np.argmin(mean_loss)))


def _dealt(sample: Sample, folds: int, seed: int) -> Indices:
    """The fold of each observation, in the order of the sample. Their sizes differ by one at most."""
    count = sample.y.size
    fold_as_given = np.empty(count, dtype=np.int64)
    fold_as_given[np.random.default_rng(seed).permutation(count)] = np.arange(count) % folds
    return fold_as_given[sample.order]


def _without(sample: Sample, left_out: NDArray[np.bool_]) -> Sample:
    """The sample of the others."""
    kept = ~left_out
    x = sample.x[sample.group[kept]]
    if x[0] == x[-1]:
        message = f"All observations but one fold have the abscissa {x[0]}: a fit needs two different ones."
        raise TooFewPoints(message, _POINTER)
    return Sample.from_observations(x, sample.y[kept], sample.weights[kept])


def _loss(sample: Sample, task: Task, left_out: NDArray[np.bool_], function: PiecewiseLinear) -> float:
    """The weighted mean over what was left out."""
    weights = sample.weights[left_out]
    z = function(sample.x[sample.group[left_out]])
    return float(np.sum(weights * task.loss.of_each(z, sample.y[left_out])) / np.sum(weights))


def _part(tell: Tell, fold: int, folds: int) -> Tell:
    """Tells the progress within a fold as that of all of them."""

    def told(progress: Mapping[str, Any]) -> None:
        fraction = (fold + progress["fraction"]) / folds
        tell({"fraction": fraction, "phase": "cross-validation", "step": fold + 1})

    return told
