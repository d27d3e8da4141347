"""API keys: who may ask, for what, and what he sees of others. Redis is real, and is killed."""

import os
import re
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from service import keys
from service.items import Gatherer
from service.launcher import CannotListen, check_openness, is_loopback
from service.main import create_app
from service.scopes import OPERATE, READ, SCOPES, SOLVE, TRAIN, scopes_for
from service.settings import GatewaySettings, gateway_settings
from tests.workers.processes import Server
from workers import chunks
from workers.broker_program import find_server
from workers.keys import Keys
from workers.settings import worker_settings

pytestmark = pytest.mark.anyio

POINTS = {"x": [0, 1, 2], "y": [0, 1, 0]}
TRAINING = POINTS | {"width": 2, "steps": 10, "weight_decay": 0.001}
BATCH = {"items": [{"custom_id": "a", "kind": "interpolations", "body": POINTS}]}
CACHE_S = 0.2

Issue = Callable[..., dict[str, str]]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="mn") as name:
        server = Server(str(find_server()), Path(name))
        yield server
        server.stop()


@pytest.fixture
def settings() -> GatewaySettings:
    return GatewaySettings(authentication="on", key_cache_s=CACHE_S, key_patience_s=60, ledger_timeout_s=5)


@pytest.fixture
def app(settings: GatewaySettings, server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[FastAPI]:
    monkeypatch.setenv("MINNORM_REDIS_URL", server.url)
    worker_settings.cache_clear()
    server.client.flushall()
    yield create_app(settings)
    worker_settings.cache_clear()


@pytest.fixture
def issue(server: Server) -> Issue:
    """Issue a key; the header that shows it."""

    def issued(*scopes: str, **options: Any) -> dict[str, str]:
        _, key = Keys(server.client).issue("a test", scopes, **options)
        return {"Authorization": f"Bearer {key}"}

    return issued


async def solve(client: httpx.AsyncClient, headers: dict[str, str], **more: str) -> httpx.Response:
    return await client.post("/v1/interpolations", json=POINTS, headers=headers | more)


async def test_without_a_key_only_what_is_open_answers(client: httpx.AsyncClient) -> None:
    refused = await solve(client, {})
    assert (refused.status_code, refused.json()["type"]) == (401, "/problems/unauthenticated")
    assert refused.headers["www-authenticate"] == 'Bearer realm="minnorm"'
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["x-request-id"] == refused.json()["request_id"]
    for path in ("/livez", "/docs", "/openapi.json", "/problems/unauthenticated"):
        assert (await client.get(path)).status_code == 200
    assert (await client.get("/readyz")).status_code == 503  # there is no worker
    for path in ("/metrics", "/v1/capabilities", "/v1/jobs", "/v1/nothing"):
        assert (await client.get(path)).status_code == 401


async def test_what_is_no_key_opens_nothing(client: httpx.AsyncClient, issue: Issue) -> None:
    key = issue(SOLVE)["Authorization"].split()[1]
    other = "A" if key[-2] != "A" else "B"
    assert (await solve(client, {"Authorization": f"bearer {key}"})).status_code == 200
    wrong = ["", key, f"Basic {key}", "Bearer", "Bearer x", f"Bearer {key[:-1]}", f"Bearer {key} x", "Bearer é"]
    wrong += [f"Bearer {key[:-2]}{other}{key[-1]}", f"Bearer mn_{'0' * 12}_{key[-43:]}"]
    for value in wrong:
        refused = await client.post(
            "/v1/interpolations", json=POINTS, headers=[(b"authorization", value.encode("latin-1"))]
        )
        assert refused.status_code == 401, value
        assert refused.headers["www-authenticate"].startswith("Bearer ")
        assert key[-43:] not in refused.text


@pytest.mark.parametrize(
    ("method", "path", "good"),
    [
        ("GET", "/v1/jobs", {READ}),
        ("GET", "/v1/capabilities", {READ}),
        ("GET", "/metrics", {OPERATE}),
        ("POST", "/v1/interpolations", {SOLVE}),
        ("POST", "/v1/verifications", {SOLVE}),
        ("POST", "/v1/batches", {SOLVE}),
        ("POST", "/v1/trainings", {TRAIN}),
        ("POST", "/v1/jobs/job_x/cancel", {SOLVE, TRAIN}),
        ("DELETE", "/v1/jobs/job_x", {SOLVE, TRAIN}),
        ("DELETE", "/v1/batches/batch_x", {SOLVE, TRAIN}),
    ],
)
async def test_a_key_is_good_for_its_scopes(
    client: httpx.AsyncClient, issue: Issue, method: str, path: str, good: set[str]
) -> None:
    for scope in SCOPES:
        answer = await client.request(method, path, headers=issue(scope))
        if scope in good:
            assert answer.status_code not in (401, 403)
            continue
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/forbidden")
        wanted = answer.headers["www-authenticate"]
        assert 'error="insufficient_scope"' in wanted
        assert set(re.findall(r'scope="([a-z ]*)"', wanted)[0].split()) == good


def test_every_route_that_is_open_only_shows_things(app: FastAPI) -> None:
    documented = app.openapi()["paths"]
    open_ones = {path for path in documented if not scopes_for("GET", path)}
    assert open_ones == {"/livez", "/readyz", "/problems/{slug}"}
    for route in app.routes:
        if isinstance(route, APIRoute) and not scopes_for("GET", route.path):
            assert (route.methods or set()) <= {"GET", "HEAD"}, route.path


def test_the_document_says_where_a_key_is_needed(app: FastAPI) -> None:
    document = app.openapi()
    scheme = document["components"]["securitySchemes"]["key"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    assert all(f"`{scope}`" in scheme["description"] for scope in SCOPES)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            guarded = bool(scopes_for(method.upper(), path))
            assert (operation.get("security") == [{"key": []}, {}]) == guarded, path
            assert ({"401", "403"} <= set(operation["responses"])) == guarded, path


async def test_a_training_in_a_batch_needs_its_own_scope() -> None:
    items = [*BATCH["items"], {"custom_id": "b", "kind": "trainings", "body": TRAINING}]
    for scopes, failed in (((SOLVE,), [False, True]), ((SOLVE, TRAIN), [False, False]), (None, [False, False])):
        gatherer = Gatherer(GatewaySettings(), scopes)
        found = [line for chunk in gatherer.take_items(items) + gatherer.last() for line in chunks.split(chunk.payload)]
        assert [chunks.is_failed(line) for line in sorted(found, key=chunks.custom_id)] == failed
    refused = next(line for line in found if chunks.custom_id(line) == "b")
    assert b"forbidden" not in refused


async def test_a_key_sees_nothing_of_another_ones(client: httpx.AsyncClient, issue: Issue) -> None:
    mine, other = issue(READ, SOLVE), issue(READ, SOLVE)
    job = (await solve(client, mine, Prefer="respond-async")).json()["links"]["self"]
    batch = (await client.post("/v1/batches", json=BATCH, headers=mine)).json()["links"]["self"]
    verbs = [("GET", ""), ("POST", "/cancel"), ("POST", "/retry"), ("DELETE", "")]
    for path, more in ((job, [("GET", "/result"), ("GET", "/events")]), (batch, [("GET", "/results")])):
        for method, suffix in verbs + more:
            refused = await client.request(method, path + suffix, headers=other)
            assert (refused.status_code, refused.json()["type"]) == (404, "/problems/job-unknown"), path + suffix
    assert (await client.get("/v1/jobs", headers=other)).json()["jobs"] == []
    listed = (await client.get("/v1/jobs", headers=mine)).json()["jobs"]
    assert [found["links"]["self"] for found in listed] == [job]
    for path in (job, batch):
        assert (await client.get(path, headers=mine)).json()["state"] == "queued"
        assert (await client.post(path + "/cancel", headers=mine)).json()["state"] == "canceled"
        assert (await client.post(path + "/retry", headers=mine)).status_code == 202
        assert (await client.delete(path, headers=mine)).status_code == 204


async def test_an_idempotency_key_belongs_to_an_api_key(client: httpx.AsyncClient, issue: Issue) -> None:
    mine, other = issue(SOLVE), issue(SOLVE)
    sent = {"Idempotency-Key": "once"}
    first = await solve(client, mine, **sent)
    assert "idempotent-replayed" not in (await solve(client, other, **sent)).headers
    replayed = await solve(client, mine, **sent)
    assert replayed.headers["idempotent-replayed"] == "true"
    assert replayed.json()["id"] == first.json()["id"]


async def test_a_revoked_key_opens_nothing_within_seconds(
    client: httpx.AsyncClient, issue: Issue, server: Server
) -> None:
    key = issue(SOLVE)
    assert (await solve(client, key)).status_code == 200
    assert Keys(server.client).revoke(key["Authorization"].split("_")[1])
    await anyio.sleep(2 * CACHE_S)
    assert (await solve(client, key)).status_code == 401
    assert not Keys(server.client).revoke(key["Authorization"].split("_")[1])


async def test_a_key_expires(client: httpx.AsyncClient, issue: Issue, server: Server) -> None:
    key = issue(SOLVE, life_s=60)
    assert (await solve(client, key)).status_code == 200
    (name,) = server.client.keys("minnorm:key:*")
    assert 0 < server.client.ttl(name) <= 60
    server.client.pexpire(name, 1)  # sooner than by itself
    await anyio.sleep(2 * CACHE_S)
    assert (await solve(client, key)).status_code == 401
    assert Keys(server.client).all() == ()
    assert not server.client.exists("minnorm:keys")


async def test_while_redis_is_away_known_keys_open_what_needs_no_redis(
    client: httpx.AsyncClient, issue: Issue, server: Server
) -> None:
    known, unknown = issue(SOLVE), issue(SOLVE)
    assert (await solve(client, known)).status_code == 200
    server.kill()
    try:
        await anyio.sleep(2 * CACHE_S)
        for _ in range(3):
            assert (await solve(client, known)).status_code == 200
        refused = await solve(client, unknown)
        assert (refused.status_code, refused.json()["type"]) == (503, "/problems/queue-unavailable")
        assert int(refused.headers["retry-after"]) > 0
        assert (await client.get("/livez")).status_code == 200
    finally:
        server.start()
    assert (await solve(client, unknown)).status_code == 200


class TestWithoutPatience:
    @pytest.fixture
    def settings(self) -> GatewaySettings:
        return GatewaySettings(authentication="on", key_cache_s=CACHE_S, key_patience_s=CACHE_S, ledger_timeout_s=5)

    async def test_patience_ends(self, client: httpx.AsyncClient, issue: Issue, server: Server) -> None:
        key = issue(SOLVE)
        assert (await solve(client, key)).status_code == 200
        server.kill()
        try:
            await anyio.sleep(2 * CACHE_S)
            assert (await solve(client, key)).status_code == 503
        finally:
            server.start()


async def test_a_key_may_have_a_rate_of_its_own(client: httpx.AsyncClient, issue: Issue) -> None:
    slow, usual = issue(SOLVE, rate=2), issue(SOLVE)
    answers = [await solve(client, slow) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[0].headers["ratelimit-policy"] == '"default";q=2;w=60'
    assert int(answers[2].headers["retry-after"]) <= 30
    assert (await solve(client, usual)).headers["ratelimit-policy"] == '"default";q=1000000;w=60'


class TestCommand:
    """`python -m service.keys`."""

    @pytest.fixture(autouse=True)
    def _surroundings(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        monkeypatch.setenv("MINNORM_REDIS_URL", server.url)
        for cached in (worker_settings, gateway_settings):
            cached.cache_clear()
        server.client.flushall()
        yield
        for cached in (worker_settings, gateway_settings):
            cached.cache_clear()

    def test_issue_list_revoke(self, server: Server, capsys: pytest.CaptureFixture[str]) -> None:
        words = ["--name", "ci of the lab", "--scope", "solve", "--scope", "read", "--rate", "10", "--expires", "90d"]
        assert keys.main(["issue", *words]) == 0
        key = capsys.readouterr().out.strip()
        id_ = key.split("_")[1]
        assert re.fullmatch(r"mn_[0-9a-f]{12}_[\w-]{43}", key)
        stored: Any = server.client.get(f"minnorm:key:{id_}")
        assert len(server.client.keys("*")) == 2
        assert id_.encode() in stored
        assert key[-43:].encode() not in stored
        assert keys.main(["list"]) == 0
        line = capsys.readouterr().out
        assert line.startswith(f"{id_}  ci of the lab  read,solve  10 requests a window  made ")
        assert "expires" in line
        assert key[-43:] not in line
        assert keys.main(["revoke", id_]) == 0
        assert keys.main(["revoke", id_]) == 1
        capsys.readouterr()
        assert keys.main(["list"]) == 0
        assert capsys.readouterr().out == ""

    @pytest.mark.parametrize(
        "words",
        [
            ["issue", "--name", "a"],
            ["issue", "--name", "a", "--scope", "everything"],
            ["issue", "--name", "a\nb", "--scope", "read"],
            ["issue", "--name", "a", "--scope", "read", "--rate", "0"],
            ["issue", "--name", "a", "--scope", "read", "--expires", "soon"],
            [],
        ],
    )
    def test_what_makes_no_sense_is_refused(self, words: list[str], server: Server) -> None:
        with pytest.raises(SystemExit):
            keys.main(words)
        assert not server.client.keys("*")

    def test_without_redis_it_says_so(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.delenv("MINNORM_REDIS_URL")
        monkeypatch.setenv("MINNORM_DATA_DIR", str(tmp_path))
        worker_settings.cache_clear()
        assert keys.main(["list"]) == 1
        assert "set MINNORM_REDIS_URL" in capsys.readouterr().err
        assert os.listdir(tmp_path) == []  # noqa: PTH208 (a plain look)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.org"])  # noqa: S104
def test_others_are_not_served_unasked(host: str) -> None:
    with pytest.raises(CannotListen, match="MINNORM_AUTHENTICATION=on"):
        check_openness(GatewaySettings(host=host))
    check_openness(GatewaySettings(host=host, authentication="on"))
    check_openness(GatewaySettings(host=host, allow_anybody=True))
    assert not is_loopback(host)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.1.2.3"])
def test_this_machine_is_served_unasked(host: str) -> None:
    check_openness(GatewaySettings(host=host))


async def test_without_authentication_nobody_is_asked(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINNORM_REDIS_URL", server.url)
    worker_settings.cache_clear()
    async with _http(create_app(GatewaySettings())) as client:
        job = (await solve(client, {"Authorization": "Bearer one"}, Prefer="respond-async")).json()["links"]["self"]
        assert (await client.get(job, headers={"Authorization": "Bearer two"})).status_code == 200
        assert (await client.get("/metrics")).status_code == 200
    worker_settings.cache_clear()


def _http(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with _http(app) as client:
        yield client
