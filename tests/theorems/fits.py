"""Fits of problems, and everything they say that can be computed from their definition."""

import warnings

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.oracles.fits import Problem
from tests.oracles.representation import least_cost_by_cones
from workers.fitting.fit import Fit, Task, fit
from workers.fitting.losses import Loss
from workers.fitting.sample import Sample
from workers.fitting.shape import Shape
from workers.minnorm.piecewise_linear import PiecewiseLinear
from workers.minnorm.setting import Setting

Floats = NDArray[np.float64]

GAP = 1e-8


def task_of(problem: Problem) -> Task:
    """What is to be minimised."""
    loss = Loss.of(problem.loss, problem.delta if problem.loss == "huber" else None)
    setting = Setting(problem.penalise_biases, problem.skip_connection)
    regularisation = None if problem.loss == "hard_margin" else problem.regularisation
    return Task(loss, regularisation, setting, Shape.of(problem.shape))


def fitted(problem: Problem, gap: float = GAP) -> Fit:
    """The answer to a problem."""
    return fit(Sample.from_observations(problem.x, problem.y, problem.weights), task_of(problem), gap)


def values(function: PiecewiseLinear, x: Floats) -> Floats:
    """The function, from its definition."""
    bends = np.maximum(np.subtract.outer(x, function.kinks), 0.0) @ function.slope_changes
    result: Floats = function.y0 + function.slope0 * (x - function.x0) + bends
    return result


def slopes(function: PiecewiseLinear) -> Floats:
    """Left of all kinks, between them, and right of them."""
    return function.slope0 + np.concatenate(([0.0], np.cumsum(function.slope_changes)))


def cost(function: PiecewiseLinear, problem: Problem) -> float:
    """The representational cost, from its definition."""
    kinks, changes = function.kinks, function.slope_changes
    if not problem.skip_connection:
        line = function.slope0, function.y0 - function.slope0 * function.x0
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "may be inaccurate": to 1e-8 it is accurate enough
            return least_cost_by_cones(kinks, changes, line, problem.penalise_biases) if any((*line, *changes)) else 0.0
    return float(np.abs(changes) @ (np.hypot(1.0, kinks) if problem.penalise_biases else np.ones_like(kinks)))


def check(problem: Problem, found: Fit, gap: float = GAP) -> None:
    """Everything a fit says is so, but for its lower bound; and that is as close as it was asked to be."""
    size = 1.0 + float(np.max(np.abs(found.fitted)))
    assert found.outcome == "optimal"
    assert found.fitted == pytest.approx(values(found.function, problem.x), abs=1e-11 * size)
    assert found.loss == pytest.approx(problem.loss_of(found.fitted), rel=1e-9, abs=1e-13 * size)
    assert found.norm == pytest.approx(cost(found.function, problem), rel=1e-8, abs=1e-10)
    assert found.objective == pytest.approx(found.loss + problem.regularisation * found.norm, rel=1e-12, abs=1e-300)
    lower = found.certificate.lower_bound
    assert lower <= found.objective
    assert found.certificate.relative_gap == pytest.approx(_gap(found.objective, lower), abs=1e-15)
    assert found.certificate.relative_gap <= gap
    assert found.kink_count == found.function.kinks.size


def _gap(objective: float, lower: float) -> float:
    return (objective - lower) / objective if objective else 0.0


def check_against(least: float, found: Fit, tolerance: float = 1e-7) -> None:
    """The objective is the least, as well as it is known, and the lower bound is below it."""
    slack = tolerance * abs(least) + 1e-9
    assert found.objective == pytest.approx(least, abs=slack)
    assert found.certificate.lower_bound <= least + slack
