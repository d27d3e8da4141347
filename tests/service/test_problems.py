"""Every error is a problem document that names the place, echoes nothing, and leaves the service running."""

import json
from collections.abc import AsyncIterator
from typing import Any

import anyio
import httpx
import pytest
from fastapi import FastAPI

from service.kinds import KINDS, PAGES
from service.settings import GatewaySettings
from workers.minnorm.errors import MinnormError

pytestmark = pytest.mark.anyio

PATH = "/v1/interpolations"
GOOD = {"x": [0, 1, 2], "y": [0, 1, 0]}
LONG = b"9" * 400


def points(x: bytes = b"[0, 1, 2]", y: bytes = b"[0, 1, 0]") -> bytes:
    return b'{"x": ' + x + b', "y": ' + y + b"}"


@pytest.fixture
def settings() -> GatewaySettings:
    """Small limits, so that small bodies break them."""
    return GatewaySettings(max_body_bytes=500_000, max_points=1_000, ledger_timeout_s=0.2)


async def problem_of(client: httpx.AsyncClient, body: Any, **headers: str) -> tuple[int, Any]:
    response = await client.post(PATH, content=body, headers={"content-type": "application/json"} | headers)
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == response.status_code
    assert problem["request_id"] == response.headers["x-request-id"]
    assert problem["instance"] == PATH
    assert len(response.content) < 5_000
    assert (await client.get(problem["type"])).status_code == 200  # its page
    assert (await client.post(PATH, json=GOOD)).status_code == 200  # and the service goes on
    return response.status_code, problem


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (points(x=b"[0, NaN, 2]"), "/x/1"),
        (points(x=b"[0, Infinity, 2]"), "/x/1"),
        (points(y=b"[0, 1, -Infinity]"), "/y/2"),
        (points(x=b"[0, 1e400, 2]"), "/x/1"),
        (points(y=b"[0, " + LONG + b", 2]"), "/y/1"),
        (points(x=b'[0, "1.5", 2]'), "/x/1"),
        (points(x=b"[0, true, 2]"), "/x/1"),
        (points(x=b"[0, null, 2]"), "/x/1"),
        (points(x=b"[0, [1], 2]"), "/x/1"),
        (points(x=b"[0, {}, 2]"), "/x/1"),
        (points(x=b"null"), "/x"),
        (points(x=b"{}"), "/x"),
        (points(x=b'"\\ud800"'), "/x"),
        (points(x=b"[]", y=b"[]"), "/x"),
        (points(x=b"[1]", y=b"[1]"), "/x"),
        (points(x=b"[1, 1]", y=b"[1, 1]"), "/x"),  # one point, twice
        (points(x=b"[0, 1, 1]", y=b"[0, 1, 2]"), "/y/2"),
        (points(x=b"[1, 0, 1]", y=b"[0, 1, 2]"), "/y/2"),  # told in the caller's order
        (points(x=b"[0, 1]"), "/y"),
        (points(x=b"[0, 1, 1e300]"), "/x/2"),
        (points(y=b"[0, 1e308, -1e308]"), "/y/1"),
        (points(x=b"[0, 1e-200, 1]", y=b"[0, 1e200, 0]"), "/x"),  # a slope that overflows
        (b'{"x": [0, 1]}', "/y"),
        (b'{"x": [0, 1], "y": [0, 1], "z": 1}', "/z"),
        (b'{"x": [0, 1], "y": [0, 1], "a/b~c": 1}', "/a~1b~0c"),
        (b'{"x": [0, 1], "y": [0, 1], "penalise_biases": "yes"}', "/penalise_biases"),
        (b'{"x": [0, 1], "y": [0, 1], "penalise_biases": 1}', "/penalise_biases"),
        (b'{"x": [0, 1], "y": [0, 1], "objective": "fewest"}', "/objective"),
        (b"[]", ""),
        (b"null", ""),
        (b'"text"', ""),
        (b"", ""),
        (points(x=str(list(range(1_001))).encode(), y=str(list(range(1_001))).encode()), "/x"),
    ],
)
async def test_what_is_wrong_with_the_numbers_is_named(client: httpx.AsyncClient, body: bytes, pointer: str) -> None:
    status, problem = await problem_of(client, body)
    assert status == 422
    assert problem["errors"][0]["pointer"] == pointer
    assert problem["errors"][0]["detail"]


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"x": [0, 1], "y": [0, 1]',
        b'{"x": [0, 1], "y": [0, 1]} {}',
        b"{'x': [0, 1], 'y': [0, 1]}",
        b'{"x": [0, 1,], "y": [0, 1]}',
        b"\xff\xfe\x00",
        b'\xef\xbb\xbf{"x": [0, 1], "y": [0, 1]}',
        json.dumps(GOOD).encode("utf-16"),
        b"[" * 100_000,
        b'{"x":' * 50_000,
        b"\x00" * 100,
    ],
)
async def test_what_is_no_json_is_a_400(client: httpx.AsyncClient, body: bytes) -> None:
    status, problem = await problem_of(client, body)
    assert (status, problem["type"]) == (400, "/problems/invalid-json")


async def test_many_errors_do_not_make_a_long_answer(client: httpx.AsyncClient) -> None:
    status, _ = await problem_of(client, points(x=b"[" + b'"1",' * 60_000 + b"0]"))
    assert status == 422


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": "application/json; charset=latin-1"},
        {"content-type": "application/jsonx"},
    ],
)
async def test_other_media_types_are_refused(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    status, problem = await problem_of(client, points(), **headers)
    assert (status, problem["type"]) == (415, "/problems/unsupported-media-type")


async def test_a_long_body_is_refused(client: httpx.AsyncClient) -> None:
    status, problem = await problem_of(client, points() + b" " * 500_000)
    assert (status, problem["type"]) == (413, "/problems/body-too-large")
    assert "500000" in problem["detail"]


async def test_a_long_body_is_refused_also_in_chunks(client: httpx.AsyncClient) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 10_000
            yield b" " * 10_000

    status, problem = await problem_of(client, endless())
    assert (status, problem["type"]) == (413, "/problems/body-too-large")
    assert sent <= 520_000


class TestPatience:
    @pytest.fixture
    def settings(self) -> GatewaySettings:
        return GatewaySettings(ledger_timeout_s=0.2, body_timeout_s=0.2)

    async def test_a_body_that_does_not_come_is_not_waited_for(self, client: httpx.AsyncClient) -> None:
        async def slow() -> AsyncIterator[bytes]:
            yield b"{"
            await anyio.sleep(30)

        status, problem = await problem_of(client, slow())
        assert (status, problem["type"]) == (408, "/problems/body-too-slow")


@pytest.mark.parametrize(
    ("method", "path", "status", "slug"),
    [
        ("GET", "/nothing", 404, "not-found"),
        ("GET", PATH, 405, "method-not-allowed"),
        ("DELETE", "/livez", 405, "method-not-allowed"),
        ("GET", "/problems/nothing", 404, "not-found"),
        ("GET", "/v1/jobs/nothing", 503, "queue-unavailable"),
        ("GET", "/v1/jobs/nothing/result", 503, "queue-unavailable"),
    ],
)
async def test_other_errors(client: httpx.AsyncClient, method: str, path: str, status: int, slug: str) -> None:
    response = await client.request(method, path)
    assert response.headers["content-type"] == "application/problem+json"
    assert (response.status_code, response.json()["type"]) == (status, f"/problems/{slug}")
    if status == 405:
        assert response.headers["allow"]
    if status == 503:
        assert response.headers["retry-after"] == "2"
        assert response.json()["retryable"]


@pytest.mark.parametrize(
    ("path", "methods"), [(PATH, "POST"), ("/v1/jobs/a", "DELETE, GET"), ("/livez", "GET"), ("/docs", "GET")]
)
async def test_a_wrong_method_hears_of_all_that_are_right(client: httpx.AsyncClient, path: str, methods: str) -> None:
    for method in ("PUT", "PATCH", "OPTIONS"):
        assert (await client.request(method, path)).headers["allow"] == methods


async def test_without_redis_what_must_be_queued_is_refused_and_what_is_small_is_solved(
    client: httpx.AsyncClient,
) -> None:
    status, problem = await problem_of(client, points(), prefer="respond-async")
    assert (status, problem["type"]) == (503, "/problems/queue-unavailable")
    readiness = await client.get("/readyz")
    assert (readiness.status_code, readiness.json()["status"]) == (503, "unready")


async def test_a_defect_tells_nothing_but_is_logged(
    app: FastAPI, client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    @app.get("/defect")
    async def defect() -> None:
        raise ZeroDivisionError("secret")

    response = await client.get("/defect")
    assert response.status_code == 500
    assert response.json()["type"] == "/problems/internal-error"
    assert response.json()["request_id"] == response.headers["x-request-id"]
    assert "secret" not in response.text
    assert "secret" in caplog.text


async def test_every_kind_has_a_page_that_explains_it(client: httpx.AsyncClient) -> None:
    assert set(MinnormError.__subclasses__()) <= set(KINDS)
    for slug, kind in PAGES.items():
        page = await client.get(f"/problems/{slug}")
        assert page.headers["content-type"].startswith("text/html")
        assert kind.title in page.text
        assert kind.explanation


async def test_a_sensible_request_id_is_kept(client: httpx.AsyncClient) -> None:
    kept = await client.get("/livez", headers={"X-Request-ID": "abc-1.2:3"})
    assert kept.headers["x-request-id"] == "abc-1.2:3"
    replaced = await client.get("/livez", headers={"X-Request-ID": "a b\tc"})
    assert replaced.headers["x-request-id"] not in ("", "a b\tc")


@pytest.mark.parametrize(
    ("body", "slug"),
    [
        (b"{" + b",".join(b'"k%d": 0' % i for i in range(40_000)) + b"}", "too-many-fields"),
        (points(x=b"[" + b"0," * 2_000 + b"1]"), "too-many-points"),
        (points(x=b'{"x":' * 1_000 + b"1" + b"}" * 1_000), "too-many-levels"),
        (points(x=b"[" * 33 + b"1" + b"]" * 33), "too-many-levels"),
        (points(x=b"[[1" + b", 1" * 1_000 + b"], [1]]"), "too-many-points"),
        (b'{"x": [0, 1], "y": [0, 1], "' + b"k" * 100_000 + b'": 1}', "invalid-request"),
    ],
)
async def test_what_is_too_much_is_refused_soon_and_briefly(client: httpx.AsyncClient, body: bytes, slug: str) -> None:
    status, problem = await problem_of(client, body)
    assert (status, problem["type"]) == (422, f"/problems/{slug}")


async def test_a_long_path_is_not_repeated(client: httpx.AsyncClient) -> None:
    for path in ("/problems/", "/"):
        response = await client.get(path + "a" * 10_000)
        assert response.status_code == 404
        assert len(response.content) < 1_000
