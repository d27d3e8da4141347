"""The parts of the solver without a skip connection."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize

from workers.minnorm.active_set import refine
from workers.minnorm.certificate import lower_bound
from workers.minnorm.chords import curvatures
from workers.minnorm.cones import Shares, Targets, solve_cones
from workers.minnorm.contacts import distances, find_neurons
from workers.minnorm.dataset import Dataset
from workers.minnorm.facing import reflect
from workers.minnorm.frame import Frame
from workers.minnorm.without_skip import WITHOUT_SKIP

Floats = NDArray[np.float64]


def room(distance: Floats, steps: Floats, first: float, last: float) -> Floats:
    ends = np.array([distance[0] - first, distance[-1] - last])
    return np.concatenate((distance, distance[1:] + distance[:-1] - steps, ends))


def test_the_law_of_reflection_with_bounds_at_both_ends() -> None:
    random = np.random.default_rng(0)
    for _ in range(40):
        m = int(random.integers(1, 7))
        steps, masses = random.uniform(0.0, 1.0, m - 1) * random.choice([0.1, 0.5]), random.lognormal(size=m)
        first, last = (float(random.choice([0.0, random.uniform()])) for _ in range(2))
        found = reflect(steps, masses, first, last)
        rival = minimize(
            lambda distance, masses=masses: float(masses @ (1.0 - np.cos(distance))),
            np.ones(m),
            constraints={"type": "ineq", "fun": room, "args": (steps, first, last)},
            method="SLSQP",
            options={"ftol": 1e-15},
        )
        assert room(found, steps, first, last).min() >= -1e-11
        assert masses @ (1.0 - np.cos(found)) <= rival.fun + 1e-9


def solved(targets: Targets) -> tuple[Shares, Floats, float]:
    solution = solve_cones(targets)
    assert solution is not None
    return solution


@pytest.fixture
def targets() -> Targets:
    x = np.sort(np.random.default_rng(3).uniform(-2.0, 2.0, 25))
    y = np.exp(x)
    return Targets.of(x, curvatures(x, y), float((y[1] - y[0]) / (x[1] - x[0])), float(y[0]))


def test_newton_starts_from_the_cone_program_and_ends_exactly(targets: Targets) -> None:
    shares, multipliers, cost = solved(targets)
    data = Dataset(targets.frame.x, np.exp(targets.frame.x))
    rough = lower_bound(data, WITHOUT_SKIP, targets.frame.dual(multipliers))
    assert 1e-13 < (cost - rough) / cost < 1e-9
    refined = refine(targets, find_neurons(targets, shares, multipliers, 1e-7, 1e-5), multipliers, hasty=False)
    assert refined is not None
    neurons, exact = refined
    assert rough < lower_bound(data, WITHOUT_SKIP, targets.frame.dual(exact))
    assert np.sum(neurons.inside) + np.sum(neurons.points > 0.0) < 25


def test_neurons_that_cannot_be_the_optimum_are_not_accepted(targets: Targets) -> None:
    """With half of them missing there is no solution, or one whose dual exceeds its envelope."""
    shares, multipliers, _ = solved(targets)
    neurons = find_neurons(targets, shares, multipliers, 1e-7, 1e-5)
    neurons.left[:, ::2] = neurons.right[:, ::2] = 0.0
    neurons.points[:, ::2] = 0.0
    refined = refine(targets, neurons, np.zeros(25), hasty=True)
    assert refined is None or np.max(distances(targets.frame, refined[1])) == np.pi


@pytest.mark.parametrize("x", [[-3.0, 0.5, 4.0], [1e-3, 2.0, 1e6], [1.7e9, 1.7e9 + 1.0, 1.7e9 + 2.0]])
def test_a_turned_plane_is_the_same_plane(x: list[float]) -> None:
    frame = Frame.of(np.array(x))
    neuron = np.array([0.3, -1.2])
    vector = frame.vector(neuron)
    assert np.hypot(*vector) == pytest.approx(np.hypot(*neuron), rel=1e-15)
    seen = vector[0] * np.array(x) + vector[1]
    assert seen / frame.w == pytest.approx(neuron @ frame.units, abs=1e-15)
    assert frame.step == pytest.approx(np.diff(np.arctan(x)), abs=1e-15)
    slope, value = 2.0, -1.5
    line = frame.vector(frame.line(slope, value))
    assert line[0] == pytest.approx(slope, rel=1e-13)
    assert line[0] * x[0] + line[1] == pytest.approx(value, abs=1e-15 * x[0] ** 2 + 1e-14)
