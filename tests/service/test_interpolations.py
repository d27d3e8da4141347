"""POST /v1/interpolations, answered at once."""

import csv
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.examples import FIVE_POINTS
from tests.oracles.evidence import complaints
from tests.oracles.exact import check_exactly

pytestmark = pytest.mark.anyio

DATA = Path(__file__).parent.parent / "data"
PATH = "/v1/interpolations"


def read(name: str) -> dict[str, list[float]]:
    with (DATA / name).open() as file:
        rows = list(csv.reader(file))[1:]
    return {"x": [float(row[0]) for row in rows], "y": [float(row[1]) for row in rows]}


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


@pytest.mark.parametrize(
    "setting", [{"objective": "kinks"}, {"objective": "lp"}, {"penalise_biases": False}, {"skip_connection": False}]
)
async def test_what_is_not_offered_is_refused_by_name(client: httpx.AsyncClient, setting: dict[str, Any]) -> None:
    response = await client.post(PATH, json=FIVE_POINTS | setting)
    assert response.status_code == 422
    assert response.json()["type"] == "/problems/unsupported-setting"
    assert response.json()["errors"][0]["pointer"] == "/" + next(iter(setting))


async def test_what_the_certificate_does_not_prove_is_not_called_optimal(client: httpx.AsyncClient) -> None:
    """Two abscissae 1e-291 apart: collinear within rounding, but no dual value in double precision proves it."""
    points = {"x": [-1, -0.5, 0, 3.374634373865042e-291, 0.125, 1], "y": [0, 1, 5.959986400306982e-87, 0, 0, 1]}
    job = (await client.post(PATH, json=points)).json()
    assert job["outcome"] == "feasible"
    assert job["result"]["certificate"]["lower_bound"] == 0
