"""POST /v1/regressions, answered at once."""

from itertools import product
from typing import Any

import httpx
import numpy as np
import pytest

from service.examples import NILE, NOISY
from service.five_points import FIVE_POINTS
from service.settings import GatewaySettings

pytestmark = pytest.mark.anyio

PATH = "/v1/regressions"
CLAIMS = ("function", "network", "certificate", "norm", "kink_count")
SETTINGS = [
    {"penalise_biases": penalise_biases, "skip_connection": skip_connection}
    for penalise_biases, skip_connection in product((True, False), repeat=2)
]
LOSSES = [{"loss": "squared"}, {"loss": "absolute"}, {"loss": "huber"}, {"loss": "huber", "huber_delta": 0.1}]


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


def value_of(function: Any, x: Any) -> Any:
    """The function of an answer, by its definition."""
    kinks, changes = np.array(function["kinks"]), np.array(function["slope_changes"])
    bent = np.maximum(np.subtract.outer(np.asarray(x, dtype=float), kinks), 0.0) @ changes
    return function["y0"] + function["slope0"] * (np.asarray(x) - function["x0"]) + bent


def mean_loss(body: Any, z: Any) -> float:
    """By its definition."""
    r, delta = np.abs(np.asarray(z) - body["y"]), body.get("huber_delta", 1.0)
    each = {
        "squared": r**2,
        "absolute": r,
        "huber": np.where(r <= delta, r**2 / 2, delta * (r - delta / 2)),
    }[body.get("loss", "squared")]
    return float(np.average(each, weights=body.get("weights")))


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("shape", [[], ["convex"], ["increasing"]])
async def test_every_number_of_an_answer_is_what_it_says(
    client: httpx.AsyncClient, setting: dict[str, bool], loss: dict[str, Any], shape: list[str]
) -> None:
    body = NOISY | {"regularisation": 0.05, "weights": [1, 2, 1, 3, 1, 1, 2, 1], "shape": shape} | setting | loss
    job = await job_of(client, body)
    assert (job["kind"], job["outcome"]) == ("regressions", "optimal")
    result = job["result"]
    assert result["fitted"] == pytest.approx(value_of(result["function"], body["x"]), abs=1e-12)
    assert result["loss"] == pytest.approx(mean_loss(body, result["fitted"]), rel=1e-12)
    assert result["objective"] == pytest.approx(result["loss"] + 0.05 * result["norm"], rel=1e-12)
    assert result["regularisation"] == 0.05
    assert result["kink_count"] == len(result["function"]["kinks"])
    assert ("skip_weight" in result["network"]) is setting["skip_connection"]
    certificate = result["certificate"]
    assert len(certificate["dual_values"]) == 6  # distinct abscissae
    assert ("dual_total" in certificate) is (setting["penalise_biases"] and not setting["skip_connection"])
    assert ("slope_multipliers" in certificate) is ("increasing" in shape)
    assert certificate["relative_gap"] <= 1e-8
    assert 0 <= result["objective"] - certificate["lower_bound"] <= 1e-8 * result["objective"]
    cost = await client.post("/v1/norms", json={"network": result["network"], **setting})
    assert cost.json()["result"]["parameter_norm"] == pytest.approx(result["norm"], rel=1e-9)
    question = {"loss": "squared", **body}
    claims = {name: result[name] for name in CLAIMS}
    claims |= {"objective_value": result["objective"], "loss_value": result["loss"]}
    verdict = (await client.post("/v1/verifications", json=question | claims)).json()["result"]
    assert verdict["violations"] == []
    assert verdict["relative_gap"] <= 1e-8


async def test_the_optima_that_training_comes_close_to(client: httpx.AsyncClient) -> None:
    body = FIVE_POINTS | {"regularisation": 1e-3, "skip_connection": False}
    penalised = await result_of(client, body)
    assert penalised["objective"] == pytest.approx(0.0080267393, abs=2e-10)
    assert penalised["function"]["kinks"] == pytest.approx([-0.42975, 0.25], abs=5e-5)
    free = await result_of(client, body | {"penalise_biases": False})
    assert free["objective"] == pytest.approx(0.0075320407, abs=2e-10)


async def test_fitted_values_come_in_the_order_of_the_observations(client: httpx.AsyncClient) -> None:
    body: Any = NOISY | {"regularisation": 0.05}
    forwards = await result_of(client, body)
    mirrored = await result_of(client, body | {"x": body["x"][::-1], "y": body["y"][::-1]})
    assert mirrored["fitted"] == pytest.approx(forwards["fitted"][::-1], rel=1e-9)
    assert forwards["fitted"] != pytest.approx(forwards["fitted"][::-1], rel=1e-3)


async def test_a_gap_may_be_asked_for(client: httpx.AsyncClient) -> None:
    for gap in (1e-2, 1e-10):
        job = await job_of(client, NILE | {"standardise": True, "regularisation": 500, "gap": gap})
        assert job["outcome"] == "optimal"
        assert job["result"]["certificate"]["relative_gap"] <= gap


async def test_weights_are_relative_and_count(client: httpx.AsyncClient) -> None:
    body = NOISY | {"regularisation": 0.05}
    plain = await result_of(client, body)
    assert (await result_of(client, body | {"weights": [7] * 8}))["fitted"] == pytest.approx(plain["fitted"], rel=1e-9)
    heavy = await result_of(client, body | {"weights": [1, 1, 1, 1e6, 1, 1, 1, 1]})
    assert abs(heavy["fitted"][3] - 0.1) < 1e-3 < abs(plain["fitted"][3] - 0.1)


async def test_standardised_fits_speak_of_the_new_abscissae(client: httpx.AsyncClient) -> None:
    body = NILE | {"regularisation": 100}
    result = await result_of(client, body | {"standardise": True})
    shift, scale = result["transformation"]["shift"], result["transformation"]["scale"]
    x = [(value - shift) / scale for value in NILE["x"]]
    assert (np.mean(x), np.std(x)) == (pytest.approx(0, abs=1e-9), pytest.approx(1))
    by_hand = await result_of(client, body | {"x": x})
    assert result["function"] == by_hand["function"]
    assert "transformation" not in by_hand


async def test_standardising_goes_by_distinct_abscissae(client: httpx.AsyncClient) -> None:
    once = {"x": [0, 2, 4], "y": [0, 1, 0], "regularisation": 0.1, "standardise": True}
    twice = once | {"x": [0, 2, 4, 4, 4], "y": [0, 1, 0, 0, 0]}
    told = [(await result_of(client, body))["transformation"] for body in (once, twice)]
    assert told[0] == told[1] == {"shift": 2, "scale": pytest.approx((8 / 3) ** 0.5)}


@pytest.mark.parametrize(
    ("shape", "holds"),
    [
        (["convex"], lambda slopes: all(np.diff(slopes) >= -1e-12)),
        (["concave"], lambda slopes: all(np.diff(slopes) <= 1e-12)),
        (["increasing"], lambda slopes: all(slopes >= -1e-12)),
        (["decreasing"], lambda slopes: all(slopes <= 1e-12)),
        (["concave", "decreasing"], lambda slopes: all(slopes <= 1e-12) and all(np.diff(slopes) <= 1e-12)),
    ],
)
async def test_shapes_hold(client: httpx.AsyncClient, shape: list[str], holds: Any) -> None:
    body = FIVE_POINTS | {"regularisation": 1e-4}
    grid = np.linspace(-1.5, 2.0, 351)
    free = value_of((await result_of(client, body))["function"], grid)
    assert not holds(np.diff(free) / np.diff(grid))
    shaped = value_of((await result_of(client, body | {"shape": shape}))["function"], grid)
    assert holds(np.round(np.diff(shaped) / np.diff(grid), 9))


async def test_large_problems_are_for_the_queue(app: Any, client: httpx.AsyncClient) -> None:
    app.state.solver._settings = GatewaySettings()
    x = np.linspace(0, 1, 30_000)
    large = {"x": x.tolist(), "y": np.sin(9 * x).tolist(), "regularisation": 0.1}
    several = NOISY | {"regularisation": [0.1] * 900, "loss": "absolute"}
    for body in (large, several):
        refused = await client.post(PATH, json=body)
        assert (refused.status_code, refused.json()["type"]) == (503, "/problems/queue-unavailable")
    assert (await client.post(PATH, json=NOISY | {"regularisation": 0.1})).status_code == 200
