"""What training is set beside, and what is advised to those whose training diverged."""

from dataclasses import replace

import numpy as np
import pytest

from tests.oracles.fits import SETTINGS, some_problems
from workers.fitting.fit import Task, fit
from workers.fitting.losses import Loss
from workers.fitting.sample import Sample
from workers.minnorm.dataset import Dataset
from workers.minnorm.errors import NoMinimum
from workers.minnorm.interpolate import interpolate
from workers.minnorm.setting import Setting
from workers.training.descent import DIVERGED
from workers.training.optimum import optimum
from workers.training.recipe import Optimiser, Recipe
from workers.training.run import Run
from workers.training.stability import largest_stable_step

X, Y = [-1.5, -1.0, 0.0, 0.25, 2.0], [0.7, -0.3, -0.3, 0.4, 0.2]
SAMPLE = Sample.from_observations(X, Y)
PARTED = Sample.from_observations([0.0, 1.0, 2.0], [-1.0, 1.0, 1.0])


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_with_weight_decay_it_is_the_fit(loss: str, setting: tuple[bool, bool]) -> None:
    for problem in some_problems(5, 3, loss, setting, ties=2):
        sample = Sample.from_observations(problem.x, problem.y)
        found = optimum(sample, Recipe(3, problem.regularisation, 1, Setting(*setting), loss))
        wanted = fit(sample, Task(Loss(loss), problem.regularisation, Setting(*setting)))
        assert found.lower_bound == wanted.certificate.lower_bound
        assert found.objective == wanted.objective
        assert (found.loss, found.norm, found.outcome) == (wanted.loss, wanted.norm, wanted.outcome)


def test_without_weight_decay_it_is_the_interpolator_of_the_means() -> None:
    sample = Sample.from_observations([*X, 0.0, 0.0], [*Y, 0.6, 0.6])
    found = optimum(sample, Recipe(3, 0.0, 1))
    wanted = interpolate(Dataset.from_points(X, [0.7, -0.3, 0.3, 0.4, 0.2]), Setting())
    assert found.objective == found.lower_bound == found.loss == pytest.approx((0.6**2 + 2 * 0.3**2) / 7)
    assert found.norm == pytest.approx(wanted.norm)
    assert found.function is not None
    assert found.function.kinks == pytest.approx(wanted.function.kinks)


def test_labels_without_weight_decay_lose_their_entropy() -> None:
    """At each abscissa that has both; no network attains it."""
    sample = Sample.from_observations([0.0, 1.0, 1.0, 1.0, 2.0, 2.0], [1.0, 1.0, -1.0, -1.0, -1.0, 1.0])
    found = optimum(sample, Recipe(3, 0.0, 1, loss="logistic"))
    wanted = -(3 * (np.log(1 / 3) / 3 + 2 * np.log(2 / 3) / 3) + 2 * np.log(0.5)) / 6
    assert found.objective == found.lower_bound == pytest.approx(wanted)
    assert found.function is None
    assert optimum(PARTED, Recipe(3, 0.0, 1, loss="logistic")).objective == 0.0


def test_there_is_none_where_the_loss_falls_for_ever() -> None:
    with pytest.raises(NoMinimum):
        optimum(PARTED, Recipe(3, 1e-3, 1, loss="logistic"))


@pytest.mark.parametrize("name", ["gradient_descent", "momentum"])
def test_the_step_size_that_is_advised_is_stable_and_twice_as_much_is_not(name: str) -> None:
    recipe = Recipe(50, 1e-3, 20_000, optimiser=Optimiser(name, 50.0), snapshots=0)
    advised = largest_stable_step(SAMPLE, recipe, 0)
    assert advised is not None
    assert np.log2(50.0 / advised) == round(np.log2(50.0 / advised))
    for size, diverges in ((advised, False), (2.0 * advised, True)):
        run = Run(SAMPLE, replace(recipe, optimiser=Optimiser(name, size)), 0)
        while not run.ended:
            run.advance(10**6)
        assert (run.status == DIVERGED) == diverges
