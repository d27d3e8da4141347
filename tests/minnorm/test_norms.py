"""The shell around functions and networks: what is returned, and what does not fit in a double."""

from typing import Any

import pytest

from workers.compute import answer, check
from workers.minnorm.dataset import Dataset
from workers.minnorm.errors import MinnormError, NoSkipConnection, NotContinuous, Overflow
from workers.minnorm.network import Network
from workers.minnorm.norms import function_norm, network_norms
from workers.minnorm.piecewise_linear import PiecewiseLinear
from workers.minnorm.setting import Setting
from workers.minnorm.verify import Claims, verify
from workers.payloads import loads

FUNCTION = PiecewiseLinear.from_numbers(-1.0, 2.0, 1.0, [0.0, 0.75], [1.0, -4.0])
WITHOUT_SKIP = Setting(skip_connection=False)
NETWORK = Network.from_numbers([1.0, -2.0], [0.0, 1.5], [1.0, -2.0], 3.0, 4.0)


def test_of_a_function() -> None:
    assert function_norm(FUNCTION, Setting(penalise_biases=True)).representational_cost == pytest.approx(6.0)
    assert function_norm(FUNCTION, Setting(penalise_biases=False)).representational_cost == pytest.approx(5.0)


def test_of_a_network() -> None:
    norms = network_norms(NETWORK, Setting(penalise_biases=True))
    assert norms.parameter_norm == pytest.approx((1 + 1 + 4 + 2.25 + 4) / 2)
    assert norms.path_norm == pytest.approx(1.0 + 2 * 2.5)
    assert norms.representational_cost == pytest.approx(6.0)
    assert norms.function.kinks.tolist() == [0.0, 0.75]
    assert norms.function.slope_changes.tolist() == [1.0, -4.0]
    assert norms.function.slope0 == 3.0 + 4.0


def test_without_a_skip_connection() -> None:
    """`|x| + 1`, its constant out of balance."""
    norms = network_norms(Network.from_numbers([1.0, -1.0, 0.0], [0.0, 0.0, 4.0], [1.0, 1.0, 0.25]), WITHOUT_SKIP)
    assert norms.representational_cost == pytest.approx(2.0 + 1.0)  # |x| + 1
    assert norms.path_norm == pytest.approx(3.0)
    assert norms.parameter_norm == pytest.approx((1 + 1 + 1 + 1 + 16 + 1 / 16) / 2)
    assert norms.dual is not None
    assert norms.is_attained
    assert function_norm(FUNCTION, Setting()).dual is None


def test_a_line_far_from_its_first_kink_keeps_its_digits() -> None:
    """The value at -1e12 is 1e12 times a slope of 1; the constant 1/3 comes from the network itself."""
    network = Network.from_numbers([1e-6, -1.0], [1e6, 1 / 3], [1e-6, 1.0])
    norms = network_norms(network, WITHOUT_SKIP)
    assert norms.network([-1e12 - 1.0, 0.0]) == pytest.approx(network([-1e12 - 1.0, 0.0]), rel=1e-15)
    assert norms.representational_cost == pytest.approx(norms.path_norm, rel=1e-14)


def test_kinks_that_do_not_bend() -> None:
    function = PiecewiseLinear.from_numbers(-1.0, 0.0, 1.0, [0.0, 1.0], [0.0, 2.0])
    assert function_norm(function, WITHOUT_SKIP).network([-1.0, 0.5, 2.0]) == pytest.approx([0.0, 1.5, 5.0])


WIRE = {"hidden_weights": [1.0], "hidden_biases": [0.0], "output_weights": [1.0]}


def test_problems_and_answers() -> None:
    without: dict[str, object] = {"skip_connection": False}
    given = answered({"network": WIRE, **without})
    assert "skip_weight" not in given["network"]
    assert given["is_attained"]
    assert given["representational_cost"] == 1.0
    assert set(answered({"network": WIRE})["network"]) == {*WIRE, "skip_weight", "skip_bias"}
    function = {"x0": 0.0, "y0": 0.0, "slope0": 1.0, "kinks": [], "slope_changes": []}
    assert answered({"function": function, **without})["dual"] == [2.0, 0.0]
    square = {"breakpoints": [0.0, 1.0], "coefficients": [[1.0], [0.0], [0.0]]}
    assert answered({"piecewise_polynomial": square, "penalise_biases": False}) == {"representational_cost": 2.0}


@pytest.mark.parametrize(
    ("problem", "error", "pointer"),
    [
        ({"network": {**WIRE, "skip_weight": 1.0}, "skip_connection": False}, NoSkipConnection, "/network/skip_weight"),
        ({"network": {**WIRE, "skip_bias": -1.0}, "skip_connection": False}, NoSkipConnection, "/network/skip_bias"),
        (
            {"piecewise_polynomial": {"breakpoints": [0.0, 1.0, 2.0], "coefficients": [[0.0, 1.0]]}},
            NotContinuous,
            "/piecewise_polynomial/coefficients",
        ),
    ],
)
def test_what_is_refused(problem: dict[str, object], error: type[MinnormError], pointer: str) -> None:
    for ask in (answer, check):
        with pytest.raises(error) as caught:
            ask("norms", problem)
        assert caught.value.pointer == pointer


def answered(problem: dict[str, object]) -> dict[str, Any]:
    result: dict[str, Any] = loads(answer("norms", problem).result)
    return result


HUGE_FUNCTIONS = {
    "norm": PiecewiseLinear.from_numbers(0.0, 0.0, 0.0, [1e280], [1e280]),
    "value at zero": PiecewiseLinear.from_numbers(1e200, 0.0, 1e200, [1e280], [1.0]),
}
HUGE_NETWORKS = {
    "output": Network.from_numbers([1e-200], [0.0], [1e200]),
    "bias": Network.from_numbers([1e280], [1e280], [1e-10]),
    "constant": Network.from_numbers([0.0], [1e280], [1e280]),
}


@pytest.mark.parametrize("setting", [Setting(), WITHOUT_SKIP])
@pytest.mark.parametrize("name", HUGE_FUNCTIONS)
def test_a_function_whose_norm_is_no_double(name: str, setting: Setting) -> None:
    with pytest.raises(Overflow):
        function_norm(HUGE_FUNCTIONS[name], setting)


@pytest.mark.parametrize("setting", [Setting(), WITHOUT_SKIP])
@pytest.mark.parametrize("name", HUGE_NETWORKS)
def test_a_network_whose_norm_is_no_double(name: str, setting: Setting) -> None:
    with pytest.raises(Overflow):
        network_norms(HUGE_NETWORKS[name], setting)


def test_a_bias_that_is_no_double() -> None:
    """The pair that makes `1e-215 x + 1e214` has its kink at -1e429."""
    with pytest.raises(Overflow):
        function_norm(PiecewiseLinear.from_numbers(0.0, 1e214, 1e-215, [], []), Setting(False, False))


@pytest.mark.parametrize(
    "function",
    [HUGE_FUNCTIONS["norm"], PiecewiseLinear.from_numbers(-1e280, 0.0, 1e280, [0.0], [1e280])],
    ids=["norm", "values"],
)
def test_a_claim_that_is_no_double(function: PiecewiseLinear) -> None:
    data = Dataset.from_points([0.0, 1.0, 2.0], [0.0, 0.0, 1.0])
    with pytest.raises(Overflow):
        verify(data, Claims(function=function))
