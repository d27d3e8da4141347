"""What is wrong with a training is named by its place; what is right reaches the worker with all its defaults."""

from typing import Any

import httpx
import numpy as np
import pytest
from pydantic import ValidationError

from service.examples import LABELS
from service.five_points import FIVE_POINTS
from service.items import Gatherer
from service.schemas.trainings import TrainingRequest
from service.settings import GatewaySettings
from workers import chunks, payloads
from workers.training import recipe

pytestmark = pytest.mark.anyio

INVALID = "invalid-request"
LOGISTIC = LABELS | {"loss": "logistic"}
MOMENTUM = {"name": "momentum"}
ADAM = {"name": "adam"}


def optimiser(**fields: Any) -> dict[str, Any]:
    return {"optimiser": fields}


def start(**fields: Any) -> dict[str, Any]:
    return {"initialisation": fields}


REFUSED: list[tuple[Any, str, str]] = [
    ({"x": None}, INVALID, "/x"),
    ({"x": [1]}, INVALID, "/x"),
    ({"y": [0.7, "-0.3", -0.3, 0.4, 0.2]}, INVALID, "/y/1"),
    ({"y": [1, 2]}, "length-mismatch", "/y"),
    ({"x": [1] * 5}, "too-few-points", "/x"),
    ({"x": [1] * 5, "standardise": True}, "too-few-points", "/x"),
    ({"width": 0}, INVALID, "/width"),
    ({"width": 100_001}, INVALID, "/width"),
    ({"width": 1.5}, INVALID, "/width"),
    ({"width": "200"}, INVALID, "/width"),
    ({"width": True}, INVALID, "/width"),
    ({"penalise_biases": 1}, INVALID, "/penalise_biases"),
    ({"skip_connection": None}, INVALID, "/skip_connection"),
    ({"loss": "hinge"}, INVALID, "/loss"),
    ({"loss": "logistic"}, "wrong-label", "/y/0"),
    (LOGISTIC | {"y": [-1, -1, 1, 1, 0, -1, 2]}, "wrong-label", "/y/4"),
    ({"weight_decay": -1e-9}, INVALID, "/weight_decay"),
    ({"weight_decay": "0"}, INVALID, "/weight_decay"),
    ({"weight_decay": 1e300}, "overflow", "/weight_decay"),
    ({"steps": 0}, INVALID, "/steps"),
    ({"steps": 1_000_000_001}, INVALID, "/steps"),
    ({"steps": 1e3}, INVALID, "/steps"),
    ({"tolerance": -1}, INVALID, "/tolerance"),
    (optimiser(name="sgd"), INVALID, "/optimiser/name"),
    (optimiser(step_size=0), INVALID, "/optimiser/step_size"),
    (optimiser(step_size=-0.1), INVALID, "/optimiser/step_size"),
    (optimiser(step_size=1e300), "overflow", "/optimiser/step_size"),
    (optimiser(schedule="linear"), INVALID, "/optimiser/schedule"),
    (optimiser(momentum=0.9), INVALID, "/optimiser/momentum"),
    (optimiser(nesterov=False), INVALID, "/optimiser/nesterov"),
    (optimiser(name="gradient_descent", epsilon=1e-8), INVALID, "/optimiser/epsilon"),
    (optimiser(**MOMENTUM, beta1=0.9), INVALID, "/optimiser/beta1"),
    (optimiser(**MOMENTUM, momentum=1), INVALID, "/optimiser/momentum"),
    (optimiser(**MOMENTUM, momentum=-0.1), INVALID, "/optimiser/momentum"),
    (optimiser(**MOMENTUM, nesterov="yes"), INVALID, "/optimiser/nesterov"),
    (optimiser(**ADAM, momentum=0.9), INVALID, "/optimiser/momentum"),
    (optimiser(**ADAM, nesterov=True), INVALID, "/optimiser/nesterov"),
    (optimiser(**ADAM, beta1=1), INVALID, "/optimiser/beta1"),
    (optimiser(**ADAM, beta2=1), INVALID, "/optimiser/beta2"),
    (optimiser(**ADAM, epsilon=0), INVALID, "/optimiser/epsilon"),
    (optimiser(rate=1), INVALID, "/optimiser/rate"),
    ({"optimiser": "adam"}, INVALID, "/optimiser"),
    ({"optimiser": None}, INVALID, "/optimiser"),
    (start(scale=0), INVALID, "/initialisation/scale"),
    (start(scale=0.9e-100), INVALID, "/initialisation/scale"),
    (start(scale=1.1e100), INVALID, "/initialisation/scale"),
    (start(balanced="yes"), INVALID, "/initialisation/balanced"),
    (start(zero_output=0), INVALID, "/initialisation/zero_output"),
    (start(seed=0), INVALID, "/initialisation/seed"),
    ({"seeds": []}, INVALID, "/seeds"),
    ({"seeds": 3}, INVALID, "/seeds"),
    ({"seeds": [0, 1, 0]}, INVALID, "/seeds"),
    ({"seeds": [0, -1]}, INVALID, "/seeds/1"),
    ({"seeds": [2**63]}, INVALID, "/seeds/0"),
    ({"seeds": [0, 1.5]}, INVALID, "/seeds/1"),
    ({"seeds": list(range(101))}, INVALID, "/seeds"),
    ({"width": 100_000, "seeds": list(range(11))}, INVALID, "/seeds"),
    ({"snapshots": -1}, INVALID, "/snapshots"),
    ({"snapshots": 1_001}, INVALID, "/snapshots"),
    ({"frames": -1}, INVALID, "/frames"),
    ({"frames": 101, "snapshots": 1_000}, INVALID, "/frames"),
    ({"frames": 31}, INVALID, "/frames"),
    ({"frames": 1, "snapshots": 0}, INVALID, "/frames"),
    ({"frames": 51, "snapshots": 60, "width": 100_000}, INVALID, "/frames"),
    ({"frames": 26, "width": 100_000, "seeds": [1, 2]}, INVALID, "/frames"),
    ({"compare": "no"}, INVALID, "/compare"),
    ({"regularisation": 0.1}, INVALID, "/regularisation"),
    ({"weights": [1] * 5}, INVALID, "/weights"),
    ({"time_limit_s": 0}, INVALID, "/time_limit_s"),
]


@pytest.mark.parametrize(("fields", "slug", "pointer"), REFUSED)
async def test_what_is_wrong_has_a_place(client: httpx.AsyncClient, fields: Any, slug: str, pointer: str) -> None:
    response = await client.post("/v1/trainings", json=FIVE_POINTS | fields)
    assert response.status_code == 422, response.text
    problem = response.json()
    assert problem["errors"][0]["detail"]
    assert (problem["type"], problem["errors"][0]["pointer"]) == (f"/problems/{slug}", pointer)
    assert (await client.get(problem["type"])).status_code == 200


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"width": 1, "steps": 1, "snapshots": 0, "seeds": [2**63 - 1]},
        {"width": 100_000, "seeds": list(range(10)), "frames": 5, "steps": 1_000_000_000},
        {"width": 100_000, "snapshots": 1_000, "frames": 50},
        {"frames": 30, "weight_decay": 0, "tolerance": 0},
        {"x": [0, 0, 1, 1, 1]},
        optimiser(**MOMENTUM, momentum=0, nesterov=True),
        optimiser(**ADAM, beta1=0, beta2=0.5, epsilon=1e-3, schedule="cosine"),
        LOGISTIC,
        {"time_limit_s": 1, "metadata": {"a": "b"}},
    ],
)
async def test_what_is_right_goes_on_to_the_queue(client: httpx.AsyncClient, fields: Any) -> None:
    """Up to the limits themselves; there is no queue here."""
    response = await client.post("/v1/trainings", json=FIVE_POINTS | fields)
    assert (response.status_code, response.json()["type"]) == (503, "/problems/queue-unavailable")


def test_all_errors_of_one_request_are_told() -> None:
    with pytest.raises(ValidationError) as found:
        TrainingRequest.model_validate(FIVE_POINTS | {"width": 0, "seeds": [-1]} | optimiser(step_size=0))
    assert {error["loc"] for error in found.value.errors()} == {("width",), ("seeds", 0), ("optimiser", "step_size")}


def problem(**fields: Any) -> dict[str, Any]:
    return TrainingRequest.model_validate(FIVE_POINTS | fields).problem()


def test_a_problem_has_all_defaults_in_plain_types() -> None:
    found = problem()
    assert {name: type(value) for name, value in found.items() if name in FIVE_POINTS} == {
        "x": np.ndarray,
        "y": np.ndarray,
    }
    assert {name: value for name, value in found.items() if name not in FIVE_POINTS} == {
        "width": 200,
        "penalise_biases": True,
        "skip_connection": True,
        "loss": "squared",
        "weight_decay": 1e-3,
        "steps": 100_000,
        "tolerance": 0.0,
        "optimiser": {"name": "gradient_descent", "step_size": 0.01, "schedule": "constant"},
        "initialisation": {"scale": 1.0, "balanced": False, "zero_output": False},
        "seeds": [0],
        "snapshots": 30,
        "frames": 0,
        "compare": True,
        "standardise": False,
    }
    again = payloads.loads(payloads.dumps(found))
    assert again == found | {name: found[name].tolist() for name in FIVE_POINTS}


@pytest.mark.parametrize(
    ("given", "own"),
    [
        ({}, {}),
        (MOMENTUM, {"momentum": 0.9, "nesterov": False}),
        (MOMENTUM | {"momentum": 0.5}, {"momentum": 0.5, "nesterov": False}),
        (MOMENTUM | {"nesterov": True}, {"momentum": 0.9, "nesterov": True}),
        (ADAM, {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}),
        (ADAM | {"beta2": 0.99}, {"beta1": 0.9, "beta2": 0.99, "epsilon": 1e-8}),
    ],
)
def test_an_optimiser_has_the_defaults_that_apply_to_it(given: dict[str, Any], own: dict[str, Any]) -> None:
    common = {"name": given.get("name", "gradient_descent"), "step_size": 0.01, "schedule": "constant"}
    assert problem(optimiser=given)["optimiser"] == common | own


def test_a_default_that_is_spelled_out_is_no_other_problem() -> None:
    told = problem(optimiser=ADAM | {"beta1": 0.9, "step_size": 0.01}, seeds=[0], initialisation={"scale": 1})
    silent = problem(optimiser=ADAM)
    assert payloads.dumps(told) == payloads.dumps(silent)


def test_options_are_no_part_of_the_problem() -> None:
    words = {"time_limit_s": 3.0, "metadata": {"a": "b"}}
    body = TrainingRequest.model_validate(FIVE_POINTS | words)
    assert body.options() == words
    assert set(body.problem()).isdisjoint(words)


def test_the_wire_and_the_recipe_agree_on_defaults() -> None:
    """What is left out on the wire is what the records say."""
    for name in recipe.METHODS:
        assert problem(optimiser={"name": name})["optimiser"].items() <= vars(recipe.Optimiser(name)).items()
    assert problem()["initialisation"] == vars(recipe.Initialisation())


def test_a_batch_takes_trainings() -> None:
    gatherer = Gatherer(GatewaySettings())
    bodies: dict[str, dict[str, Any]] = {
        "good": {"steps": 10},
        "twice": {"seeds": [1, 1]},
        "other": optimiser(**ADAM, momentum=0.9),
        "limit": {"time_limit_s": 1},
    }
    items = [{"custom_id": name, "kind": "trainings", "body": FIVE_POINTS | body} for name, body in bodies.items()]
    filled = gatherer.take_items(items) + gatherer.last()
    lines = [chunks.item(line) for chunk in filled for line in chunks.split(chunk.payload)]
    found = {line["custom_id"]: line for line in lines}
    assert found["good"]["problem"]["optimiser"] == problem()["optimiser"]
    pointers = {name: line["error"]["pointer"] for name, line in found.items() if "error" in line}
    assert pointers == {
        "twice": "/body/seeds",
        "other": "/body/optimiser/momentum",
        "limit": "/body/time_limit_s",
    }
