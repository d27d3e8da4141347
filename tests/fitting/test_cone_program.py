"""The program alone: its optimum against other ways to the same number, and what its multipliers prove."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from workers.fitting.bound import lower_bound
from workers.fitting.candidates import function_of, real_kinks
from workers.fitting.cone_program import solve
from workers.fitting.layout import Layout, Neurons, Optimum, Question
from workers.fitting.losses import Loss
from workers.fitting.sample import Sample
from workers.fitting.shape import Shape
from workers.fitting.witnesses import witnesses
from workers.minnorm.dataset import Dataset
from workers.minnorm.interpolate import interpolate
from workers.minnorm.norms import function_norm
from workers.minnorm.setting import Setting

Floats = NDArray[np.float64]

SETTINGS = [Setting(*switches) for switches in itertools.product((True, False), (True, False))]
SHAPES = [Shape(), Shape(monotone=1), Shape(curvature=-1), Shape(-1, 1)]


def sample_of(seed: int, n: int = 12) -> Sample:
    random = np.random.default_rng(seed)
    x = 2.0 * random.normal(size=n)
    return Sample.from_observations(x, np.sin(2.0 * x) + 0.3 * x + 0.1 * random.normal(size=n))


def question_of(sample: Sample, loss: Loss, setting: Setting, shape: Shape, price: float = 0.01) -> Question:
    return Question.of(sample, loss, price, setting, shape)


def solved(question: Question) -> Optimum:
    optimum = solve(question, Layout.everywhere(question.frame.x, question.setting, question.shape), 1e-11)
    assert optimum is not None
    return optimum


def objective_of(question: Question, optimum: Optimum) -> float:
    function = function_of(question, optimum.neurons)
    sample = question.sample
    norm = function_norm(function, question.setting).representational_cost
    return question.loss.value(function(sample.x)[sample.group], sample) + question.regularisation * norm


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("loss", [Loss("squared"), Loss("absolute"), Loss("huber", 0.2)])
def test_each_witness_proves_the_objective(loss: Loss, setting: Setting, shape: Shape) -> None:
    """All of them: signs, units and ends of every part are right, not of the best one only."""
    for seed in range(3):
        sample = sample_of(seed)
        question = question_of(sample, loss, setting, shape)
        optimum = solved(question)
        objective = objective_of(question, optimum)
        for witness in witnesses(question, optimum):
            bound = lower_bound(sample, loss, question.regularisation, setting, shape, witness)
            assert objective * (1.0 - 1e-6) <= bound <= objective * (1.0 + 1e-9)


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("loss", [Loss("squared"), Loss("huber", 0.2), Loss("logistic")])
def test_multipliers_of_values_are_derivatives_of_the_loss(loss: Loss, setting: Setting) -> None:
    for seed in range(3):
        sample = sample_of(seed)
        if loss.is_of_labels:
            sample = replace(sample, y=np.where(sample.y > 0.0, 1.0, -1.0))
        optimum = solved(question_of(sample, loss, setting, Shape()))
        slopes = loss.derivatives(optimum.values, sample)
        assert slopes is not None
        np.testing.assert_allclose(optimum.pulls, -slopes / 0.01, atol=1e-4)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("setting", [Setting(True, True), Setting(False, True)])
def test_moments_of_a_witness_vanish_whatever_the_solver_says(setting: Setting, shape: Shape) -> None:
    """Dual values then vanish left of the data as well, where pushes have been counted; within what the loss allows."""
    sample = sample_of(2)
    question = question_of(sample, Loss("absolute"), setting, shape)
    optimum = solved(question)
    noise = 1e-3 * np.random.default_rng(0).normal(size=sample.x.size)
    witness = witnesses(question, replace(optimum, pulls=optimum.pulls + noise))[0]
    pushes = np.zeros(1) if witness.slope_multipliers is None else witness.slope_multipliers
    assert witness.dual.values[0] == pytest.approx(-shape.monotone * pushes[0], abs=1e-9)


def test_shares_that_are_real_stay_where_they_are() -> None:
    """One from the left end alone, one from the right end alone, one from both; and one that is less than its slack."""
    x = np.arange(8.0)
    question = question_of(Sample.from_observations(x, x), Loss("absolute"), Setting(), Shape())
    layout = Layout.everywhere(x, Setting(), Shape())
    shares, slack = np.zeros((2, 7)), np.zeros((2, 7))
    left, right = shares.copy(), shares.copy()
    slack_left, slack_right = shares + 0.5, shares + 0.5
    left[0, 1], slack_left[0, 1] = 1.0, 0.0
    right[1, 2], slack_right[1, 2] = 1.0, 0.0
    left[0, 5] = right[0, 5] = 1.0
    slack_left[0, 5] = slack_right[0, 5] = 0.0
    left[0, 4], slack[0, 4] = 1e-6, 1e-3
    slack[left + right == 0.0] = 0.5
    nothing, outside = np.zeros((2, 8)), np.zeros((2, 2))
    neurons = Neurons(layout, x, left, right, nothing, slack, slack_left, slack_right, nothing, outside, np.zeros(2))
    real = real_kinks(question, neurons, 1.0)
    assert real.nodes.tolist() == [0, 1, 3, 5, 6, 7]
    assert np.argwhere(real.at).tolist() == [[0, 1], [1, 2]]
    assert np.argwhere(real.inside).tolist() == [[0, 3]]


@pytest.mark.parametrize("setting", SETTINGS)
def test_little_regularisation_interpolates(setting: Setting) -> None:
    """The values are all but the data, and the norm of an interpolation problem is found without its solver."""
    for seed in range(4):
        sample = sample_of(seed)
        least = interpolate(Dataset(sample.x, sample.y), setting).norm
        per_price = []
        for price in (1e-7, 2e-7):
            question = question_of(sample, Loss("squared"), setting, Shape(), price)
            per_price.append(objective_of(question, solved(question)) / price)
        # The loss is quadratic in a small price, so that the objective over the price is a line.
        assert 2.0 * per_price[0] - per_price[1] == pytest.approx(least, rel=1e-5)


@pytest.mark.parametrize("setting", SETTINGS)
def test_values_and_kinks_tell_the_same_function(setting: Setting) -> None:
    for seed, shape in itertools.product(range(3), SHAPES):
        question = question_of(sample_of(seed), Loss("squared"), setting, shape)
        optimum = solved(question)
        function = function_of(question, optimum.neurons)
        np.testing.assert_allclose(function(question.frame.x), optimum.values, atol=1e-5)


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_restricted_program_has_exact_zeros_and_no_worse_an_optimum(setting: Setting) -> None:
    for seed in range(4):
        question = question_of(sample_of(seed, 40), Loss("squared"), setting, Shape(), 0.05)
        optimum = solved(question)
        layout = real_kinks(question, optimum.neurons, 1.0)
        assert layout.nodes.size < 20
        restricted = solve(question, layout, 1e-13)
        assert restricted is not None
        assert objective_of(question, restricted) <= objective_of(question, optimum) * (1.0 + 1e-9)
        kinks = function_of(question, restricted.neurons).kinks
        assert kinks.size <= 12
        assert np.isin(question.frame.x, question.frame.x[layout.nodes]).sum() == layout.nodes.size


def test_values_between_nodes_are_on_their_chord() -> None:
    question = question_of(sample_of(1, 40), Loss("squared"), Setting(), Shape(), 0.05)
    layout = real_kinks(question, solved(question).neurons, 1.0)
    restricted = solve(question, layout, 1e-12)
    assert restricted is not None
    x, nodes = question.frame.x, layout.nodes
    expected = question.base + np.interp(x, x[nodes], restricted.neurons.values)
    np.testing.assert_allclose(restricted.values, expected, atol=1e-13)


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("factor", [1e-3, 1.0, 1e3])
def test_units_of_the_objective_do_not_matter(setting: Setting, factor: float) -> None:
    question = question_of(sample_of(5), Loss("absolute"), setting, Shape())
    other = replace(question, size=factor * question.size)
    assert objective_of(other, solved(other)) == pytest.approx(objective_of(question, solved(question)), rel=1e-7)


@pytest.mark.parametrize("setting", SETTINGS)
def test_two_abscissae_are_enough(setting: Setting) -> None:
    sample = Sample.from_observations([0.0, 0.0, 1.5], [1.0, 2.0, -1.0])
    question = question_of(sample, Loss("squared"), setting, Shape())
    optimum = solved(question)
    bound = max(
        lower_bound(sample, question.loss, question.regularisation, setting, Shape(), witness)
        for witness in witnesses(question, optimum)
    )
    assert objective_of(question, optimum) == pytest.approx(bound, rel=1e-7)
