"""POST /v1/norms."""

import math
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.anyio

PATH = "/v1/norms"
HAT = {"x0": 0, "y0": 0, "slope0": 0, "kinks": [0, 1, 2], "slope_changes": [1, -2, 1]}


def spline(breakpoints: list[Any], coefficients: list[Any]) -> Any:
    return {"piecewise_polynomial": {"breakpoints": breakpoints, "coefficients": coefficients}}


async def result_of(client: httpx.AsyncClient, body: Any) -> Any:
    response = await client.post(PATH, json=body)
    assert response.status_code == 200, response.text
    return response.json()["result"]


async def test_a_function_with_penalised_and_with_free_biases(client: httpx.AsyncClient) -> None:
    penalised = await result_of(client, {"function": HAT})
    assert penalised["representational_cost"] == pytest.approx(1 + 2 * math.sqrt(2) + math.sqrt(5))
    free = await result_of(client, {"function": HAT, "penalise_biases": False})
    assert free["representational_cost"] == pytest.approx(4)
    assert set(free) == {"representational_cost", "network"}


async def test_without_a_skip_connection_there_is_more_to_tell(client: httpx.AsyncClient) -> None:
    line = {"x0": 0, "y0": 0, "slope0": 1, "kinks": [], "slope_changes": []}
    penalised = await result_of(client, {"function": line, "skip_connection": False})
    assert penalised["representational_cost"] == pytest.approx(2)
    assert (penalised["is_attained"], len(penalised["dual"])) == (True, 2)
    assert "skip_weight" not in penalised["network"]
    constant = {"function": line | {"y0": 1, "slope0": 0}, "skip_connection": False, "penalise_biases": False}
    free = await result_of(client, constant)
    assert (free["representational_cost"], free["is_attained"]) == (0, False)
    assert "dual" not in free


async def test_a_network_with_a_skip_connection_is_refused_where_there_is_none(client: httpx.AsyncClient) -> None:
    network = {"hidden_weights": [1], "hidden_biases": [0], "output_weights": [1], "skip_bias": 1}
    response = await client.post(PATH, json={"network": network, "skip_connection": False})
    assert (response.status_code, response.json()["type"]) == (422, "/problems/no-skip-connection")


async def test_a_spline(client: httpx.AsyncClient) -> None:
    # x^2 on [0, 1], then 2 - (x - 2)^2 on [1, 2]: the curvature is 2, then -2; beyond, straight lines.
    parabolas = spline([0, 1, 2], [[1, -1], [0, 2], [0, 1]])
    result = await result_of(client, parabolas)
    assert set(result) == {"representational_cost"}
    assert result["representational_cost"] == pytest.approx(2 * math.sqrt(5) + math.asinh(2))  # 2 int_0^2 sqrt(1 + x^2)
    for skip_connection in (True, False):
        setting = {"penalise_biases": False, "skip_connection": skip_connection}
        assert (await result_of(client, parabolas | setting))["representational_cost"] == pytest.approx(4)


async def test_coefficients_count_as_columns(client: httpx.AsyncClient) -> None:
    jobs = [
        (await client.post(PATH, json={"piecewise_polynomial": {"breakpoints": [0, 1], "coefficients": rows}})).json()
        for rows in ([[1], [2]], [[1], [2.0]], [[1], [3]], [[0], [1], [2]])
    ]
    digests = [job["digest"] for job in jobs]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


async def test_a_network_has_three_norms(client: httpx.AsyncClient) -> None:
    network = {"hidden_weights": [3, -4], "hidden_biases": [4, 3], "output_weights": [2, 1]}
    result = await result_of(client, {"network": network})
    assert result["parameter_norm"] == pytest.approx((25 + 25 + 4 + 1) / 2)
    assert result["path_norm"] == pytest.approx(2 * 5 + 1 * 5)
    assert result["representational_cost"] == pytest.approx(15)  # nothing merges or cancels
    assert result["function"]["kinks"] == pytest.approx([-4 / 3, 3 / 4])
    assert result["function"]["slope_changes"] == pytest.approx([6, 4])


async def test_neurons_that_cancel_cost_nothing(client: httpx.AsyncClient) -> None:
    network = {"hidden_weights": [1, 2, 0], "hidden_biases": [-1, -2, 5], "output_weights": [2, -1, 3]}
    result = await result_of(client, {"network": network})
    assert result["representational_cost"] == 0
    assert result["function"]["kinks"] == []
    assert result["function"]["y0"] == pytest.approx(15)  # the neuron with weight zero is a constant
    assert result["parameter_norm"] > result["path_norm"] > 0


async def test_the_network_of_an_answer_attains_the_cost(client: httpx.AsyncClient) -> None:
    attained = (await result_of(client, {"function": HAT}))["network"]
    norms = await result_of(client, {"network": attained})
    assert norms["parameter_norm"] == pytest.approx(norms["representational_cost"], rel=1e-14)
    assert norms["function"]["kinks"] == HAT["kinks"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, ""),
        ({"function": HAT, "network": {"hidden_weights": [], "hidden_biases": [], "output_weights": []}}, ""),
        ({"function": HAT | {"kinks": [0, 2, 1]}}, "/function/kinks/2"),
        ({"function": HAT | {"kinks": [0, 1, 1]}}, "/function/kinks/2"),
        ({"function": HAT | {"x0": 0.5}}, "/function/kinks/0"),
        ({"function": HAT | {"slope_changes": [1, 2]}}, "/function/slope_changes"),
        ({"function": HAT | {"y0": 1e300}}, "/function/y0"),
        ({"function": HAT | {"y0": None}}, "/function/y0"),
        (
            {"network": {"hidden_weights": [1e-300], "hidden_biases": [1], "output_weights": [1]}},
            "/network/hidden_weights/0",
        ),
        ({"network": {"hidden_weights": [1], "hidden_biases": [], "output_weights": [1]}}, "/network/hidden_biases"),
        ({"function": HAT, "piecewise_polynomial": {"breakpoints": [0, 1], "coefficients": [[1]]}}, ""),
        (spline([0, 1], [[1, 2]]), "/piecewise_polynomial/coefficients/0"),
        (spline([0, 1], [[1], ["2"]]), "/piecewise_polynomial/coefficients/1/0"),
        (spline([0, 1], [[1], 2]), "/piecewise_polynomial/coefficients/1"),
        (spline([0, 1], []), "/piecewise_polynomial/coefficients"),
        (spline([0, 1], [[1]] * 33), "/piecewise_polynomial/coefficients"),
        (spline([0, 1, 2], [[1, 2]]), "/piecewise_polynomial/coefficients"),
        (spline([0, 1, 1], [[1, 1]]), "/piecewise_polynomial/breakpoints/2"),
        (spline([0], [[]]), "/piecewise_polynomial/breakpoints"),
    ],
)
async def test_bad_input_is_refused_by_place(client: httpx.AsyncClient, body: Any, pointer: str) -> None:
    response = await client.post(PATH, json=body)
    assert response.status_code == 422, response.text
    assert response.json()["errors"][0]["pointer"] == pointer


async def test_a_network_that_does_not_fit_in_doubles_is_refused(client: httpx.AsyncClient) -> None:
    far = {"x0": 0, "y0": 0, "slope0": 0, "kinks": [9e288], "slope_changes": [9e288]}
    response = await client.post(PATH, json={"function": far, "penalise_biases": False})
    assert (response.status_code, response.json()["type"]) == (422, "/problems/overflow")
