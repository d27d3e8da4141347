"""POST /v1/verifications."""

from typing import Any

import httpx
import pytest

from service.five_points import FIVE_POINTS

pytestmark = pytest.mark.anyio

PATH = "/v1/verifications"


@pytest.fixture
async def answer(client: httpx.AsyncClient) -> Any:
    """An interpolation, whose parts the tests falsify."""
    return (await client.post("/v1/interpolations", json=FIVE_POINTS)).json()["result"]


async def verdict_on(client: httpx.AsyncClient, claims: Any) -> Any:
    response = await client.post(PATH, json=FIVE_POINTS | claims)
    assert response.status_code == 200, response.text
    return response.json()["result"]


def codes(verdict: Any) -> set[str]:
    return {violation["code"] for violation in verdict["violations"]}


async def test_our_own_answers_are_confirmed(client: httpx.AsyncClient, answer: Any) -> None:
    parts = {name: answer[name] for name in ("function", "network", "certificate", "norm")}
    verdict = await verdict_on(client, parts)
    assert verdict["violations"] == []
    assert verdict["interpolates"]
    assert verdict["norm"] == answer["norm"]
    assert verdict["lower_bound"] == answer["certificate"]["lower_bound"]
    assert verdict["relative_gap"] <= 1e-14


async def test_parts_are_judged_alone(client: httpx.AsyncClient, answer: Any) -> None:
    assert "norm" not in await verdict_on(client, {"certificate": answer["certificate"]})
    assert "lower_bound" not in await verdict_on(client, {"function": answer["function"]})
    assert (await verdict_on(client, {"network": answer["network"]}))["interpolates"]


async def test_a_function_that_misses_a_point(client: httpx.AsyncClient, answer: Any) -> None:
    answer["function"]["slope_changes"][1] += 1e-9
    verdict = await verdict_on(client, {"function": answer["function"]})
    assert not verdict["interpolates"]
    assert [(found["code"], found["index"]) for found in verdict["violations"]] == [("interpolation", 4)]
    assert verdict["max_residual"] == pytest.approx(1.75e-9, rel=1e-5)
    assert (await verdict_on(client, {"function": answer["function"], "tolerance": 1e-8}))["interpolates"]


async def test_a_dual_that_leaves_its_envelope_loses_its_bound(client: httpx.AsyncClient, answer: Any) -> None:
    answer["certificate"]["dual_values"] = [2 * value for value in answer["certificate"]["dual_values"]]
    verdict = await verdict_on(client, {"function": answer["function"], "certificate": answer["certificate"]})
    assert codes(verdict) == {"dual_envelope"}
    assert verdict["lower_bound"] == pytest.approx(answer["norm"], rel=1e-14)  # scaled back


async def test_a_dual_that_does_not_vanish_at_the_end(client: httpx.AsyncClient, answer: Any) -> None:
    answer["certificate"]["dual_values"][-1] = 0.5
    assert "dual_end" in codes(await verdict_on(client, {"certificate": answer["certificate"]}))


async def test_false_numbers(client: httpx.AsyncClient, answer: Any) -> None:
    certificate = answer["certificate"] | {"lower_bound": 9.0}
    verdict = await verdict_on(client, {"function": answer["function"], "certificate": certificate, "norm": 8.0})
    assert codes(verdict) == {"norm", "lower_bound"}


async def test_every_claim_is_judged(client: httpx.AsyncClient, answer: Any) -> None:
    parts = {"function": answer["function"], "network": answer["network"]}
    assert codes(await verdict_on(client, parts | {"kink_count": 3})) == {"kink_count"}
    assert codes(await verdict_on(client, parts | {"objective_value": 8.0})) == {"objective_value"}
    residual = answer["certificate"] | {"max_residual": -1.0, "relative_gap": -1.0}
    assert codes(await verdict_on(client, parts | {"certificate": residual})) == {"max_residual", "relative_gap"}
    unbalanced = answer["network"] | {"hidden_weights": [2 * w for w in answer["network"]["hidden_weights"]]}
    unbalanced["hidden_biases"] = [2 * b for b in unbalanced["hidden_biases"]]
    unbalanced["output_weights"] = [a / 2 for a in unbalanced["output_weights"]]
    verdict = await verdict_on(client, parts | {"network": unbalanced, "norm": answer["norm"]})
    assert codes(verdict) == {"parameter_norm"}
    assert codes(await verdict_on(client, parts | {"skip_connection": False})) == {"skip_connection"}


async def test_objectives_are_judged_by_their_own_dual(client: httpx.AsyncClient, answer: Any) -> None:
    function, ones = {"function": answer["function"]}, {"certificate": {"dual_values": [0, 1, 0, 1, 0]}}
    verdict = await verdict_on(client, function | ones | {"objective": "kinks"})
    assert (verdict["objective_value"], verdict["lower_bound"], verdict["violations"]) == (2, 2, [])
    too_much = {"certificate": {"dual_values": [0, 1, 1, 1, 0]}}
    verdict = await verdict_on(client, function | too_much | {"objective": "kinks"})
    assert (codes(verdict), verdict["lower_bound"]) == ({"dual_envelope"}, 2)
    verdict = await verdict_on(client, function | {"objective": "lp", "p": 0.5, "penalise_biases": False})
    assert verdict["objective_value"] == pytest.approx(
        sum(abs(c) ** 0.5 for c in function["function"]["slope_changes"])
    )


async def test_a_total_is_a_part_of_the_dual_without_a_skip_connection(client: httpx.AsyncClient) -> None:
    constant = {"x": [0, 1], "y": [1, 1], "certificate": {"dual_values": [0, 0], "dual_total": 1}}
    verdict = await verdict_on(client, constant | {"skip_connection": False})
    assert (verdict["violations"], verdict["lower_bound"]) == ([], pytest.approx(1))
    assert codes(await verdict_on(client, constant)) == {"dual_total"}


async def test_a_network_that_is_another_function(client: httpx.AsyncClient, answer: Any) -> None:
    answer["network"]["skip_bias"] += 1e-6
    verdict = await verdict_on(client, {"function": answer["function"], "network": answer["network"]})
    assert codes(verdict) == {"network"}
    assert verdict["violations"][0]["amount"] == pytest.approx(1e-6, rel=1e-6)


@pytest.mark.parametrize(
    ("claims", "pointer"),
    [
        ({}, ""),
        ({"certificate": {"dual_values": [0, 1, 0]}}, "/certificate/dual_values"),
        ({"certificate": {"dual_values": [0, "1", 0, 0, 0]}}, "/certificate/dual_values/1"),
        ({"certificate": {"dual_values": [0, 0, 0, 0, 0]}, "tolerance": -1}, "/tolerance"),
        ({"certificate": {"dual_values": [0, 0, 0, 0, 0]}, "norm": None}, "/norm"),
        ({"certificate": {"dual_values": [0, 0, 0, 0, 0], "dual_total": 1e300}}, "/certificate/dual_total"),
        ({"certificate": {"dual_values": [0, 0, 0, 0, 0]}, "kink_count": 1.0}, "/kink_count"),
        ({"certificate": {"dual_values": [0, 0, 0, 0, 0]}, "kink_count": -1}, "/kink_count"),
    ],
)
async def test_bad_input_is_refused_by_place(client: httpx.AsyncClient, claims: Any, pointer: str) -> None:
    response = await client.post(PATH, json=FIVE_POINTS | claims)
    assert response.status_code == 422, response.text
    assert response.json()["errors"][0]["pointer"] == pointer
