"""Training obeys the theory of what it minimises: no network is below the optimum, and long training comes close to it.

The reference experiment is that of Boursier and Flammarion, *Penalising the biases in norm regularisation enforces
sparsity*, NeurIPS 2023. Objectives of trained networks are computed by the oracle, from the parameters alone.
"""

import threading
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.oracles.training import Objective
from workers.fitting.sample import Sample
from workers.minnorm.network import Network
from workers.minnorm.norms import network_norms
from workers.minnorm.setting import Setting
from workers.training.optimum import optimum
from workers.training.recipe import Initialisation, Optimiser, Recipe
from workers.training.run import Run

Floats = NDArray[np.float64]

X, Y = [-1.5, -1.0, 0.0, 0.25, 2.0], [0.7, -0.3, -0.3, 0.4, 0.2]
POINTS = Sample.from_observations(X, Y)
WITHOUT_SKIP = Setting(skip_connection=False)
FREE_WITHOUT_SKIP = Setting(penalise_biases=False, skip_connection=False)
METHODS = (
    Optimiser("gradient_descent", 0.05),
    Optimiser("momentum", 0.01, momentum=0.9),
    Optimiser("momentum", 0.01, "cosine", momentum=0.9, nesterov=True),
    Optimiser("adam", 0.02, "cosine"),
)
CASES = list(product(("squared", "logistic"), (True, False), (True, False), METHODS))


def trained(sample: Sample, recipe: Recipe, seed: int) -> Run:
    """To the end."""
    run = Run(sample, recipe, seed)
    run.go_on(threading.Event())
    return run


def parameters(network: Network) -> Floats:
    """As the oracle has them."""
    skip = [network.skip_weight, network.skip_bias]
    return np.concatenate((network.hidden_weights, network.hidden_biases, network.output_weights, skip))


def objective_of(sample: Sample, recipe: Recipe) -> Objective:
    """What `recipe` minimises."""
    setting, columns = recipe.setting, (sample.x[sample.group], sample.y)
    return Objective.of(*columns, recipe.loss, recipe.weight_decay, setting.penalise_biases, setting.skip_connection)


def objective(sample: Sample, recipe: Recipe, network: Network) -> float:
    """Of a network."""
    return float(objective_of(sample, recipe).value(parameters(network)))


def reference(setting: Setting, steps: int) -> Recipe:
    """The published experiment."""
    return Recipe(200, 1e-3, steps, setting, optimiser=Optimiser(step_size=0.05))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_penalised_biases_end_at_two_kinks(seed: int) -> None:
    recipe = reference(WITHOUT_SKIP, 400_000)
    run = trained(POINTS, recipe, seed)
    best = optimum(POINTS, recipe)
    assert best.lower_bound == pytest.approx(0.0080267393, abs=1e-10)
    assert 0.0 <= objective(POINTS, recipe, run.network) - best.lower_bound <= 1e-6
    function, deviation = run.function()
    assert function.kinks == pytest.approx([-0.42975, 0.25], abs=2e-3)
    places = np.linspace(-1.5, 2.0, 2_001)
    assert np.max(np.abs(function(places) - run.network(places))) <= deviation + 1e-12
    assert deviation <= 5e-3


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_free_biases_end_at_many_kinks(seed: int) -> None:
    recipe = reference(FREE_WITHOUT_SKIP, 800_000)
    run = trained(POINTS, recipe, seed)
    best = optimum(POINTS, recipe)
    assert best.lower_bound == pytest.approx(0.0075320408, abs=1e-10)
    assert 0.0 <= objective(POINTS, recipe, run.network) - best.lower_bound <= 1e-6
    assert run.function()[0].kinks.size >= 8


def some_sample(random: np.random.Generator, loss: str) -> Sample:
    """Two to twelve observations, two of them at one abscissa; no line separates the labels."""
    x = random.normal(size=int(random.integers(4, 13)))
    x[1] = x[0]
    y = np.sin(3.0 * x) + 0.3 * random.normal(size=x.size)
    if loss == "logistic":
        y = np.where(y > 0.0, 1.0, -1.0)
        y[:2] = 1.0, -1.0
        order = np.argsort(x)
        y[order[[0, -1]]] = 1.0
        y[order[x.size // 2]] = -1.0
    return Sample.from_observations(x, y)


def _living(network: Network) -> Network:
    """Without neurons that have decayed until their kinks do not fit in a double."""
    w, b, a = network.hidden_weights, network.hidden_biases, network.output_weights
    kept = np.abs(a) * np.hypot(w, b) > 1e-30
    return Network(w[kept], b[kept], a[kept], network.skip_weight, network.skip_bias, network.skip_connection)


@pytest.mark.parametrize("weight_decay", [1e-2, 0.0])
def test_no_network_is_below_the_optimum(weight_decay: float) -> None:
    """In all settings, with all methods, few steps or many, narrow or wide; and it is not for want of coming close."""
    random = np.random.default_rng(2026)
    excesses = []
    for loss, penalise_biases, skip_connection, method in CASES:
        sample, width, steps = some_sample(random, loss), int(random.integers(1, 80)), int(random.integers(1, 20_000))
        recipe = Recipe(width, weight_decay, steps, Setting(penalise_biases, skip_connection), loss, optimiser=method)
        network, best = trained(sample, recipe, 1).network, optimum(sample, recipe)
        found = objective(sample, recipe, network)
        cost = network_norms(_living(network), recipe.setting).representational_cost
        least = found - weight_decay * (network.parameter_norm(penalise_biases) - cost)
        assert best.lower_bound <= least * (1.0 + 1e-14)
        assert least <= found * (1.0 + 1e-14)
        assert best.lower_bound <= best.objective
        excesses.append(found - best.lower_bound)
    assert np.median(excesses) < 0.1
    assert np.min(excesses) < 1e-6


@pytest.mark.parametrize("is_sorted", [False, True])
def test_a_long_training_reaches_the_optimum_to_ten_digits(is_sorted: bool) -> None:
    """With a step size that goes to zero; penalised biases, labels and values."""
    random = np.random.default_rng(4)
    for loss, skip_connection in product(("squared", "logistic"), (True, False)):
        sample = some_sample(random, loss)
        method = Optimiser("adam", 0.02, "cosine")
        recipe = Recipe(100, 0.02, 60_000, Setting(skip_connection=skip_connection), loss, optimiser=method)
        run = Run(sample, recipe, 3, is_sorted)
        run.go_on(threading.Event())
        best = optimum(sample, recipe)
        assert best.lower_bound <= objective(sample, recipe, run.network) <= best.lower_bound * (1.0 + 1e-8)


def imbalances(network: Network) -> Floats:
    """`a^2 - w^2 - b^2` of each neuron."""
    return network.output_weights**2 - network.hidden_weights**2 - network.hidden_biases**2


def test_what_gradient_descent_does_to_the_balance_of_a_neuron() -> None:
    """A step multiplies `a^2 - w^2 - b^2` by `(1 - eta lambda)^2` and adds `eta^2 (g_a^2 - g_w^2 - g_b^2)`, no more.

    For a ReLU is homogeneous, so that `a g_a = w g_w + b g_b` for the gradient `g` of the loss.
    """
    eta, decay, width = 0.1, 0.3, 30
    recipe = Recipe(width, decay, 40, WITHOUT_SKIP, optimiser=Optimiser(step_size=eta))
    run = Run(POINTS, recipe, 0)
    loss = Objective.of(X, Y, skip_connection=False)
    while not run.ended:
        before = run.network
        w, b, a = np.split(loss.gradient(parameters(before)).astype(float)[: 3 * width], 3)
        run.advance(1)
        wanted = (1.0 - eta * decay) ** 2 * imbalances(before) + eta**2 * (a**2 - w**2 - b**2)
        assert imbalances(run.network) == pytest.approx(wanted, rel=1e-12, abs=1e-14)


def test_without_weight_decay_balances_drift_as_far_as_steps_are_long() -> None:
    """By `eta^2` a step, so over the same time half as far with steps of half the length."""
    drifts = []
    for halvings in range(3):
        recipe = Recipe(50, 0.0, 2_000 * 2**halvings, WITHOUT_SKIP, optimiser=Optimiser(step_size=0.02 / 2**halvings))
        start = imbalances(Run(POINTS, recipe, 0).network)
        drifts.append(np.max(np.abs(imbalances(trained(POINTS, recipe, 0).network) - start)))
    assert np.array(drifts[:-1]) / drifts[1:] == pytest.approx(2.0, rel=0.1)


@pytest.mark.parametrize("setting", [WITHOUT_SKIP, FREE_WITHOUT_SKIP])
def test_with_weight_decay_neurons_end_balanced(setting: Setting) -> None:
    """Then the parameter norm is the path norm, which it exceeds by half the sum of `(|a| - ||(w, b)||)^2`."""
    recipe = reference(setting, 400_000)
    begun = Run(POINTS, recipe, 0).network
    ended = trained(POINTS, recipe, 0).network
    excess, start = (
        network.parameter_norm(setting.penalise_biases) - network.path_norm(setting.penalise_biases)
        for network in (ended, begun)
    )
    assert start > 0.1
    assert 0.0 <= excess < 1e-6


@pytest.mark.parametrize("setting", [Setting(*each) for each in product((True, False), repeat=2)])
def test_without_weight_decay_small_parameters_end_close_to_the_least_norm(setting: Setting) -> None:
    """That none is below it is a theorem; that the smaller the start, the closer the end, is what is seen."""
    ratios = []
    for scale in (0.3, 1.0, 3.0):
        how = {"optimiser": Optimiser(step_size=0.02), "initialisation": Initialisation(scale)}
        recipe = Recipe(200, 0.0, 100_000, setting, **how)  # type: ignore[arg-type]
        network, best = trained(POINTS, recipe, 0).network, optimum(POINTS, recipe)
        assert objective(POINTS, recipe, network) <= 1e-12
        assert best.norm is not None
        ratios.append(network.parameter_norm(setting.penalise_biases) / best.norm)
    assert ratios[0] >= 1.0 - 1e-6
    assert ratios == sorted(ratios)
    assert ratios[0] <= 1.05
    assert ratios[2] >= 1.3
