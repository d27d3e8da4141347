"""`POST /v1/plots`: pictures of results that anybody sends."""

import copy
import json
import threading
from collections.abc import Iterator
from typing import Any

import anyio
import httpx
import numpy as np
import orjson
import pytest
from fastapi import FastAPI

from service import examples
from service.five_points import FIVE_POINTS
from service.items import REQUESTS
from service.pictures.drawing import MEDIA_TYPES
from service.plotting import plotted
from service.routers import plots
from workers import compute

pytestmark = pytest.mark.anyio

PATH = "/v1/plots"
SVG, PNG = MEDIA_TYPES
FIVE = FIVE_POINTS
TRAINED = FIVE | {"width": 5, "steps": 100, "frames": 2, "seeds": [0, 1]}
BODIES: dict[str, tuple[str, dict[str, Any]]] = {
    "interpolation": ("interpolations", FIVE | {"penalise_biases": False, "explain": True}),
    "without-skip": ("interpolations", FIVE | {"skip_connection": False}),
    "fit": ("regressions", examples.NOISY | {"regularisation": 0.05, "weights": [1, 2, 3, 4, 5, 6, 7, 8]}),
    "path": ("regressions", examples.NOISY | {"path": {"count": 5}, "cross_validation": {"folds": 2}}),
    "separation": ("classifications", examples.LABELS | {"standardise": True}),
    "infeasible": ("classifications", {"x": [0, 0, 1], "y": [1, -1, 1]}),
    "norm": ("norms", {"network": {"hidden_weights": [1, -2], "hidden_biases": [0, 1], "output_weights": [1, 1]}}),
    "verification": ("verifications", FIVE | {"certificate": {"dual_values": [0, 2, 0, -1, 0]}}),
    "training": ("trainings", TRAINED),
}


def answered(name: str) -> dict[str, Any]:
    """A request for the picture of an answer."""
    kind, body = BODIES[name]
    problem = REQUESTS[kind].model_validate(body).problem()
    return {"kind": kind, "problem": body, "result": orjson.loads(compute.answer(kind, problem).result)}


@pytest.mark.parametrize("name", BODIES)
async def test_answers_of_every_kind_are_drawn(client: httpx.AsyncClient, name: str) -> None:
    body = answered(name)
    response = await client.post(PATH, json=body)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == SVG
    assert response.headers["vary"].split(", ")[0] == "Accept"
    assert response.content == (await client.post(PATH, json=body)).content


@pytest.mark.parametrize("name", examples.PLOTS)
async def test_the_examples_work(client: httpx.AsyncClient, name: str) -> None:
    assert (await client.post(PATH, json=examples.PLOTS[name]["value"])).status_code == 200


async def test_an_answer_of_the_service_can_be_sent_as_it_is(client: httpx.AsyncClient) -> None:
    result = (await client.post("/v1/interpolations", json=FIVE)).json()["result"]
    response = await client.post(PATH, json={"kind": "interpolations", "problem": FIVE, "result": result})
    assert b"norm 8.204, 2 kinks" in response.content


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", SVG),
        ("*/*", SVG),
        ("image/*", SVG),
        ("image/png", PNG),
        ("image/svg+xml;q=0.5, image/png", PNG),
        ("image/*;q=0.5, image/svg+xml;q=0.1", PNG),
        ("text/html, image/apng, */*;q=0.8", SVG),
        ("image/svg+xml;q=0, */*", PNG),
        ("IMAGE/PNG; q=0.9", PNG),
        ("application/json", None),
        ("image/png;q=0, image/webp", None),
        ("image/png;q=nonsense", None),
    ],
)
async def test_the_caller_chooses_the_format(client: httpx.AsyncClient, accept: str, expected: str | None) -> None:
    response = await client.post(PATH, json=answered("norm"), headers={"Accept": accept})
    if expected is None:
        assert response.status_code == 406
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["type"] == "/problems/not-acceptable"
        assert (await client.get("/problems/not-acceptable")).status_code == 200
    else:
        assert (response.status_code, response.headers["content-type"]) == (200, expected)


async def test_the_look_is_chosen(client: httpx.AsyncClient) -> None:
    body = answered("training")
    looks: list[dict[str, Any]] = [
        {},
        {"theme": "dark"},
        {"theme": "auto"},
        {"width": 400},
        {"height": 400},
        {"frame": 0},
    ]
    pictures = [(await client.post(PATH, json=body | look)).content for look in looks]
    assert len(set(pictures)) == len(looks)


async def test_pictures_wait_for_each_other_and_hold_up_nobody_else(
    app: FastAPI, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    body, artists, let = answered("training"), app.state.artists, threading.Event()

    def plotted_once_let(*asked: Any) -> bytes:
        assert let.wait(60)
        return plotted(*asked)

    async def ask() -> None:
        assert (await client.post(PATH, json=body)).status_code == 200

    monkeypatch.setattr(plots, "plotted", plotted_once_let)
    async with anyio.create_task_group() as tasks:
        for _ in range(6):
            tasks.start_soon(ask)
        with anyio.fail_after(30):
            while artists.borrowed_tokens + artists.statistics().tasks_waiting < 6:  # noqa: ASYNC110 (nobody tells)
                await anyio.sleep(0.01)
        assert artists.borrowed_tokens == artists.total_tokens < 6
        assert (await client.get("/livez")).status_code == 200
        let.set()


HAT = {"x0": 0.0, "y0": 0.0, "slope0": 0.0, "kinks": [0.0, 1.0], "slope_changes": [1.0, -2.0]}


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"kind": "nothing"}, "/kind"),
        ({"result": None}, "/result"),
        ({"result": []}, "/result"),
        ({"result": {}}, "/result/function"),
        ({"theme": "blue"}, "/theme"),
        ({"width": 199}, "/width"),
        ({"height": 4001}, "/height"),
        ({"frame": -1}, "/frame"),
        ({"frame": 0}, "/frame"),
        ({"unknown": 1}, "/unknown"),
        ({"problem": {"x": [0, 1]}}, "/problem/y"),
        ({"problem": FIVE | {"unknown": 1}}, "/problem/unknown"),
        ({"problem": {"x": [0, 1], "y": [0, 1]}}, "/certificate/dual_values"),
        ({"problem": {"x": [0, 1], "y": [0, 1, 2]}}, "/problem/y"),
    ],
)
async def test_bad_requests_are_refused_by_place(
    client: httpx.AsyncClient, change: dict[str, Any], pointer: str
) -> None:
    response = await client.post(PATH, json=answered("without-skip") | change)
    assert response.status_code == 422, response.text
    assert response.json()["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize(
    ("name", "change", "pointer"),
    [
        ("interpolation", {"function": HAT | {"kinks": [1.0, 0.0]}}, "/result/function/kinks/1"),
        ("interpolation", {"function": HAT | {"kinks": [1.0]}}, "/result/function/slope_changes"),
        ("interpolation", {"function": HAT | {"y0": 1e300}}, "/result/function/y0"),
        ("interpolation", {"norm": "text"}, "/result/norm"),
        ("interpolation", {"norm": float("nan")}, "/result/norm"),
        ("interpolation", {"kink_count": 10**400}, "/result/kink_count"),
        ("interpolation", {"kink_count": 2**63}, "/result/kink_count"),
        ("path", {"path": []}, "/result/path"),
        ("path", {"path": [{}] * 1_001}, "/result/path"),
        ("separation", {"decision_boundaries": [0, "x"]}, "/result/decision_boundaries/1"),
        ("separation", {"transformation": {"shift": 0, "scale": 0}}, "/result/transformation/scale"),
        ("norm", {"network": {"hidden_weights": [1.0]}}, "/result/network/hidden_biases"),
        ("training", {"best": 7}, "/result/best"),
        ("training", {"runs": []}, "/result/best"),
        ("verification", {"violations": [{"code": "unheard of"}]}, "/result/violations/0/code"),
    ],
)
async def test_bad_results_are_refused_by_place(
    client: httpx.AsyncClient, name: str, change: dict[str, Any], pointer: str
) -> None:
    body = answered(name)
    body["result"] |= change
    headers = {"Content-Type": "application/json"}
    response = await client.post(PATH, content=as_json(body), headers=headers)
    assert response.status_code == 422, response.text
    assert response.json()["errors"][0]["pointer"] == pointer


def as_json(body: Any) -> bytes:
    """With numbers that orjson does not write."""
    return json.dumps(body).encode()


@pytest.mark.parametrize(
    "result",
    [
        {"path": [{"function": {}, "certificate": {}}] * 30_000},
        {"path": [{str(k): k for k in range(100)} for _ in range(1_000)]},
        {"runs": [{"frames": [{}] * 1_000}] * 1_000, "kernel": "direct", "kink_tolerance": 0.0, "best": 0},
        {"function": {"kinks": ["1"] * 900_000}},
        {"violations": [[[[[]]]]] * 400_000},
    ],
)
@pytest.mark.parametrize("kind", ["regressions", "trainings", "verifications"])
async def test_large_nonsense_is_refused_at_once(client: httpx.AsyncClient, kind: str, result: dict[str, Any]) -> None:
    response = await client.post(PATH, json={"kind": kind, "result": result}, timeout=5.0)
    assert response.status_code == 422
    assert len(response.content) < 10_000


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The ways to all parts of a document."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items:
        yield from places(item, (*path, name))


HOSTILE: tuple[Any, ...] = (
    1e308,
    -1e308,
    9e288,
    5e-324,
    0,
    -1,
    2**62,
    10**30,
    True,
    "1",
    "<script>",
    [],
    {},
    [[]],
    [1e308] * 3,
    {"a": 1},
)


@pytest.mark.parametrize("name", BODIES)
async def test_no_change_of_a_result_breaks_anything(client: httpx.AsyncClient, name: str) -> None:
    """Whatever one part of a request is replaced by, it is drawn or refused."""
    original = answered(name)
    random = np.random.default_rng(sum(map(ord, name)))
    ways = list(places(original))
    for _ in range(25):
        body = copy.deepcopy(original)
        for way in (ways[random.integers(len(ways))] for _ in range(random.integers(1, 3))):
            try:
                replace(body, way, HOSTILE[random.integers(len(HOSTILE))])
            except (KeyError, IndexError, TypeError):
                continue  # an earlier change has removed it
        response = await client.post(PATH, json=body)
        assert response.status_code in (200, 422), (response.status_code, body)
        assert b"<script>" not in response.content


def replace(body: Any, way: tuple[str | int, ...], value: Any) -> None:
    for name in way[:-1]:
        body = body[name]
    body[way[-1]] = value
