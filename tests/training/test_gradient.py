"""Both kernels, to all digits: beside the definition in wider floats, finite differences, PyTorch, and each other."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray

from tests.oracles.training import Objective
from tests.training.problems import gradient_by, objective_of, pytorch, some_objectives

Floats = NDArray[np.float64]

ROUNDING = 2.0**-53
SMALLEST = 1e-290
"""What products that underflow on the way may cost."""
KERNELS = pytest.mark.parametrize("is_sorted", [False, True], ids=["direct", "sorted"])

ORDINARY = st.floats(-2.0, 2.0)
WEIGHTS = st.one_of(ORDINARY, st.sampled_from([0.0, -0.0, 1.0, -0.5, 5e-324, -5e-324, -3e-310, 1e-160, 1e3]))
BIASES = st.one_of(ORDINARY, st.sampled_from([0.0, -0.0, 5e-324, -5e-324, 1e100, -1e100, 1e9, -1e-200]))


@st.composite
def abscissae(draw: st.DrawFn) -> list[float]:
    """Two at least, some of them many times; here and there far from zero, where they are close to one another."""
    offset = draw(st.sampled_from([0.0, 0.0, 1.7e9, -1e5]))
    numbers = st.one_of(ORDINARY, st.integers(-3, 3).map(float), st.sampled_from([1e-300, 5e-324, 1e8]))
    distinct = draw(st.lists(numbers.map(lambda number: offset + number), min_size=2, max_size=12, unique=True))
    return distinct + draw(st.lists(st.sampled_from(distinct), max_size=8))


@st.composite
def objectives(draw: st.DrawFn) -> tuple[Objective, Floats]:
    """An objective and parameters, kinks of which are in all places, exactly at the data and beside them among others.

    A kink is at `x` exactly where the bias is `-w x`, which is a double if `w` is a power of two.
    """
    x = draw(abscissae())
    loss, ordinates = draw(st.sampled_from([("squared", ORDINARY), ("logistic", st.sampled_from([-1.0, 1.0]))]))
    y = draw(st.lists(ordinates, min_size=len(x), max_size=len(x)))
    neurons = []
    for _ in range(draw(st.integers(1, 19))):
        w, b, place = draw(WEIGHTS), draw(BIASES), draw(st.sampled_from(x))
        kind = draw(st.sampled_from(["anywhere", "at", "left", "right"]))
        if kind != "anywhere":
            w = np.copysign(2.0 ** draw(st.integers(-4, 2)), w)
            b = {
                "at": -w * place,
                "left": np.nextafter(-w * place, np.inf),
                "right": np.nextafter(-w * place, -np.inf),
            }[kind]
        neurons.append((w, float(b), draw(ORDINARY)))
    skip = (draw(ORDINARY), draw(ORDINARY)) if (skip_connection := draw(st.booleans())) else (0.0, 0.0)
    weight_decay = draw(st.sampled_from([0.0, 0.01, 3.0]))
    theta = np.concatenate((np.array(neurons).T.ravel(), skip))
    return Objective.of(x, y, loss, weight_decay, draw(st.booleans()), skip_connection), theta


def assert_close(found: ArrayLike, wanted: ArrayLike, objective: Objective, theta: ArrayLike, roundings: int) -> None:
    """Up to so many units of rounding of the sum of the absolute values of all terms."""
    error = np.abs(np.asarray(found) - np.asarray(wanted))
    assert np.all(error <= roundings * ROUNDING * objective.size(theta) + SMALLEST)


def enough(objective: Objective, theta: ArrayLike) -> int:
    """Roundings on the way of one term: in a sum of all neurons, in a sum of all observations, and some."""
    return objective.x.size + np.size(theta) // 3 + 10


@KERNELS
@settings(max_examples=400, deadline=None)
@given(objectives())
@example((Objective.of([0.0, 1.0], [1.0, -1.0]), np.array([-1.0, 0.0, 1.0, 0.0, 0.0])))
def test_is_the_gradient_of_the_objective(is_sorted: bool, problem: tuple[Objective, Floats]) -> None:
    objective, theta = problem
    found = gradient_by(is_sorted, objective, theta)
    assert_close(found, objective.gradient(theta), objective, theta, enough(objective, theta))


@KERNELS
@pytest.mark.parametrize(("n", "width"), [(2, 1), (3, 200), (500, 3), (257, 131), (501, 600)])
def test_of_many_neurons_and_observations(is_sorted: bool, n: int, width: int) -> None:
    for objective, theta in some_objectives(1, n, width):
        found = gradient_by(is_sorted, objective, theta)
        assert_close(found, objective.gradient(theta), objective, theta, enough(objective, theta))


@KERNELS
def test_is_what_pytorch_differentiates(is_sorted: bool) -> None:
    for problem in pytorch()["problems"]:
        objective, theta = objective_of(problem), problem["theta"]
        found = gradient_by(is_sorted, objective, theta)
        assert_close(found, problem["gradient"], objective, theta, 2 * enough(objective, theta))


@KERNELS
def test_is_what_finite_differences_tend_to(is_sorted: bool) -> None:
    for objective, theta in some_objectives(2, 9, 7):
        found = gradient_by(is_sorted, objective, theta)
        assert found == pytest.approx(objective.differences(theta, 1e-6).astype(float), rel=1e-9, abs=1e-10)


def test_the_oracle_is_what_pytorch_differentiates() -> None:
    for problem in pytorch()["problems"]:
        objective, theta = objective_of(problem), problem["theta"]
        assert float(objective.value(theta)) == pytest.approx(problem["objective"], rel=1e-15)
        assert_close(objective.gradient(theta), problem["gradient"], objective, theta, enough(objective, theta))


@pytest.mark.parametrize("shift", [0.0, 1.7e9])
def test_kernels_agree_about_the_observation_at_a_kink(shift: float) -> None:
    """At the kink no neuron is active, one unit of rounding beside it is: its whole term is there or is not."""
    x = shift + np.array([-1.0, 0.0, 0.5, 2.0])
    objective = Objective.of(x, [1.0, -1.0, 3.0, 0.5])
    for place in x:
        for w in (1.0, -1.0, 0.25, -4.0):
            kink = -w * place
            biases = np.array([kink, np.nextafter(kink, np.inf), np.nextafter(kink, -np.inf)])
            theta = np.concatenate((np.full(3, w), biases, [1.0, -2.0, 0.5], [0.0, 0.0]))
            active = objective.active(theta)[x == place]
            assert active.tolist() == [[False, True, False]]
            for is_sorted in (False, True):
                found = gradient_by(is_sorted, objective, theta)
                assert_close(found, objective.gradient(theta), objective, theta, enough(objective, theta))


@KERNELS
def test_a_neuron_without_hidden_weight_is_active_everywhere_or_nowhere(is_sorted: bool) -> None:
    objective = Objective.of([-1.0, 0.0, 2.0], [1.0, 0.0, -2.0], skip_connection=False)
    theta = np.array([0.0, -0.0, 0.0, 0.5, 0.5, -0.5, 1.0, 1.0, 1.0, 0.0, 0.0])
    # The network is the constant 1; residuals 0, 1, 3, of which each derivative takes 2/3.
    moments, slopes = 2.0 / 3.0 * (0.0 * 1.0 + 2.0 * 3.0), 2.0 / 3.0 * (1.0 + 3.0)
    wanted = [moments, moments, 0.0, slopes, slopes, 0.0, 0.5 * slopes, 0.5 * slopes, 0.0, 0.0, 0.0]
    assert gradient_by(is_sorted, objective, theta) == pytest.approx(wanted, rel=1e-15)
