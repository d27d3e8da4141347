"""What every answer has: protective headers, a place in the figures, a line in the log if one is wanted."""

import io
import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.responses import PlainTextResponse

from service.main import create_app
from service.settings import GatewaySettings
from workers import compute, journal

pytestmark = pytest.mark.anyio
POINTS = {"x": [0, 1, 2], "y": [0, 1, 0]}
JSON = {"Content-Type": "application/json"}
API = "default-src 'none'; frame-ancestors 'none'"


async def answers_of_all_kinds(client: httpx.AsyncClient) -> dict[str, httpx.Response]:
    return {
        "solved": await client.post("/v1/interpolations", json=POINTS),
        "refused": await client.post("/v1/interpolations", content=b"{", headers=JSON),
        "no queue": await client.post("/v1/interpolations", json=POINTS, headers={"Prefer": "respond-async"}),
        "unknown": await client.get("/nothing/at/all"),
        "wrong method": await client.put("/v1/norms"),
        "alive": await client.get("/livez"),
        "figures": await client.get("/metrics"),
        "document": await client.get("/openapi.json"),
        "file": await client.get("/static-offline-docs/swagger-ui.css"),
    }


async def test_every_answer_is_protected(client: httpx.AsyncClient) -> None:
    for name, answer in (await answers_of_all_kinds(client)).items():
        assert answer.headers.get_list("x-content-type-options") == ["nosniff"], name
        is_shown = answer.request.method != "POST"  # by a browser
        assert answer.headers.get_list("referrer-policy") == ["no-referrer"] * is_shown, name
        assert answer.headers.get_list("content-security-policy") == [API] * is_shown, name
        assert "strict-transport-security" not in answer.headers, name


async def test_a_defect_is_answered_with_protection(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(compute, "answer", broken)
    answer = await client.post("/v1/interpolations", json=POINTS)
    assert answer.status_code == 500
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    figures = (await client.get("/metrics")).text
    assert 'minnorm_requests_total{method="POST",route="/v1/interpolations",status="500"} 1.0' in figures


async def test_what_is_private_is_not_stored(client: httpx.AsyncClient) -> None:
    found = await answers_of_all_kinds(client)
    private = {name for name, answer in found.items() if answer.headers.get("cache-control") == "no-store"}
    assert private == {"solved", "refused", "no queue", "wrong method", "figures"}


async def test_pages_may_do_what_they_need(client: httpx.AsyncClient) -> None:
    for path in ("/docs", "/redoc"):
        policy = (await client.get(path)).headers["content-security-policy"]
        assert "script-src 'self' 'unsafe-inline'" in policy
        assert "default-src 'none'" in policy
    page = await client.get("/problems/canceled")
    assert "'unsafe-inline'" not in page.headers["content-security-policy"]
    assert page.headers.get_list("content-security-policy") == [page.headers["content-security-policy"]]
    assert "style-src 'sha256-" in page.headers["content-security-policy"]


async def test_a_policy_of_its_own_is_left_alone(app: FastAPI, client: httpx.AsyncClient) -> None:
    @app.get("/own", include_in_schema=False)
    async def own() -> Any:
        headers = {"Content-Security-Policy": "default-src 'self'", "Cache-Control": "max-age=60"}
        return PlainTextResponse("own", headers=headers)

    answer = await client.get("/own")
    assert answer.headers.get_list("content-security-policy") == ["default-src 'self'"]
    assert answer.headers["cache-control"] == "max-age=60"


class TestBehindTls:
    @pytest.fixture
    def settings(self) -> GatewaySettings:
        return GatewaySettings(behind_tls=True, ledger_timeout_s=0.2)

    async def test_browsers_are_told_to_stay_with_it(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/livez")
        assert answer.headers["strict-transport-security"] == "max-age=31536000"


async def test_requests_are_counted_by_template(client: httpx.AsyncClient) -> None:
    for number in range(3):
        await client.get(f"/v1/jobs/job_{number}")
        await client.get(f"/nothing/{number}")
    await client.post("/v1/interpolations", json=POINTS)
    await client.request("BREW", "/livez")
    await client.request("STEEP", "/livez")
    text = (await client.get("/metrics")).text
    counted = dict(re.findall(r"^minnorm_requests_total\{(.*)\} (.*)$", text, re.MULTILINE))
    assert counted == {
        'method="GET",route="/v1/jobs/{job_id}",status="503"': "3.0",
        'method="GET",route="(none)",status="404"': "3.0",
        'method="POST",route="/v1/interpolations",status="200"': "1.0",
        'method="other",route="/livez",status="405"': "2.0",
    }
    assert 'minnorm_request_duration_seconds_count{method="GET",route="/v1/jobs/{job_id}"} 3.0' in text
    assert 'minnorm_request_duration_seconds_bucket{le="+Inf",method="POST",route="/v1/interpolations"} 1.0' in text
    assert "job_1" not in text


async def test_files_are_counted_together(client: httpx.AsyncClient) -> None:
    for name in ("swagger-ui.css", "favicon.png", "no-such-file"):
        await client.get(f"/static-offline-docs/{name}")
    text = (await client.get("/metrics")).text
    assert len(re.findall(r"^minnorm_requests_total.*static", text, re.MULTILINE)) == 2
    assert 'route="/static-offline-docs",status="200"} 2.0' in text
    assert "no-such-file" not in text


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """The log of this process in JSON, for the time of a test."""
    root = logging.getLogger()
    before = root.handlers[:], root.level, {name: logging.getLogger(name).level for name in journal.OURS}
    stream = io.StringIO()
    journal.set_up("json", stream=stream)
    yield stream
    root.handlers[:], root.level = before[:2]
    for name, level in before[2].items():
        logging.getLogger(name).setLevel(level)


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


async def test_each_request_has_a_line(client: httpx.AsyncClient, log: io.StringIO) -> None:
    secret = {"Authorization": "Bearer a-secret", "X-Request-ID": "mine"}
    await client.post("/v1/interpolations", json=POINTS | {"metadata": {"a": "body-text"}}, headers=secret)
    await client.get("/v1/jobs/job_" + "0" * 32)
    await client.get("/v1/jobs/not-an-id?query-text")
    told = [line for line in lines(log) if line["logger"] == "service.reception"]
    assert len(told) == 3
    assert {name: told[0][name] for name in ("request_id", "method", "route", "status", "level")} == {
        "request_id": "mine",
        "method": "POST",
        "route": "/v1/interpolations",
        "status": 200,
        "level": "info",
    }
    assert told[0]["duration_ms"] > 0
    assert len(told[0]["caller"]) == 16
    assert "job_id" not in told[0]
    assert (told[1]["job_id"], told[1]["route"]) == ("job_" + "0" * 32, "/v1/jobs/{job_id}")
    assert "job_id" not in told[2]
    for word in ("a-secret", "body-text", "query-text", "not-an-id"):
        assert word not in log.getvalue()


async def test_a_defect_is_one_line(client: httpx.AsyncClient, log: io.StringIO, monkeypatch: Any) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a defect\nover two lines")

    monkeypatch.setattr(compute, "answer", broken)
    await client.post("/v1/interpolations", json=POINTS)
    defect = next(line for line in lines(log) if line["level"] == "error")
    assert "a defect\nover two lines" in defect["error"]
    assert next(line for line in lines(log) if line["logger"] == "service.reception")["status"] == 500


async def test_by_default_nothing_is_logged(client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    assert GatewaySettings().log == "off"
    await client.get("/livez")
    assert [record for record in caplog.records if record.name == "service.reception"] == []


def test_lines_for_people() -> None:
    record = logging.LogRecord("service", logging.INFO, "", 0, "one\ntwo", None, None)
    record.fields = {"status": 200, "caller": ""}
    assert re.fullmatch(r"[\d:, -]+ INFO service: one\\ntwo \(status=200\)", journal.TextLines().format(record))


def test_the_app_takes_its_form_from_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINNORM_LOG", "json")
    assert create_app(GatewaySettings()).state.settings.log == "json"
