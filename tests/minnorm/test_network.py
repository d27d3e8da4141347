"""Networks: their definition, the functions they compute, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.minnorm.errors import LengthMismatch, NotFinite, Overflow
from workers.minnorm.network import Network
from workers.minnorm.piecewise_linear import PiecewiseLinear

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


@given(NEURONS, PARAMETERS, PARAMETERS, st.booleans())
def test_of_and_function_are_inverse(
    neurons: list[tuple[float, float, float]], skip_weight: float, skip_bias: float, penalise_biases: bool
) -> None:
    function = network_of(neurons, (skip_weight, skip_bias)).function()
    again = Network.of(function, penalise_biases).function()
    assert again.kinks == pytest.approx(function.kinks, rel=1e-14, abs=1e-15)
    assert again.slope_changes == pytest.approx(function.slope_changes, rel=1e-14)
    assert again(PLACES) == pytest.approx(function(PLACES), abs=1e-10)


def test_balanced_neurons() -> None:
    function = PiecewiseLinear.from_numbers(-1.0, 0.0, 0.0, [0.0, 0.75], [2.0, -3.0])
    network = Network.of(function, penalise_biases=True)
    inner = np.hypot(network.hidden_weights, network.hidden_biases)
    assert np.abs(network.output_weights) == pytest.approx(inner)
    assert np.sign(network.output_weights).tolist() == [1.0, -1.0]
    assert not np.signbit(network.hidden_biases[0])  # no -0 in answers
    free = Network.of(function, penalise_biases=False)
    assert np.abs(free.output_weights) == pytest.approx(np.abs(free.hidden_weights))


def test_neurons_with_one_kink_merge_or_cancel() -> None:
    merged = network_of([(1.0, -0.1, 1.0), (3.0, -0.3, 1.0), (-7.0, 0.7, 2.0)]).function()
    assert merged.kinks == pytest.approx([0.1])
    assert merged.slope_changes == pytest.approx([18.0])
    cancelled = network_of([(1.0, -0.1, 3.0), (3.0, -0.3, -1.0)]).function()
    assert cancelled.kinks.size == 0
    assert network_of([(0.1, -0.1, 3.0), (0.3, -0.3, -1.0)]).function().kinks.size == 0  # 0.1 * 3 != 0.3
    assert cancelled(PLACES) == pytest.approx(0.0 * PLACES, abs=1e-14)


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
