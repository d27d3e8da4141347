"""Where a path begins, and what is on it."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from workers.fitting.fit import fit
from workers.fitting.losses import Loss
from workers.fitting.path import follow, grid, least_affine
from workers.fitting.sample import Sample
from workers.fitting.shape import Shape
from workers.fitting.task import Task
from workers.minnorm.errors import WrongRegularisation
from workers.minnorm.setting import Setting

Floats = NDArray[np.float64]

SETTINGS = [Setting(penalise, skip) for penalise in (True, False) for skip in (True, False)]
SHAPES = [Shape(), Shape(monotone=1), Shape(monotone=-1), Shape(curvature=1), Shape(1, -1)]
RANDOM = np.random.default_rng(3)
X = np.round(RANDOM.normal(size=14), 1)
Y = np.sin(2.0 * X) + 0.3 * RANDOM.normal(size=14)
SAMPLE = Sample.from_observations(X, Y, RANDOM.uniform(0.5, 2.0, 14))
LABELS = Sample.from_observations(X, np.where(Y > 0.0, 1.0, -1.0))


def norm_at(sample: Sample, task: Task, regularisation: float) -> float:
    return fit(sample, replace(task, regularisation=regularisation), 1e-10).norm


@pytest.mark.parametrize("setting", SETTINGS[::2], ids=str)
def test_it_is_the_smallest_for_squares_with_a_skip_connection(setting: Setting) -> None:
    for curvature in (0, 1, -1):
        task = Task(setting=setting, shape=Shape(curvature=curvature))
        least = least_affine(SAMPLE, task)
        assert norm_at(SAMPLE, task, least * (1 + 1e-9) or 1e-9) == 0.0
        assert least == 0.0 or norm_at(SAMPLE, task, least * 0.999) > 0.0
    assert least_affine(SAMPLE, replace(task, shape=Shape())) > 0.0


def test_by_hand() -> None:
    """The line of least squares through 1, 0, 1 is 2/3; a kink at 0 gains `2/3 * 1/3`, and costs 1."""
    sample = Sample.from_observations([-1.0, 0.0, 1.0], [1.0, 0.0, 1.0])
    assert least_affine(sample, Task()) == pytest.approx(2 / 9, rel=1e-14)
    weighted = Sample.from_observations([-1.0, 0.0, 1.0], [1.0, 0.0, 1.0], [1.0, 2.0, 1.0])
    assert least_affine(weighted, Task()) == pytest.approx(1 / 4, rel=1e-14)
    turned = Task(shape=Shape(curvature=-1))
    assert least_affine(sample, turned) == 0.0  # a concave fit is a line whatever it costs


def test_far_from_zero_no_digits_are_lost() -> None:
    for shift in (1e6, 1e9):
        sample = Sample.from_observations(np.array([-1.0, 0.0, 1.0]) + shift, [1.0, 0.0, 1.0])
        for penalise in (True, False):
            price = np.hypot(1.0, shift) if penalise else 1.0
            found = least_affine(sample, Task(setting=Setting(penalise_biases=penalise)))
            assert found == pytest.approx(2 / 9 / price, rel=1e-9)


@pytest.mark.parametrize(
    "loss", [Loss(), Loss("absolute"), Loss("huber", 0.3), Loss("hinge"), Loss("logistic")], ids=str
)
def test_from_there_on_nothing_is_paid_for(loss: Loss) -> None:
    sample = LABELS if loss.is_of_labels else SAMPLE
    for setting, shape in product(SETTINGS, SHAPES):
        task = Task(loss, setting=setting, shape=shape)
        least = least_affine(sample, task)
        assert norm_at(sample, task, 1.001 * least or 1e-6) <= 1e-6


@pytest.mark.parametrize("loss", [Loss("huber", 0.3), Loss("logistic")], ids=str)
def test_it_is_all_but_the_smallest_where_the_loss_is_smooth(loss: Loss) -> None:
    sample = LABELS if loss.is_of_labels else SAMPLE
    for setting, curvature in product(SETTINGS, (0, 1)):
        task = Task(loss, setting=setting, shape=Shape(curvature=curvature))
        assert norm_at(sample, task, 0.99 * least_affine(sample, task)) > 1e-6


def test_without_loss_there_is_no_path() -> None:
    parted = Sample.from_observations([-1.0, 0.0, 2.0], [-1.0, 1.0, 1.0])
    task = Task(Loss("hinge"))
    assert least_affine(parted, task) == 0.0
    with pytest.raises(WrongRegularisation) as raised:
        grid(parted, task, 3)
    assert raised.value.pointer == "/path"


def test_a_hard_margin_has_no_path() -> None:
    with pytest.raises(WrongRegularisation) as raised:
        least_affine(LABELS, Task(Loss("hard_margin")))
    assert raised.value.pointer == "/regularisation"


def test_the_grid_is_geometric_and_descends() -> None:
    task = Task()
    found = grid(SAMPLE, task, 5, 1e-2)
    assert found[0] == pytest.approx(least_affine(SAMPLE, task), rel=1e-15)
    assert found[-1] == pytest.approx(1e-2 * found[0])
    assert np.diff(np.log(found)) == pytest.approx(np.full(4, np.log(1e-2) / 4))


def test_a_path_is_made_of_the_fits_for_each_regularisation() -> None:
    task, told = Task(), list[Mapping[str, Any]]()
    regularisations = grid(SAMPLE, task, 6, 1e-3)
    fits = follow(SAMPLE, task, regularisations, told.append, 1e-10)
    assert [found.task.regularisation for found in fits] == regularisations.tolist()
    for found in fits:
        assert found.outcome == "optimal"
        alone = fit(SAMPLE, found.task, 1e-10)
        assert found.objective == pytest.approx(alone.objective, rel=1e-9)
    losses, norms = [found.loss for found in fits], [found.norm for found in fits]
    assert np.all(np.diff(losses) <= 1e-9)
    assert np.all(np.diff(norms) >= -1e-9)
    assert [progress["fraction"] for progress in told] == pytest.approx(np.arange(1, 7) / 6)
    assert {progress["phase"] for progress in told} == {"path"}
