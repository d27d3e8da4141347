"""Dry runs: they fail as the request itself would, and tell what would be done."""

from typing import Any

import httpx
import pytest

from service import examples
from service.examples import NILE
from service.five_points import FIVE_POINTS
from service.items import REQUESTS
from service.settings import GatewaySettings

pytestmark = pytest.mark.anyio

GIVEN = {
    "interpolations": examples.INTERPOLATIONS,
    "regressions": examples.REGRESSIONS,
    "classifications": examples.CLASSIFICATIONS,
    "norms": examples.NORMS,
    "verifications": examples.VERIFICATIONS,
    "trainings": examples.TRAININGS,
}
WRONG: list[tuple[str, dict[str, Any]]] = [
    ("interpolations", {"x": [0, 1, 1], "y": [0, 1, 2]}),
    ("interpolations", {"x": [0, 1], "y": [0, 1], "objective": "lp", "p": 0.5, "skip_connection": False}),
    ("interpolations", {"x": [0, 1, "2"], "y": [0, 1, 2]}),
    ("interpolations", {"x": [0, 1e-300], "y": [0, 1e300]}),
    ("regressions", {"x": [0, 1], "y": [0, 1], "regularisation": 0}),
    ("regressions", {"x": [0, 1, 2], "y": [0, 1], "regularisation": 1}),
    ("regressions", {"x": [0, 1], "y": [0, 1], "weights": [1, -1], "regularisation": 1}),
    ("classifications", {"x": [0, 1], "y": [0, 1]}),
    ("norms", {"network": {"hidden_weights": [1], "hidden_biases": [], "output_weights": [1]}}),
    ("verifications", {"x": [0, 1], "y": [0, 1], "function": {"x0": 0, "y0": 0, "slope0": 1, "kinks": [1, 0]}}),
    ("trainings", FIVE_POINTS | {"width": 10, "steps": 10, "optimiser": {"step_size": -1}}),
    ("trainings", {"x": [0, 0], "y": [0, 1], "width": 10}),
]


@pytest.fixture
def settings() -> GatewaySettings:
    return GatewaySettings(ledger_timeout_s=0.2, max_points=1_000)


@pytest.mark.parametrize("kind", REQUESTS)
async def test_what_works_is_valid_and_is_not_done(client: httpx.AsyncClient, kind: str) -> None:
    for example in GIVEN[kind].values():
        response = await client.post(f"/v1/{kind}/validate", json=example["value"])
        report = response.json()
        assert (response.status_code, report["kind"], report["cached"]) == (200, kind, False)
        assert report["estimated_s"] > 0
        if report["answered"] == "at_once":
            answer = (await client.post(f"/v1/{kind}", json=example["value"])).json()
            assert answer["digest"] == report["digest"]
        else:
            assert report["queue"] == ("train" if kind == "trainings" else "interactive")


@pytest.mark.parametrize(("kind", "body"), [*WRONG, ("interpolations", {"x": [0] * 1_001, "y": [0] * 1_001})])
async def test_it_fails_as_the_request_does(client: httpx.AsyncClient, kind: str, body: dict[str, Any]) -> None:
    told = [(await client.post(f"/v1/{kind}{path}", json=body)).json() for path in ("/validate", "")]
    for each in told:
        assert each["status"] == 422
        del each["instance"], each["request_id"]
    assert told[0] == told[1]


async def test_it_says_where_it_would_be_solved(client: httpx.AsyncClient) -> None:
    async def answered(body: dict[str, Any], prefer: str = "") -> str:
        response = await client.post("/v1/interpolations/validate", json=body, headers={"Prefer": prefer})
        return str(response.json()["answered"])

    assert await answered(FIVE_POINTS) == "at_once"
    assert await answered(FIVE_POINTS, "respond-async") == "queued"
    x = list(range(1_000))
    cones = {"x": x, "y": [value % 7 for value in x], "skip_connection": False}
    assert await answered(cones) == "queued"


async def codes(client: httpx.AsyncClient, body: dict[str, Any], kind: str = "interpolations") -> dict[str, str]:
    report = (await client.post(f"/v1/{kind}/validate", json=body)).json()
    return {warned["code"]: warned["detail"] for warned in report["warnings"]}


async def test_it_warns_of_points_that_make_no_difference(client: httpx.AsyncClient) -> None:
    assert await codes(client, FIVE_POINTS) == {}
    found = await codes(client, {"x": [0, 0.1, 0.2, 0.3, 1, 1], "y": [0, 0.1, 0.2, 0.3, 0, 0]})
    assert found["merged"].startswith("1 of 6 points")
    assert found["collinear"].startswith("2 of 5 points")


@pytest.mark.parametrize(
    ("x", "is_warned"),
    [
        ([1871, 1900, 1970], True),
        ([0, 1e-3, 2e-3], True),
        ([-1e3, 0, 1e3], True),
        ([-5e287, 0, 5e287], True),
        ([0, 1, 2], False),
    ],
)
async def test_it_warns_of_the_scale(client: httpx.AsyncClient, x: list[float], is_warned: bool) -> None:
    data = {"x": x, "y": [0, 0, 0]}
    assert ("scale-of-x" in await codes(client, data)) is is_warned
    assert "scale-of-x" not in await codes(client, data | {"penalise_biases": False})
    assert "scale-of-x" not in await codes(client, data | {"standardise": True})


async def test_it_warns_of_other_kinds_too(client: httpx.AsyncClient) -> None:
    years = NILE | {"regularisation": 1.0}
    assert list(await codes(client, years, "regressions")) == ["scale-of-x"]
