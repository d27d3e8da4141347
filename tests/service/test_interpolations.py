"""POST /v1/interpolations, answered at once."""

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from service import solving
from service.examples import CONVEX, RISING
from service.five_points import FIVE_POINTS
from tests.oracles.evidence import complaints
from tests.oracles.exact import check_exactly
from workers import compute
from workers.minnorm.dataset import Dataset
from workers.minnorm.interpolate import interpolate

pytestmark = pytest.mark.anyio

DATA = Path(__file__).parent.parent / "data"
PATH = "/v1/interpolations"
ALONE = {"skip_connection": False}
CLAIMS = ("function", "network", "certificate", "norm", "objective_value", "kink_count")
LINE = {"x0": -1.5, "y0": 0, "slope0": 0, "kinks": [], "slope_changes": []}


def read(name: str) -> dict[str, list[float]]:
    with (DATA / name).open() as file:
        rows = list(csv.reader(file))[1:]
    return {"x": [float(row[0]) for row in rows], "y": [float(row[1]) for row in rows]}


def parabola(points: int) -> dict[str, list[float]]:
    x = [1 + index / points for index in range(points)]
    return {"x": x, "y": [value * value for value in x]}


async def result_of(client: httpx.AsyncClient, body: Any, **headers: str) -> Any:
    response = await client.post(PATH, json=body, headers=headers)
    assert response.status_code == 200, response.text
    return response.json()["result"]


async def test_the_five_points_of_the_paper(client: httpx.AsyncClient) -> None:
    result = await result_of(client, FIVE_POINTS)
    assert result["norm"] == pytest.approx(8.203976955807153, rel=1e-15)
    assert result["function"]["kinks"] == pytest.approx([-5 / 12, 1 / 4], abs=1e-15)
    assert result["function"]["slope_changes"] == pytest.approx([4.8, -2.9142857142857144], rel=1e-14)
    assert (result["kink_count"], result["fewest_kinks"]) == (2, 2)
    assert result["is_sparsest"]
    assert result["is_unique"]


@pytest.mark.parametrize("name", ["nile.csv", "sunspots.csv", "boursier_flammarion_five_points.csv"])
async def test_real_data_pass_the_exact_checker(client: httpx.AsyncClient, name: str) -> None:
    data = read(name)
    result = await result_of(client, data)
    assert complaints(result, check_exactly(data["x"], data["y"], result)) == []


async def test_the_job_that_carries_the_answer(client: httpx.AsyncClient) -> None:
    response = await client.post(PATH, json=FIVE_POINTS)
    job = response.json()
    assert job["id"].startswith("job_")
    assert (job["kind"], job["state"], job["outcome"]) == ("interpolations", "succeeded", "optimal")
    assert job["created_at"] <= job["finished_at"]
    assert job["links"] == {}  # it is kept nowhere
    assert response.headers["server-timing"].startswith("solve;dur=")


async def test_order_and_repetition_of_the_points_do_not_matter(client: httpx.AsyncClient) -> None:
    mixed = {"x": [2, 0, -1, 0.25, 0, -1.5], "y": [0.2, -0.3, -0.3, 0.4, -0.3, 0.7]}
    assert await result_of(client, mixed) == await result_of(client, FIVE_POINTS)


async def test_equal_problems_have_equal_digests(client: httpx.AsyncClient) -> None:
    digests = [
        (await client.post(PATH, json=body)).json()["digest"]
        for body in (FIVE_POINTS, FIVE_POINTS | {"objective": "norm"}, FIVE_POINTS | {"y": [0.7, -0.3, -0.3, 0.4, 0.3]})
    ]
    assert digests[0] == digests[1]
    assert digests[0] != digests[2]


@pytest.mark.parametrize("points", [2, 1_000, 2_500])  # in the coroutine and on a thread
async def test_every_size_is_solved(client: httpx.AsyncClient, points: int) -> None:
    x = [0.5 * i for i in range(points)]
    result = await result_of(client, {"x": x, "y": [value * value for value in x]})
    assert result["certificate"]["relative_gap"] <= 1e-12
    assert len(result["certificate"]["dual_values"]) == points


async def test_a_wait_is_granted_to_what_is_answered_at_once(client: httpx.AsyncClient) -> None:
    response = await client.post(PATH, json=FIVE_POINTS, headers={"Prefer": "respond-async, wait=5"})
    assert response.status_code == 200
    assert response.headers["preference-applied"] == "wait=5"


@pytest.mark.parametrize("penalise_biases", [True, False])
@pytest.mark.parametrize("skip_connection", [True, False])
@pytest.mark.parametrize("objective", ["norm", "kinks"])
@pytest.mark.parametrize("points", [FIVE_POINTS, CONVEX, RISING])
async def test_every_setting_is_proved_and_verified(
    client: httpx.AsyncClient, points: Any, objective: str, *, skip_connection: bool, penalise_biases: bool
) -> None:
    setting = {"penalise_biases": penalise_biases, "skip_connection": skip_connection, "objective": objective}
    job = (await client.post(PATH, json=points | setting)).json()
    assert job["outcome"] == "optimal"
    result = job["result"]
    assert ("skip_weight" in result["network"]) is skip_connection
    assert ("dual_total" in result["certificate"]) is (penalise_biases and not skip_connection and objective == "norm")
    claims = {name: result[name] for name in CLAIMS}
    verdict = (await client.post("/v1/verifications", json=points | setting | claims)).json()["result"]
    assert verdict["violations"] == []
    assert verdict["relative_gap"] <= 1e-9


async def test_objectives_have_different_optima(client: httpx.AsyncClient) -> None:
    free = {"penalise_biases": False}
    least = await result_of(client, CONVEX | free)
    fewest = await result_of(client, CONVEX | free | {"objective": "kinks"})
    assert (least["kink_count"], fewest["kink_count"], fewest["objective_value"]) == (5, 3, 3)
    assert least["solution_set"]["sparsest_kink_count"] == 3
    assert least["solution_set"]["intervals"] == [1, 2, 3, 4]
    assert not least["is_unique"]
    path = await result_of(client, CONVEX | {"objective": "lp", "p": 0.5})
    kinks = zip(path["function"]["kinks"], path["function"]["slope_changes"], strict=True)
    assert path["objective_value"] == pytest.approx(sum((c * (1 + k * k) ** 0.5) ** 0.5 for k, c in kinks))
    assert path["norm"] > (await result_of(client, CONVEX))["norm"]


async def test_standardised_answers_say_how(client: httpx.AsyncClient) -> None:
    result = await result_of(client, {"x": [986, 998, 1002, 1014], "y": [14, 2, 2, 14], "standardise": True})
    assert result["transformation"] == {"shift": 1000, "scale": 10}
    assert result["function"]["kinks"] == pytest.approx([0], abs=1e-14)
    assert result["norm"] == pytest.approx(20)


async def test_runs_are_told_to_those_who_ask_and_for_few_points(client: httpx.AsyncClient) -> None:
    run, other = (await result_of(client, FIVE_POINTS))["runs"]
    assert run == {"first": 1, "last": 2, "sign": 1, "kinks": 1}
    assert other == {"first": 3, "last": 3, "sign": -1, "kinks": 1}
    assert "runs" not in await result_of(client, FIVE_POINTS | {"explain": False})
    many = {"x": list(range(1001)), "y": [value % 2 for value in range(1001)]}
    assert "runs" not in await result_of(client, many)
    assert len((await result_of(client, many | {"explain": True}))["runs"]) == 999


@pytest.mark.parametrize(
    ("setting", "slug", "pointer"),
    [
        ({"objective": "lp", "p": 0.5, "skip_connection": False}, "unsupported-setting", "/skip_connection"),
        ({"objective": "lp"}, "wrong-exponent", "/p"),
        ({"p": 0.5}, "wrong-exponent", "/p"),
        ({"objective": "lp", "p": 1}, "invalid-request", "/p"),
        ({"objective": "lp", "p": 0}, "invalid-request", "/p"),
        ({"objective": "lp", "p": "0.5"}, "invalid-request", "/p"),
        ({"standardise": 1}, "invalid-request", "/standardise"),
        ({"explain": None}, "invalid-request", "/explain"),
    ],
)
async def test_what_is_not_offered_is_refused_by_name(
    client: httpx.AsyncClient, setting: dict[str, Any], slug: str, pointer: str
) -> None:
    for path, claims in ((PATH, {}), ("/v1/verifications", {"function": LINE})):
        if path != PATH and "explain" in setting:
            continue
        response = await client.post(path, json=FIVE_POINTS | setting | claims)
        assert response.status_code == 422
        assert response.json()["type"] == f"/problems/{slug}"
        assert response.json()["errors"][0]["pointer"] == pointer


async def test_cone_programs_are_for_the_queue_unless_they_are_small(client: httpx.AsyncClient) -> None:
    assert (await client.post(PATH, json=parabola(200) | ALONE)).status_code == 200
    queued = await client.post(PATH, json=parabola(400) | ALONE)
    assert (queued.status_code, queued.json()["type"]) == (503, "/problems/queue-unavailable")  # there is none
    for setting in ({}, ALONE | {"objective": "kinks"}, ALONE | {"penalise_biases": False}):
        assert (await client.post(PATH, json=parabola(400) | setting)).status_code == 200


async def test_too_many_points_for_a_cone_program_are_told(client: httpx.AsyncClient) -> None:
    refused = await client.post(PATH, json=parabola(10_001) | ALONE)
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/too-many-points")
    assert refused.json()["errors"][0]["pointer"] == "/x"


async def test_only_small_usual_problems_are_solved_in_the_coroutine(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = list[Any]()

    async def on_a_thread(function: Any, *arguments: Any) -> Any:
        threads.append(function)
        return function(*arguments)

    monkeypatch.setattr(solving, "run_sync", on_a_thread)
    await result_of(client, FIVE_POINTS)
    assert not threads
    await result_of(client, FIVE_POINTS | ALONE)
    assert len(threads) == 1


def test_what_misses_a_point_is_not_called_optimal() -> None:
    data = Dataset.from_points(FIVE_POINTS["x"], FIVE_POINTS["y"])
    result = interpolate(data)
    assert compute._outcome(result) == "optimal"
    missed = replace(result, certificate=replace(result.certificate, max_residual=1e-12))
    assert compute._outcome(missed) == "numerical_failure"
    unproved = replace(result, certificate=replace(result.certificate, relative_gap=2e-9))
    assert compute._outcome(unproved) == "feasible"


async def test_what_the_certificate_does_not_prove_is_not_called_optimal(client: httpx.AsyncClient) -> None:
    """Two abscissae 1e-291 apart: collinear within rounding, but no dual value in double precision proves it."""
    points = {"x": [-1, -0.5, 0, 3.374634373865042e-291, 0.125, 1], "y": [0, 1, 5.959986400306982e-87, 0, 0, 1]}
    job = (await client.post(PATH, json=points)).json()
    assert job["outcome"] == "feasible"
    assert job["result"]["certificate"]["lower_bound"] == 0
