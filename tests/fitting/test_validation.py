"""Cross-validation: each observation is left out once, and predicted by the fit to the others."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from workers.fitting.fit import fit
from workers.fitting.losses import Loss
from workers.fitting.sample import Sample
from workers.fitting.task import Task
from workers.fitting.validation import Validation, cross_validate
from workers.minnorm.errors import OutOfRange, TooFewPoints

RANDOM = np.random.default_rng(11)
X = np.round(RANDOM.normal(size=20), 1)
Y = np.abs(X) + 0.2 * RANDOM.normal(size=20)
WEIGHTS = RANDOM.uniform(0.5, 2.0, 20)
REGULARISATIONS = np.array([0.3, 0.03, 0.003])


def silent(_: Mapping[str, Any]) -> None:
    pass


def validated(order: Any = None, folds: int = 4, seed: int = 1, loss: Loss | None = None) -> Validation:
    places = np.arange(20) if order is None else order
    sample = Sample.from_observations(X[places], Y[places], WEIGHTS[places])
    return cross_validate(sample, Task(loss or Loss()), REGULARISATIONS, folds, seed, silent)


@pytest.mark.parametrize("loss", [Loss(), Loss("absolute")], ids=lambda loss: loss.name)
def test_the_losses_are_those_of_fits_to_the_others(loss: Loss) -> None:
    """The folds are those of NumPy's permutation, dealt in turn."""
    fold_of_each = np.empty(20, dtype=int)
    fold_of_each[np.random.default_rng(1).permutation(20)] = np.arange(20) % 4
    losses = np.empty((4, 3))
    for fold in range(4):
        out = fold_of_each == fold
        part = Sample.from_observations(X[~out], Y[~out], WEIGHTS[~out])
        for index, regularisation in enumerate(REGULARISATIONS):
            function = fit(part, Task(loss, float(regularisation)), 1e-9).function
            residuals = np.abs(function(X[out]) - Y[out])
            losses[fold, index] = np.average(
                residuals if loss.name == "absolute" else residuals**2, weights=WEIGHTS[out]
            )
    found = validated(loss=loss)
    assert found.regularisations.tolist() == REGULARISATIONS.tolist()
    assert found.mean_loss == pytest.approx(losses.mean(axis=0), rel=1e-2)
    assert found.standard_error == pytest.approx(losses.std(axis=0, ddof=1) / 2, rel=1e-2)
    assert found.chosen == int(np.argmin(losses.mean(axis=0)))


def test_too_much_and_too_little_are_not_chosen() -> None:
    """A kink at zero and noise: a line misses the kink, and next to no regularisation follows the noise."""
    random = np.random.default_rng(2)
    x = random.uniform(-1.0, 1.0, 60)
    sample = Sample.from_observations(x, np.abs(x) + 0.3 * random.normal(size=60))
    found = cross_validate(sample, Task(), np.array([10.0, 0.02, 1e-6]), 5, 0, silent)
    assert found.chosen == 1


def test_the_seed_decides_and_nothing_else() -> None:
    first, again, other = validated(), validated(), validated(seed=2)
    assert np.array_equal(first.mean_loss, again.mean_loss)
    assert not np.array_equal(first.mean_loss, other.mean_loss)
    assert not np.array_equal(first.mean_loss, validated(np.arange(20)[::-1]).mean_loss)


def test_as_many_folds_as_observations() -> None:
    found = validated(folds=20)
    assert np.all(found.mean_loss > 0.0)
    assert np.all(found.standard_error > 0.0)


def test_progress_is_told_for_all_folds() -> None:
    told = list[Mapping[str, Any]]()
    sample = Sample.from_observations(X, Y)
    cross_validate(sample, Task(), REGULARISATIONS, 4, 0, told.append)
    assert [progress["fraction"] for progress in told] == pytest.approx(np.arange(1, 13) / 12)
    assert [progress["step"] for progress in told] == [1] * 3 + [2] * 3 + [3] * 3 + [4] * 3
    assert {progress["phase"] for progress in told} == {"cross-validation"}


@pytest.mark.parametrize("folds", [0, 1, 21])
def test_wrong_numbers_of_folds(folds: int) -> None:
    with pytest.raises(OutOfRange) as raised:
        validated(folds=folds)
    assert raised.value.pointer == "/cross_validation/folds"


def test_a_fold_that_leaves_one_abscissa() -> None:
    sample = Sample.from_observations([0.0, 0.0, 0.0, 1.0], [0.0, 1.0, 2.0, 3.0])
    with pytest.raises(TooFewPoints) as raised:
        cross_validate(sample, Task(), REGULARISATIONS, 4, 0, silent)
    assert raised.value.pointer == "/cross_validation/folds"


def test_classes_are_predicted_too() -> None:
    labels = np.where(X + 0.5 * RANDOM.normal(size=20) > 0.0, 1.0, -1.0)
    sample = Sample.from_observations(X, labels)
    found = cross_validate(sample, Task(Loss("hinge")), REGULARISATIONS, 4, 0, silent)
    assert np.all(np.isfinite(found.mean_loss))
    assert replace(found, chosen=0).mean_loss[found.chosen] == found.mean_loss.min()
