"""What is wrong with a regression, a classification or the verification of a fit is named by its place."""

from typing import Any

import httpx
import pytest

from service.examples import LABELS, NOISY
from service.items import REQUESTS, Gatherer
from service.settings import GatewaySettings
from workers import chunks, compute, payloads
from workers.minnorm.errors import WrongLabel

pytestmark = pytest.mark.anyio

REGRESSION = NOISY | {"regularisation": 0.05}
SEVERAL = NOISY | {"regularisation": [0.1, 0.05]}
HINGE = LABELS | {"loss": "hinge", "regularisation": 0.1}
FOLDS = {"cross_validation": {"folds": 2}}
ZERO = {"x0": -3, "y0": 0, "slope0": 0, "kinks": [], "slope_changes": []}
INVALID = "invalid-request"


async def refusal(client: httpx.AsyncClient, kind: str, body: Any) -> tuple[str, str]:
    response = await client.post(f"/v1/{kind}", json=body)
    assert response.status_code == 422, response.text
    problem = response.json()
    assert problem["errors"][0]["detail"]
    assert (await client.get(problem["type"])).status_code == 200
    return problem["type"].removeprefix("/problems/"), problem["errors"][0]["pointer"]


BAD_NUMBERS = [
    (NOISY, INVALID, "/regularisation"),  # missing
    (NOISY | {"regularisation": 0}, INVALID, "/regularisation"),
    (NOISY | {"regularisation": -0.1}, INVALID, "/regularisation"),
    (NOISY | {"regularisation": "1"}, INVALID, "/regularisation"),
    (NOISY | {"regularisation": True}, INVALID, "/regularisation"),
    (NOISY | {"regularisation": None}, INVALID, "/regularisation"),
    (NOISY | {"regularisation": {}}, INVALID, "/regularisation"),
    (NOISY | {"regularisation": []}, INVALID, "/regularisation"),
    (NOISY | {"regularisation": [1, 0]}, INVALID, "/regularisation/1"),
    (NOISY | {"regularisation": [1, 2, -3]}, INVALID, "/regularisation/2"),
    (NOISY | {"regularisation": [1, "2"]}, INVALID, "/regularisation/1"),
    (NOISY | {"regularisation": [1.0] * 1_001}, INVALID, "/regularisation"),
    (SEVERAL | {"path": {"count": 3}}, INVALID, "/path"),
    (NOISY | {"path": {}}, INVALID, "/path/count"),
    (NOISY | {"path": {"count": 1}}, INVALID, "/path/count"),
    (NOISY | {"path": {"count": 1_001}}, INVALID, "/path/count"),
    (NOISY | {"path": {"count": 3, "ratio": 1}}, INVALID, "/path/ratio"),
    (NOISY | {"path": {"count": 3, "ratio": 0}}, INVALID, "/path/ratio"),
    (REGRESSION | FOLDS, INVALID, "/cross_validation"),
    (SEVERAL | {"cross_validation": {"folds": 1}}, INVALID, "/cross_validation/folds"),
    (SEVERAL | {"cross_validation": {"folds": 101}}, INVALID, "/cross_validation/folds"),
    (SEVERAL | {"cross_validation": {"seed": -1}}, INVALID, "/cross_validation/seed"),
    (SEVERAL | {"cross_validation": {"rule": "worst"}}, INVALID, "/cross_validation/rule"),
    (REGRESSION | {"gap": 1e-13}, INVALID, "/gap"),
    (REGRESSION | {"gap": 0.02}, INVALID, "/gap"),
    (REGRESSION | {"loss": "hinge"}, INVALID, "/loss"),
    (REGRESSION | {"huber_delta": 1}, "wrong-huber-delta", "/huber_delta"),
    (REGRESSION | {"loss": "huber", "huber_delta": 0}, INVALID, "/huber_delta"),
    (REGRESSION | {"shape": "convex"}, INVALID, "/shape"),
    (REGRESSION | {"shape": ["round"]}, INVALID, "/shape/0"),
    (REGRESSION | {"shape": ["convex", "concave"]}, "contradictory-shapes", "/shape"),
    (REGRESSION | {"shape": ["decreasing", "convex", "increasing"]}, "contradictory-shapes", "/shape"),
    (REGRESSION | {"weights": [1]}, "length-mismatch", "/weights"),
    (REGRESSION | {"weights": [1, 1, 0, 1, 1, 1, 1, 1]}, "not-positive", "/weights/2"),
    (REGRESSION | {"weights": [1, 1, 1, -1, 1, 1, 1, 1]}, "not-positive", "/weights/3"),
    (REGRESSION | {"y": [1, 2]}, "length-mismatch", "/y"),
    (REGRESSION | {"x": [1] * 8}, "too-few-points", "/x"),
    (REGRESSION | {"x": [1] * 8, "standardise": True}, "too-few-points", "/x"),
    (REGRESSION | {"x": [0, 1e-300, 1, 2, 3, 4, 5, 6], "standardise": True}, "conflicting-values", "/x"),
    (REGRESSION | {"explain": True}, INVALID, "/explain"),
    (REGRESSION | {"objective": "norm"}, INVALID, "/objective"),
]


@pytest.mark.parametrize(("body", "slug", "pointer"), BAD_NUMBERS)
async def test_regressions(client: httpx.AsyncClient, body: Any, slug: str, pointer: str) -> None:
    assert await refusal(client, "regressions", body) == (slug, pointer)


@pytest.mark.parametrize(
    ("body", "slug", "pointer"),
    [
        (LABELS | {"regularisation": 1}, INVALID, "/regularisation"),
        (LABELS | {"path": {"count": 2}}, INVALID, "/path"),
        (LABELS | FOLDS, INVALID, "/cross_validation"),
        (LABELS | {"loss": "hinge"}, INVALID, "/regularisation"),
        (LABELS | {"loss": "squared", "regularisation": 1}, INVALID, "/loss"),
        (HINGE | {"huber_delta": 1}, INVALID, "/huber_delta"),
        (HINGE | {"y": [-1, -1, 1, 1, 0, -1, -1]}, "wrong-label", "/y/4"),
        (LABELS | {"y": [-1, -1, 1, 1, 1, -1, -1.5]}, "wrong-label", "/y/6"),
        (HINGE | FOLDS, INVALID, "/cross_validation"),
        (HINGE | {"shape": ["convex", "concave"]}, "contradictory-shapes", "/shape"),
    ],
)
async def test_classifications(client: httpx.AsyncClient, body: Any, slug: str, pointer: str) -> None:
    assert await refusal(client, "classifications", body) == (slug, pointer)


@pytest.mark.parametrize("kind", ["regressions", "classifications"])
async def test_more_folds_than_observations(client: httpx.AsyncClient, kind: str) -> None:
    body = SEVERAL if kind == "regressions" else HINGE | {"regularisation": [1, 2]}
    found = await refusal(client, kind, body | {"cross_validation": {"folds": 9}})
    assert found[1] == "/cross_validation/folds"


@pytest.mark.parametrize(
    ("body", "slug", "pointer"),
    [
        (NOISY | {"regularisation": 1}, INVALID, "/regularisation"),
        (NOISY | {"weights": [1] * 8}, INVALID, "/weights"),
        (NOISY | {"shape": []}, INVALID, "/shape"),
        (NOISY | {"huber_delta": 1}, INVALID, "/huber_delta"),
        (NOISY | {"loss_value": 1}, INVALID, "/loss_value"),
        (NOISY | {"loss": "squared"}, INVALID, "/regularisation"),
        (NOISY | {"loss": "hard_margin", "regularisation": 1}, INVALID, "/regularisation"),
        (REGRESSION | {"loss": "squared", "regularisation": [1]}, INVALID, "/regularisation"),
        (REGRESSION | {"loss": "squared", "objective": "kinks"}, INVALID, "/objective"),
        (REGRESSION | {"loss": "squared", "p": 0.5}, INVALID, "/p"),
        (REGRESSION | {"loss": "squared", "huber_delta": 1}, "wrong-huber-delta", "/huber_delta"),
        (REGRESSION | {"loss": "hinge"}, "wrong-label", "/y/0"),
        (REGRESSION | {"loss": "squared", "weights": [1]}, "length-mismatch", "/weights"),
        (
            REGRESSION | {"loss": "squared", "certificate": {"dual_values": [0]}},
            "length-mismatch",
            "/certificate/dual_values",
        ),
        (
            REGRESSION | {"loss": "squared", "certificate": {"dual_values": [0] * 6, "slope_multipliers": [0] * 6}},
            "length-mismatch",
            "/certificate/slope_multipliers",
        ),
        (
            NOISY | {"certificate": {"dual_values": [0] * 6, "slope_multipliers": [0] * 7}},
            INVALID,
            "/certificate/slope_multipliers",
        ),
    ],
)
async def test_verifications(client: httpx.AsyncClient, body: Any, slug: str, pointer: str) -> None:
    assert await refusal(client, "verifications", {"function": ZERO} | body) == (slug, pointer)


@pytest.mark.parametrize(
    ("kind", "body", "status", "slug"),
    [
        ("regressions", REGRESSION, 503, "queue-unavailable"),  # there is none
        ("regressions", SEVERAL, 503, "queue-unavailable"),
        ("regressions", NOISY | {"path": {"count": 3}}, 503, "queue-unavailable"),
        ("classifications", HINGE, 503, "queue-unavailable"),
        ("classifications", LABELS, 503, "queue-unavailable"),
        ("regressions", REGRESSION | {"weights": [1]}, 422, "length-mismatch"),
        ("regressions", SEVERAL | {"cross_validation": {"folds": 9}}, 422, "out-of-range"),
        ("classifications", HINGE | {"y": [-1, -1, 1, 1, 0, -1, -1]}, 422, "wrong-label"),
    ],
)
async def test_what_would_fail_in_the_queue_fails_before_it(
    client: httpx.AsyncClient, kind: str, body: Any, status: int, slug: str
) -> None:
    response = await client.post(f"/v1/{kind}", json=body, headers={"Prefer": "respond-async"})
    assert (response.status_code, response.json()["type"]) == (status, f"/problems/{slug}")


def test_verifications_can_be_checked_before_they_are_solved() -> None:
    with pytest.raises(WrongLabel):
        compute.check("verifications", {**REGRESSION, "loss": "hinge", "function": ZERO})


def test_effort_grows_with_everything_that_takes_time() -> None:
    def effort(kind: str, **more: Any) -> int:
        body = REGRESSION if kind == "regressions" else HINGE
        return compute.effort(kind, REQUESTS[kind].model_validate(body | more).problem())

    usual = effort("regressions")
    assert effort("regressions", loss="absolute") > usual
    assert effort("regressions", shape=["convex"]) > usual
    assert effort("regressions", skip_connection=False) > effort("regressions", loss="absolute")
    assert effort("regressions", regularisation=[0.1] * 30) == 30 * usual
    path = {"regularisation": None, "path": {"count": 20}}
    body = {name: value for name, value in (REGRESSION | path).items() if value is not None}
    problem = REQUESTS["regressions"].model_validate(body | {"cross_validation": {"folds": 4}}).problem()
    assert compute.effort("regressions", problem) == 20 * 5 * usual
    large = {"x": list(range(100)), "y": [0] * 100}
    assert effort("regressions", **large) > usual
    assert effort("classifications", x=list(range(100)), y=[1] * 100) > effort("classifications")
    assert compute.effort("verifications", {**problem, "loss": "squared"}) == 8


def test_a_batch_takes_fits() -> None:
    def item(kind: str, body: Any, name: str = "a") -> Any:
        return {"custom_id": name, "kind": kind, "body": body}

    gatherer = Gatherer(GatewaySettings())
    gatherer.take_items(
        [
            item("regressions", SEVERAL),
            item("classifications", LABELS, "b"),
            item("regressions", NOISY | {"regularisation": [1, -1]}, "c"),
        ]
    )
    (chunk,) = gatherer.last()
    several, labels, wrong = [chunks.item(line) for line in chunks.split(chunk.payload)]
    assert several["problem"]["regularisation"] == [0.1, 0.05]
    assert wrong["error"]["pointer"] == "/body/regularisation/1"
    fitted = payloads.loads(compute.answer("regressions", several["problem"]).result)
    assert [point["regularisation"] for point in fitted["path"]] == [0.1, 0.05]
    separated = payloads.loads(compute.answer("classifications", labels["problem"]).result)
    assert separated["accuracy"] == 1
