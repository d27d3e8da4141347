"""The shell around functions and networks: what is returned, and what does not fit in a double."""

import pytest

from workers.minnorm.dataset import Dataset
from workers.minnorm.errors import Overflow
from workers.minnorm.network import Network
from workers.minnorm.norms import function_norm, network_norms
from workers.minnorm.piecewise_linear import PiecewiseLinear
from workers.minnorm.verify import Claims, verify

FUNCTION = PiecewiseLinear.from_numbers(-1.0, 2.0, 1.0, [0.0, 0.75], [1.0, -4.0])
NETWORK = Network.from_numbers([1.0, -2.0], [0.0, 1.5], [1.0, -2.0], 3.0, 4.0)


def test_of_a_function() -> None:
    assert function_norm(FUNCTION, penalise_biases=True).representational_cost == pytest.approx(6.0)
    assert function_norm(FUNCTION, penalise_biases=False).representational_cost == pytest.approx(5.0)


def test_of_a_network() -> None:
    norms = network_norms(NETWORK, penalise_biases=True)
    assert norms.parameter_norm == pytest.approx((1 + 1 + 4 + 2.25 + 4) / 2)
    assert norms.path_norm == pytest.approx(1.0 + 2 * 2.5)
    assert norms.representational_cost == pytest.approx(6.0)
    assert norms.function.kinks.tolist() == [0.0, 0.75]
    assert norms.function.slope_changes.tolist() == [1.0, -4.0]
    assert norms.function.slope0 == 3.0 + 4.0


HUGE_FUNCTIONS = {
    "norm": PiecewiseLinear.from_numbers(0.0, 0.0, 0.0, [1e280], [1e280]),
    "value at zero": PiecewiseLinear.from_numbers(1e200, 0.0, 1e200, [1e280], [1.0]),
}
HUGE_NETWORKS = {
    "output": Network.from_numbers([1e-200], [0.0], [1e200]),
    "bias": Network.from_numbers([1e280], [1e280], [1e-10]),
    "constant": Network.from_numbers([0.0], [1e280], [1e280]),
}


@pytest.mark.parametrize("name", HUGE_FUNCTIONS)
def test_a_function_whose_norm_is_no_double(name: str) -> None:
    with pytest.raises(Overflow):
        function_norm(HUGE_FUNCTIONS[name], penalise_biases=True)


@pytest.mark.parametrize("name", HUGE_NETWORKS)
def test_a_network_whose_norm_is_no_double(name: str) -> None:
    with pytest.raises(Overflow):
        network_norms(HUGE_NETWORKS[name], penalise_biases=True)


@pytest.mark.parametrize(
    "function",
    [HUGE_FUNCTIONS["norm"], PiecewiseLinear.from_numbers(-1e280, 0.0, 1e280, [0.0], [1e280])],
    ids=["norm", "values"],
)
def test_a_claim_that_is_no_double(function: PiecewiseLinear) -> None:
    data = Dataset.from_points([0.0, 1.0, 2.0], [0.0, 0.0, 1.0])
    with pytest.raises(Overflow):
        verify(data, Claims(function=function))
