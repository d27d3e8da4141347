"""A run: its snapshots, how it ends, and what it tells of itself. Numbers are those of the oracle."""

import threading
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from tests.oracles.training import Method, Objective
from tests.training.problems import recipe_of, sample_of, some_objectives
from workers.minnorm.errors import Overflow
from workers.minnorm.network import Network
from workers.minnorm.setting import Setting
from workers.training.descent import CONVERGED, DIVERGED, RUNNING
from workers.training.recipe import Initialisation, Optimiser, Recipe
from workers.training.run import Run, frame_steps, snapshot_steps

PROBLEMS = [problem for problem, _ in some_objectives(8, 12, 1)]
DESCENT = Method("gradient_descent", 0.05)


def parameters(network: Network) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """As the oracle has them."""
    skip = [network.skip_weight, network.skip_bias]
    return np.concatenate((network.hidden_weights, network.hidden_biases, network.output_weights, skip))


def ended(problem: Objective, recipe: Recipe, seed: int = 0) -> Run:
    """To the end."""
    run = Run(sample_of(problem), recipe, seed)
    run.go_on(threading.Event())
    assert run.ended
    return run


@pytest.mark.parametrize("problem", PROBLEMS)
def test_snapshots_tell_what_the_network_was(problem: Objective) -> None:
    recipe = recipe_of(problem, 10, DESCENT, 500, snapshots=9, frames=4)
    run, other = ended(problem, recipe), Run(sample_of(problem), replace(recipe, snapshots=0, frames=0), 0)
    assert run.history[:, 0].tolist() == snapshot_steps(recipe).tolist()
    assert [step for step, _ in run.frames] == frame_steps(recipe).tolist()
    frames = dict(run.frames)
    for step, objective, loss, norm, kink_count in run.history:
        while other.step < step:
            other.advance(int(step) - other.step)
        network = other.network
        assert objective == pytest.approx(float(problem.value(parameters(network))), rel=1e-13)
        assert loss == pytest.approx(float(replace(problem, weight_decay=0.0).value(parameters(network))), rel=1e-13)
        assert norm == pytest.approx(network.parameter_norm(problem.penalise_biases), rel=1e-13)
        function, _ = other.function()
        assert kink_count == function.kinks.size
        if step in frames:
            frame = frames[int(step)]
            assert (frame.x0, frame.y0, frame.slope0) == (function.x0, function.y0, function.slope0)
            assert frame.kinks.tolist() == function.kinks.tolist()
            assert frame.slope_changes.tolist() == function.slope_changes.tolist()
    assert run.history[-1, 1] < run.history[0, 1]


@pytest.mark.parametrize("problem", PROBLEMS)
def test_its_numbers_are_those_of_its_network(problem: Objective) -> None:
    run = ended(problem, recipe_of(problem, 10, DESCENT, 250))
    theta, point = parameters(run.network), run.point()
    gradient = problem.gradient(theta)
    assert point.objective == pytest.approx(float(problem.value(theta)), rel=1e-13)
    assert point.gradient_norm == pytest.approx(float(np.sqrt(np.sum(gradient**2))), rel=1e-12)
    assert problem.skip_connection or (theta[-2:] == 0.0).all()


@pytest.mark.parametrize("steps", [1, 2, 3, 10, 1_000, 10**9])
@pytest.mark.parametrize("snapshots", [1, 2, 3, 5, 30, 1_000])
def test_steps_of_snapshots(steps: int, snapshots: int) -> None:
    """The last one always; the first one, if there are two; no more than asked for, and geometrically spaced."""
    found = snapshot_steps(Recipe(1, 0.0, steps, snapshots=snapshots)).tolist()
    assert found == sorted(set(found))
    assert found[-1] == steps
    assert snapshots == 1 or found[0] == 0
    assert len(found) <= snapshots
    assert snapshots < 4 or {0, 1, steps} <= set(found)
    if snapshots == 30 and steps == 10**9:
        assert len(found) == 30
        ratios = [after / before for before, after in pairwise(found[-10:])]
        assert ratios == pytest.approx([10.0 ** (9.0 / 28.0)] * 9, rel=1e-3)


@pytest.mark.parametrize("frames", [0, 1, 2, 7, 30, 100])
def test_steps_of_frames(frames: int) -> None:
    """Some of the snapshots, the last one first."""
    recipe = Recipe(1, 0.0, 10**6, snapshots=30, frames=frames)
    found, snapshots = frame_steps(recipe).tolist(), snapshot_steps(recipe).tolist()
    assert set(found) <= set(snapshots)
    assert len(found) == min(frames, len(snapshots))
    assert not frames or found[-1] == 10**6
    assert frames < 2 or found[0] == 0


def test_no_snapshots_are_none() -> None:
    run = ended(PROBLEMS[0], recipe_of(PROBLEMS[0], 5, DESCENT, 300, snapshots=0))
    assert run.history.shape == (0, 5)
    assert (run.step, run.status) == (300, RUNNING)


def test_converges_at_the_first_look_that_finds_a_small_gradient() -> None:
    problem = replace(PROBLEMS[0], weight_decay=0.5)
    recipe = recipe_of(problem, 6, DESCENT, 1_000_000, tolerance=1e-9)
    run = ended(problem, recipe)
    assert run.status == CONVERGED
    assert run.step % 100 == 0
    assert 0 < run.step < 1_000_000
    norms = []
    for steps in (run.step - 100, run.step):
        gradient = problem.gradient(parameters(ended(problem, replace(recipe, steps=steps, tolerance=0.0)).network))
        norms.append(float(np.sqrt(np.sum(gradient**2))))
    assert norms[0] > 1e-9 >= norms[1]
    assert run.history[-1, 0] == run.step
    assert run.history[-1, 1] == run.point().objective


def test_diverges_and_goes_back_to_where_all_was_well() -> None:
    """A little too long a step: it takes more than a hundred of them to see it."""
    problem = PROBLEMS[0]
    sizes = 0.2 * 1.2 ** np.arange(20)
    runs = [ended(problem, recipe_of(problem, 30, Method("gradient_descent", size), 3_000)) for size in sizes]
    diverged = [run for run in runs if run.status == DIVERGED]
    assert 0 < len(diverged) < len(runs)
    for run in diverged:
        network, point = run.network, run.point()
        assert np.isfinite(parameters(network)).all()
        assert np.isfinite([point.objective, point.gradient_norm, point.parameter_norm]).all()
        assert float(problem.value(parameters(network))) == pytest.approx(point.objective, rel=1e-12)
        assert np.isfinite(run.history).all()
    for run in runs:
        if run.status == RUNNING:
            assert run.point().objective < run.history[0, 1]


def test_a_network_that_is_too_large_from_the_start() -> None:
    recipe = Recipe(5, 1.0, 10, initialisation=Initialisation(1e200))
    with pytest.raises(Overflow) as raised:
        Run(sample_of(PROBLEMS[0]), recipe, 0)
    assert raised.value.pointer == "/initialisation/scale"


def test_ties_and_order_of_observations() -> None:
    """Observations may come in any order; those at one abscissa all count."""
    x, y = [1.0, -1.0, 1.0, 0.0, 1.0], [2.0, 0.0, -1.0, 1.0, 0.5]
    problem = Objective.of(x, y, "squared", 0.01, False, True)
    recipe = Recipe(7, 0.01, 50, Setting(False, True), optimiser=Optimiser(step_size=0.05))
    start, end = Run(sample_of(problem), recipe, 0), ended(problem, recipe)
    wanted = DESCENT.trained(problem, parameters(start.network), 50)
    assert parameters(end.network) == pytest.approx(wanted.astype(float), rel=1e-12, abs=1e-14)
