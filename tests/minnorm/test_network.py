"""Networks: their definition, the functions they compute, and what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.minnorm.errors import LengthMismatch, NoSkipConnection, NotFinite, Overflow
from workers.minnorm.network import Network, balanced, line_on_the_left
from workers.minnorm.norms import function_norm
from workers.minnorm.piecewise_linear import PiecewiseLinear
from workers.minnorm.setting import Setting

PARAMETERS = st.integers(-24, 24).map(lambda i: i / 8)
NEURONS = st.lists(st.tuples(PARAMETERS, PARAMETERS, PARAMETERS), max_size=8)
PLACES = np.linspace(-40, 40, 161)


def network_of(neurons: list[tuple[float, float, float]], skip: tuple[float, float] = (0.0, 0.0)) -> Network:
    weights, biases, outputs = np.array(neurons, dtype=float).reshape(-1, 3).T
    return Network.from_numbers(weights, biases, outputs, *skip)


def test_by_hand() -> None:
    network = network_of([(2.0, -1.0, 3.0)], (1.0, 0.5))
    assert network([0.0, 0.5, 1.0]).tolist() == [0.5, 1.0, 4.5]
    assert network.parameter_norm(penalise_biases=True) == 7.0
    assert network.parameter_norm(penalise_biases=False) == 6.5
    assert network.path_norm(penalise_biases=True) == pytest.approx(3 * 5**0.5)
    assert network.path_norm(penalise_biases=False) == 6.0
    function = network.function()
    assert function.kinks.tolist() == [0.5]
    assert function.slope_changes.tolist() == [6.0]
    assert function.slope0 == 1.0


@settings(deadline=None)  # the first example compiles
@given(NEURONS, PARAMETERS, PARAMETERS)
def test_the_function_is_what_the_network_computes(
    neurons: list[tuple[float, float, float]], skip_weight: float, skip_bias: float
) -> None:
    network = network_of(neurons, (skip_weight, skip_bias))
    function = network.function()
    assert function(PLACES) == pytest.approx(network(PLACES), abs=1e-10)
    assert np.all(np.diff(function.kinks) > 0.0)
    assert np.all(function.slope_changes != 0.0)
    places = {-b / w for w, b, a in neurons if w * a}
    assert all(min(abs(kink - place) for place in places) < 1e-12 for kink in function.kinks)


@settings(deadline=None)  # the first example compiles
@given(NEURONS, PARAMETERS, PARAMETERS, st.booleans())
def test_function_norm_and_function_are_inverse(
    neurons: list[tuple[float, float, float]], skip_weight: float, skip_bias: float, penalise_biases: bool
) -> None:
    function = network_of(neurons, (skip_weight, skip_bias)).function()
    again = function_norm(function, Setting(penalise_biases)).network.function()
    assert again.kinks == pytest.approx(function.kinks, rel=1e-14, abs=1e-15)
    assert again.slope_changes == pytest.approx(function.slope_changes, rel=1e-14)
    assert again(PLACES) == pytest.approx(function(PLACES), abs=1e-10)


def test_balanced_neurons() -> None:
    function = PiecewiseLinear.from_numbers(-1.0, 0.0, 0.0, [0.0, 0.75], [2.0, -3.0])
    network = function_norm(function, Setting(penalise_biases=True)).network
    inner = np.hypot(network.hidden_weights, network.hidden_biases)
    assert np.abs(network.output_weights) == pytest.approx(inner)
    assert np.sign(network.output_weights).tolist() == [1.0, -1.0]
    assert not np.signbit(network.hidden_biases[0])  # no -0 in answers
    free = function_norm(function, Setting(penalise_biases=False)).network
    assert np.abs(free.output_weights) == pytest.approx(np.abs(free.hidden_weights))


def test_neurons_with_one_kink_merge_or_cancel() -> None:
    merged = network_of([(1.0, -0.1, 1.0), (3.0, -0.3, 1.0), (-7.0, 0.7, 2.0)]).function()
    assert merged.kinks == pytest.approx([0.1])
    assert merged.slope_changes == pytest.approx([18.0])
    cancelled = network_of([(1.0, -0.1, 3.0), (3.0, -0.3, -1.0)]).function()
    assert cancelled.kinks.size == 0
    assert network_of([(0.1, -0.1, 3.0), (0.3, -0.3, -1.0)]).function().kinks.size == 0  # 0.1 * 3 != 0.3
    assert cancelled(PLACES) == pytest.approx(0.0 * PLACES, abs=1e-14)


def test_the_line_on_the_left() -> None:
    network = network_of([(2.0, -1.0, 3.0), (-1.0, 2.0, 0.5), (0.0, 1.0, 4.0), (0.0, -1.0, 9.0)], (1.0, 0.5))
    slope, intercept = network.line_on_the_left()
    assert (slope, intercept) == (1.0 - 0.5, 0.5 + 1.0 + 4.0)
    assert network([-10.0]) == [-10.0 * slope + intercept]
    assert line_on_the_left(network.function()) == (slope, intercept)


def test_without_a_skip_connection() -> None:
    network = Network.from_numbers([1.0], [0.0], [1.0], skip_connection=False)
    assert (network.skip_weight, network.skip_bias, network.skip_connection) == (0.0, 0.0, False)
    for pair in ((1.0, 0.0), (0.0, -1e-300)):
        with pytest.raises(NoSkipConnection):
            Network.from_numbers([1.0], [0.0], [1.0], *pair, skip_connection=False)


@pytest.mark.parametrize("facing", [1.0, -1.0])
@pytest.mark.parametrize("penalise_biases", [True, False])
def test_neurons_that_face_left(facing: float, penalise_biases: bool) -> None:
    weights, biases, outputs = balanced(np.array([-2.0, 3.0]), np.array([1.5, -0.5]), penalise_biases, facing)
    assert -biases / weights == pytest.approx([-2.0, 3.0])
    assert outputs * np.abs(weights) == pytest.approx([1.5, -0.5])
    assert np.sign(weights).tolist() == [facing, facing]
    inner = np.hypot(weights, biases) if penalise_biases else np.abs(weights)
    assert np.abs(outputs) == pytest.approx(inner)


def test_no_neurons_at_all() -> None:
    network = network_of([], (2.0, 1.0))
    assert network([3.0]) == [7.0]
    assert network.function()([3.0]) == [7.0]


@pytest.mark.parametrize(
    ("name", "wrong", "error", "pointer"),
    [
        ("hidden_weights", [float("nan")], NotFinite, "/hidden_weights/0"),
        ("hidden_biases", [1.0, 2.0], LengthMismatch, "/hidden_biases"),
        ("output_weights", [], LengthMismatch, "/output_weights"),
        ("output_weights", [1e300], Overflow, "/output_weights/0"),
        ("skip_weight", float("inf"), NotFinite, "/skip_weight"),
        ("skip_bias", 1e300, Overflow, "/skip_bias"),
    ],
)
def test_what_is_refused(name: str, wrong: object, error: type[Exception], pointer: str) -> None:
    numbers = {"hidden_weights": [1.0], "hidden_biases": [1.0], "output_weights": [1.0], name: wrong}
    with pytest.raises(error) as caught:
        Network.from_numbers(**numbers)  # type: ignore[arg-type]
    assert getattr(caught.value, "pointer") == pointer  # noqa: B009


@pytest.mark.parametrize(("weight", "bias", "output"), [(1e-300, 1.0, 1.0), (1e200, 0.0, 1e200)])
def test_kinks_and_slopes_out_of_reach_are_refused(weight: float, bias: float, output: float) -> None:
    with pytest.raises(Overflow):
        network_of([(weight, bias, output)]).function()
