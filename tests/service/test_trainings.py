"""POST /v1/trainings, and what its answers say; the answers are computed here, as a worker computes them."""

import json
from itertools import pairwise
from typing import Any

import httpx
import numpy as np
import pytest
from jsonschema import Draft202012Validator

from service import examples
from service.document import PATH
from service.examples import EXPERIMENT, LABELS, NOISY
from service.five_points import FIVE_POINTS
from service.items import REQUESTS
from service.schemas.trainings import TrainingRequest
from service.settings import GatewaySettings
from tests.service.test_regressions import SETTINGS, value_of
from workers import compute, payloads

pytestmark = pytest.mark.anyio

DOCUMENT: dict[str, Any] = json.loads(PATH.read_text())
OPERATION = DOCUMENT["paths"]["/v1/trainings"]["post"]
CLOSED = {
    name: schema | {"additionalProperties": False} if "properties" in schema else schema
    for name, schema in DOCUMENT["components"]["schemas"].items()
}
"""Fields that the document does not name are errors here."""
NAMED = OPERATION["requestBody"]["content"]["application/json"]["examples"]
ADAM = {"name": "adam", "step_size": 0.01}


@pytest.fixture
def settings() -> GatewaySettings:
    """Everything that may be solved here is solved here."""
    return GatewaySettings(ledger_timeout_s=0.2, thread_size=10**9)


def schema_errors(name: str, value: Any) -> list[str]:
    whole = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": CLOSED}}
    return [error.message for error in Draft202012Validator(whole).iter_errors(value)]


def trained(body: Any) -> tuple[str, Any]:
    """Outcome and result of a request."""
    answer = compute.answer("trainings", TrainingRequest.model_validate(body).problem())
    assert b"null" not in answer.result
    return answer.outcome, payloads.loads(answer.result)


def output_of(network: dict[str, Any], x: Any) -> Any:
    """By the definition of a network."""
    w, b, a = (np.array(network[name]) for name in ("hidden_weights", "hidden_biases", "output_weights"))
    hidden = np.maximum(0, np.multiply.outer(x, w) + b)
    return hidden @ a + network.get("skip_weight", 0) * x + network.get("skip_bias", 0)


@pytest.mark.parametrize("prefer", ["", "wait=1", "respond-async"])
async def test_a_training_is_never_solved_in_the_gateway(
    client: httpx.AsyncClient, prefer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However short: there is no queue here, and nothing else is tried."""
    solved = list[str]()
    monkeypatch.setattr(compute, "answer", lambda kind, *_: solved.append(kind))
    shortest = FIVE_POINTS | {"width": 1, "steps": 1, "compare": False}
    assert compute.effort("trainings", TrainingRequest.model_validate(shortest).problem()) < 100
    response = await client.post("/v1/trainings", json=shortest, headers={"Prefer": prefer})
    assert (response.status_code, response.json()["type"]) == (503, "/problems/queue-unavailable")
    assert solved == []


@pytest.mark.parametrize("name", NAMED)
def test_examples_fit_and_work(name: str) -> None:
    body = NAMED[name]["value"]
    assert schema_errors("TrainingRequest", body) == []
    outcome, result = trained(body)
    assert schema_errors("TrainingResult", result) == []
    assert outcome in {"optimal", "feasible"}
    assert [run["seed"] for run in result["runs"]] == body.get("seeds", [0])
    assert [len(run["frames"]) for run in result["runs"]] == [body.get("frames", 0)] * len(result["runs"])


def test_the_examples_are_what_their_summaries_say() -> None:
    def best(name: str) -> Any:
        _, result = trained(examples.TRAININGS[name]["value"])
        return result["optimum"], result["runs"][result["best"]]

    optimum, run = best("experiment")
    assert (optimum["objective"], run["objective"]) == pytest.approx((0.00802674, 0.00802728), abs=5e-9)
    assert (optimum["kink_count"], run["kink_count"]) == (2, 2)
    optimum, run = best("free_biases")
    assert optimum["objective"] == pytest.approx(0.00753204, abs=5e-9)
    assert run["kink_count"] > 5
    optimum, run = best("no_decay")
    assert (optimum["norm"], run["parameter_norm"]) == pytest.approx((8.20, 9.11), abs=0.01)
    optimum, run = best("balanced")
    assert (optimum["norm"], run["parameter_norm"]) == pytest.approx((8.20, 8.28), abs=0.01)
    _, run = best("nile")
    assert run["outcome"] == "converged"


def test_the_document_tells_of_trainings_wherever_there_are_jobs() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert {"200", "202", "422", "429", "503"} <= set(OPERATION["responses"])
    for status in ("200", "202"):
        told = OPERATION["responses"][status]["content"]["application/json"]["schema"]
        assert told == {"$ref": "#/components/schemas/TrainingJob"}
    alone = DOCUMENT["paths"]["/v1/jobs/{job_id}/result"]["get"]["responses"]["200"]["content"]["application/json"]
    result = {"$ref": "#/components/schemas/TrainingResult"}
    kinds = [alone["schema"], *(schemas[name]["properties"]["result"] for name in ("AnyJob", "BatchLine"))]
    assert all(result in kind["anyOf"] for kind in kinds)
    assert alone["schema"]["anyOf"] == schemas["AnyJob"]["properties"]["result"]["anyOf"]
    assert {"$ref": "#/components/schemas/TrainingRequest"} in schemas["BatchItem"]["properties"]["body"]["anyOf"]
    assert schemas["Job"]["properties"]["kind"]["enum"] == list(REQUESTS)


def test_what_is_told_on_the_way_fits_its_schema() -> None:
    told = list[Any]()
    problem = TrainingRequest.model_validate(EXPERIMENT | {"steps": 20_000}).problem()
    result = payloads.loads(compute.answer("trainings", problem, tell=told.append).result)
    assert [error for progress in told for error in schema_errors("Progress", progress)] == []
    assert told[0]["phase"] == "optimum"
    assert (told[-1]["phase"], told[-1]["fraction"], told[-1]["step"]) == ("training", 1, 20_000)
    assert told[-1]["bound"] == result["optimum"]["lower_bound"]
    assert told[-1]["objective"] >= told[-1]["bound"]
    assert schema_errors("Progress", {"objective": "small"})  # the schema does refuse something
    assert schema_errors("Progress", {"gap": 1.0})


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize(
    "body",
    [
        NOISY | {"weight_decay": 0.02, "seeds": [3, 1], "frames": 3, "optimiser": ADAM},
        LABELS | {"loss": "logistic", "weight_decay": 0.01, "optimiser": ADAM, "standardise": True},
        NOISY | {"weight_decay": 0, "standardise": True, "initialisation": {"zero_output": True}},
    ],
)
def test_every_number_of_an_answer_is_what_it_says(setting: dict[str, bool], body: dict[str, Any]) -> None:
    asked = body | setting | {"steps": 3_000, "width": 31}
    _, result = trained(asked)
    assert schema_errors("TrainingResult", result) == []
    told = result.get("transformation", {"shift": 0, "scale": 1})
    x = (np.array(asked["x"], dtype=float) - told["shift"]) / told["scale"]
    assert ("transformation" in result) == asked.get("standardise", False)
    for run in result["runs"]:
        check(run, asked, x, result["kink_tolerance"])
    objectives = [run["objective"] for run in result["runs"]]
    assert objectives[result["best"]] == min(objectives)
    bound = result["optimum"]["lower_bound"]
    assert min(objectives) >= bound
    if bound > 0:
        assert result["best_relative_gap"] == pytest.approx((min(objectives) - bound) / bound, rel=1e-9)


def check(run: Any, asked: Any, x: Any, kink_tolerance: float) -> None:
    """One run, from its network alone."""
    z, y = output_of(run["network"], x), np.array(asked["y"])
    losses = np.logaddexp(0, -y * z) if asked.get("loss") == "logistic" else (z - y) ** 2
    assert run["loss"] == pytest.approx(losses.mean(), rel=1e-9)
    counted = ("hidden_weights", "output_weights") + ("hidden_biases",) * asked["penalise_biases"]
    norm = sum(np.sum(np.square(run["network"][name])) for name in counted) / 2
    assert run["parameter_norm"] == pytest.approx(norm, rel=1e-12)
    assert run["objective"] == pytest.approx(losses.mean() + asked["weight_decay"] * norm, rel=1e-9)
    assert ("skip_weight" in run["network"]) == asked["skip_connection"]
    assert len(run["network"]["hidden_weights"]) == asked["width"]
    kinks = run["function"]["kinks"]
    assert run["kink_count"] == len(kinks)
    assert all(x.min() <= kink <= x.max() for kink in kinks)
    grid = np.linspace(x.min(), x.max(), 997)
    apart = np.abs(value_of(run["function"], grid) - output_of(run["network"], grid)).max()
    assert apart <= run["deviation"] + 1e-9
    history = run["history"]
    assert (history["step"][0], history["step"][-1]) == (0, run["steps"])
    assert {len(column) for column in history.values()} == {len(history["step"])}
    assert all(before < after for before, after in pairwise(history["step"]))
    for name in ("objective", "loss", "parameter_norm", "kink_count"):
        assert history[name][-1] == run[name]
    for frame in run["frames"]:
        place = history["step"].index(frame["step"])
        assert len(frame["function"]["kinks"]) == history["kink_count"][place]
    assert kink_tolerance == pytest.approx(0.005 * (x.max() - x.min()))


def test_a_divergence_is_an_answer_with_advice_that_helps() -> None:
    body = EXPERIMENT | {"steps": 10_000, "seeds": [0, 1]}
    outcome, result = trained(body | {"optimiser": {"step_size": 50}})
    assert schema_errors("TrainingResult", result) == []
    assert outcome == "numerical_failure"
    assert {run["outcome"] for run in result["runs"]} == {"diverged"}
    for run in result["runs"]:
        assert np.isfinite(run["objective"])
        assert run["advice"]["reason"]
        assert 0 < run["advice"]["largest_stable_step"] < 50
    stable = result["runs"][0]["advice"]["largest_stable_step"]
    outcome, result = trained(body | {"optimiser": {"step_size": stable}})
    assert outcome == "feasible"
    assert {run["outcome"] for run in result["runs"]} == {"finished"}
    assert all("advice" not in run for run in result["runs"])


def test_without_a_comparison_there_is_no_optimum_and_no_gap() -> None:
    outcome, result = trained(FIVE_POINTS | {"compare": False, "steps": 100})
    assert outcome == "feasible"
    assert schema_errors("TrainingResult", result) == []
    assert set(result) == {"kernel", "kink_tolerance", "runs", "best", "optimum_missing"}


async def test_capabilities_name_what_trainings_offer(client: httpx.AsyncClient) -> None:
    found = (await client.get("/v1/capabilities")).json()
    assert "trainings" in found["kinds"]
    assert found["losses"]["trainings"] == ["squared", "logistic"]
    schemas = DOCUMENT["components"]["schemas"]
    of_optimiser, of_training = schemas["Optimiser"]["properties"], schemas["TrainingRequest"]["properties"]
    assert found["optimisers"] == of_optimiser["name"]["enum"] == ["gradient_descent", "momentum", "adam"]
    assert found["schedules"] == of_optimiser["schedule"]["enum"] == ["constant", "cosine"]
    for optimiser in found["optimisers"]:
        for schedule in found["schedules"]:
            asked = {"optimiser": {"name": optimiser, "schedule": schedule}, "steps": 5}
            assert trained(FIVE_POINTS | asked)[0] == "feasible"
    for name in ("width", "steps", "snapshots", "frames"):
        assert found["limits"][f"max_{name}"] == of_training[name]["maximum"]
    assert found["limits"]["max_seeds"] == of_training["seeds"]["maxItems"] == 100
    assert found["limits"]["max_neurons"] == 1_000_000
