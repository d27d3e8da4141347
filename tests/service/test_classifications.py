"""POST /v1/classifications, answered at once."""

from typing import Any

import httpx
import numpy as np
import pytest

from service.examples import LABELS, O_RINGS
from service.settings import GatewaySettings
from tests.service.test_regressions import SETTINGS, value_of

pytestmark = pytest.mark.anyio

PATH = "/v1/classifications"
HINGE = {"loss": "hinge", "regularisation": 0.1}
LOGISTIC = {"loss": "logistic", "regularisation": 0.1}


@pytest.fixture
def settings() -> GatewaySettings:
    """Everything is solved here."""
    return GatewaySettings(ledger_timeout_s=0.2, thread_size=10**9)


async def job_of(client: httpx.AsyncClient, body: Any) -> Any:
    response = await client.post(PATH, json=body)
    assert response.status_code == 200, response.text
    return response.json()


async def result_of(client: httpx.AsyncClient, body: Any) -> Any:
    return (await job_of(client, body))["result"]


def mean_loss(body: Any, z: Any) -> float:
    """By its definition."""
    margins = np.array(body["y"]) * z
    each = np.maximum(0, 1 - margins) if body["loss"] == "hinge" else np.logaddexp(0, -margins)
    return float(np.average(each, weights=body.get("weights")))


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("loss", [HINGE, LOGISTIC])
@pytest.mark.parametrize("data", [LABELS, O_RINGS | {"standardise": True}])
async def test_every_number_of_an_answer_is_what_it_says(
    client: httpx.AsyncClient, setting: dict[str, bool], loss: dict[str, Any], data: dict[str, Any]
) -> None:
    body = data | setting | loss
    job = await job_of(client, body)
    assert (job["kind"], job["outcome"]) == ("classifications", "optimal")
    result = job["result"]
    told = result.get("transformation", {"shift": 0, "scale": 1})
    x = (np.array(data["x"]) - told["shift"]) / told["scale"]
    assert result["fitted"] == pytest.approx(value_of(result["function"], x), abs=1e-12)
    assert result["loss"] == pytest.approx(mean_loss(body, result["fitted"]), rel=1e-12)
    assert result["objective"] == pytest.approx(result["loss"] + 0.1 * result["norm"], rel=1e-12)
    assert result["accuracy"] == pytest.approx(np.mean(np.sign(result["fitted"]) == data["y"]))
    assert value_of(result["function"], result["decision_boundaries"]) == pytest.approx(0, abs=1e-12)
    assert result["decision_boundaries"] == sorted(result["decision_boundaries"])
    claims = {name: result[name] for name in ("function", "network", "certificate", "norm", "kink_count")}
    claims |= {"objective_value": result["objective"], "loss_value": result["loss"]}
    verdict = (await client.post("/v1/verifications", json=body | claims)).json()["result"]
    assert verdict["violations"] == []
    assert verdict["relative_gap"] <= 1e-8


@pytest.mark.parametrize("setting", SETTINGS)
async def test_a_hard_margin_is_kept_at_least_norm(client: httpx.AsyncClient, setting: dict[str, bool]) -> None:
    job = await job_of(client, LABELS | setting)
    assert job["outcome"] == "optimal"
    result = job["result"]
    assert min(np.array(result["fitted"]) * LABELS["y"]) >= 1 - 1e-13
    assert (result["accuracy"], result["loss"]) == (1, 0)
    assert result["objective"] == result["norm"]
    assert "regularisation" not in result
    assert len(result["decision_boundaries"]) == 2
    claims = {name: result[name] for name in ("function", "network", "certificate", "norm")}
    body = LABELS | setting | claims | {"loss": "hard_margin"}
    verdict = (await client.post("/v1/verifications", json=body)).json()["result"]
    assert verdict["violations"] == []


async def test_the_least_hard_margin_by_hand(client: httpx.AsyncClient) -> None:
    """The steepest ways between the labels have slopes 4 and -2, and meet at -1/3."""
    free = await result_of(client, LABELS | {"penalise_biases": False})
    assert free["norm"] == pytest.approx(6, rel=1e-9)
    assert free["decision_boundaries"] == pytest.approx([-1.25, 1.5], rel=1e-9)
    penalised = await result_of(client, LABELS)
    assert penalised["norm"] == pytest.approx(40**0.5, rel=1e-9)
    assert penalised["function"]["kinks"] == pytest.approx([-1 / 3], rel=1e-9)


async def test_both_labels_at_one_place_have_no_margin(client: httpx.AsyncClient) -> None:
    job = await job_of(client, O_RINGS)
    assert (job["state"], job["outcome"]) == ("succeeded", "infeasible")
    conflict = job["result"]["conflict"]
    assert job["result"]["reason"]
    assert {O_RINGS["x"][index] for index in conflict["indices"]} == {conflict["x"]}
    assert {O_RINGS["y"][index] for index in conflict["indices"]} == {-1, 1}
    assert set(job["result"]) == {"reason", "conflict"}


async def test_accuracy_is_weighted(client: httpx.AsyncClient) -> None:
    body = {"x": [0, 1, 2, 3], "y": [1, 1, 1, -1], "loss": "hinge", "regularisation": 1e6}
    constant = {"skip_connection": False, "penalise_biases": False}  # costs nothing, but only in the limit
    plain = await result_of(client, body | constant)
    assert plain["accuracy"] == pytest.approx(3 / 4)
    weighted = await result_of(client, body | constant | {"weights": [2, 2, 1, 1]})
    assert weighted["accuracy"] == pytest.approx(5 / 6)


async def test_shapes_hold(client: httpx.AsyncClient) -> None:
    body = O_RINGS | LOGISTIC | {"regularisation": 1e-3, "standardise": True}
    free = np.array((await result_of(client, body))["fitted"])
    shaped = np.array((await result_of(client, body | {"shape": ["decreasing"]}))["fitted"])
    order = np.argsort(O_RINGS["x"], kind="stable")
    assert np.diff(free[order]).max() > 0.1
    assert np.diff(shaped[order]).max() <= 1e-9
