"""Batches through the whole service: many problems under one id, each with exactly one line in the end."""

import os
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import islice
from typing import Any

import httpx
import numpy as np
import orjson
import pytest

from service.examples import BATCH_LINES, BATCHES
from service.five_points import FIVE_POINTS
from tests.launched import Launched
from tests.processes import eventually

BATCH = "/v1/batches"
NDJSON = {"Content-Type": "application/x-ndjson"}
JSON = {"Content-Type": "application/json"}
TRAINING = {"kind": "trainings", "body": FIVE_POINTS | {"steps": 1_000}}
"""Of a queue of its own: it does not end while that is held, and what is beside it does."""


@pytest.fixture
def http(service: Launched) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{service.port}", timeout=90) as client:
        yield client


def item(name: Any, body: Any = FIVE_POINTS, kind: Any = "interpolations", **more: Any) -> dict[str, Any]:
    return {"custom_id": name, "kind": kind, "body": body, **more}


def data(points: int, generator: np.random.Generator) -> dict[str, Any]:
    x = np.cumsum(generator.uniform(0.1, 1, points))
    return {"x": x, "y": generator.normal(size=points)}


def lines(items: Iterable[Any]) -> bytes:
    return b"".join(orjson.dumps(one, option=orjson.OPT_SERIALIZE_NUMPY) + b"\n" for one in items)


def many(count: int, points: int = 35, seed: int = 0) -> bytes:
    generator = np.random.default_rng(seed)
    return lines(item(f"set {index}", data(points, generator)) for index in range(count))


def submit(http: httpx.Client, body: bytes, **headers: str) -> httpx.Response:
    return http.post(BATCH, content=body, headers=NDJSON | headers)


def accepted(http: httpx.Client, items: Iterable[Any]) -> str:
    response = submit(http, lines(items))
    assert response.status_code == 202, response.text
    return str(response.json()["links"]["self"])


def results(http: httpx.Client, address: str) -> list[dict[str, Any]]:
    """All lines, which end when the batch does."""
    response = http.get(f"{address}/results")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("application/x-ndjson")
    assert response.text.endswith("\n")
    return [orjson.loads(line) for line in response.text.splitlines()]


def by_name(http: httpx.Client, address: str) -> dict[str, dict[str, Any]]:
    found = results(http, address)
    named = {line["custom_id"]: line for line in found}
    assert len(named) == len(found)
    return named


def ended(http: httpx.Client, address: str) -> dict[str, Any]:
    return dict(http.get(address, headers={"Prefer": "wait=60"}).json())


def payloads(service: Launched) -> set[str]:
    """All chunks that wait, or whose batch has not been opened."""
    return {os.fsdecode(name) for name in service.broker().keys("minnorm:payload:batch_*")}


def test_ten_thousand_data_sets(http: httpx.Client) -> None:
    response = submit(http, many(10_000))
    assert response.status_code == 202
    batch = response.json()
    address = batch["links"]["self"]
    assert response.headers["location"] == address == f"{BATCH}/{batch['id']}"
    assert batch["counts"]["total"] == 10_000

    found = by_name(http, address)
    assert set(found) == {f"set {index}" for index in range(10_000)}
    assert {(line["status"], line["outcome"]) for line in found.values()} == {(200, "optimal")}
    done = ended(http, address)
    assert done["state"] == "succeeded"
    assert done["counts"] == {
        "total": 10_000, "pending": 0, "succeeded": 10_000, "failed": 0, "canceled": 0, "expired": 0,
    }  # fmt: skip
    assert done["progress"]["fraction"] == 1
    assert set(done["links"]) == {"self", "results"}
    alone = http.post("/v1/interpolations", content=lines([data(35, np.random.default_rng(0))]), headers=JSON)
    assert found["set 0"]["result"] == alone.json()["result"]


@pytest.mark.parametrize("name", BATCHES)
def test_examples_work_in_both_forms(http: httpx.Client, name: str) -> None:
    document: Any = BATCHES[name]["value"]
    as_document = http.post(BATCH, json=document)
    assert as_document.status_code == 202
    by_lines = submit(http, str(BATCH_LINES[name]["value"]).encode())
    first, second = (results(http, response.json()["links"]["self"]) for response in (as_document, by_lines))
    assert first == second
    assert {line["custom_id"] for line in first} == {one["custom_id"] for one in document["items"]}
    assert as_document.json().get("metadata") == document.get("metadata")
    assert any(line["status"] != 200 for line in first) == (name == "one_fails")


BAD: dict[str, tuple[Any, str, str, int]] = {
    "kind": (item("bad", kind="dreams"), "invalid-request", "/kind", 422),
    "field": (item("bad", priority=1), "invalid-request", "/priority", 422),
    "no body": ({"custom_id": "bad", "kind": "norms"}, "invalid-request", "/body", 422),
    "body": (item("bad", [1, 2]), "invalid-request", "/body", 422),
    "number": (item("bad", {"x": [0, "1"], "y": [0, 1]}), "invalid-request", "/body/x/1", 422),
    "few": (item("bad", {"x": [0], "y": [0]}), "invalid-request", "/body/x", 422),
    "option": (item("bad", FIVE_POINTS | {"time_limit_s": 1}), "invalid-request", "/body/time_limit_s", 422),
    "fields": (item("bad", {f"f{i}": 1 for i in range(200)}), "too-many-fields", "", 422),
    "points": (item("bad", {"x": [0] * 1_000_001, "y": [0, 1]}), "too-many-points", "/body/x", 422),
    "deep": (
        item("bad", {"function": {"kinks": [0] * 1_000_001}}, "norms"), "too-many-points", "/body/function/kinks", 422,
    ),
    "ambiguous": (item("bad", {"x": [0, 0], "y": [0, 1]}), "conflicting-values", "/body/y/1", 422),
    "twice": (item("good"), "duplicate-custom-id", "/custom_id", 422),
}  # fmt: skip


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_item_fails_alone(http: httpx.Client, fault: str) -> None:
    bad, code, pointer, status = BAD[fault]
    address = accepted(http, [item("good"), bad, item("other")])
    found = results(http, address)
    assert [line["custom_id"] for line in found] == ["good", bad["custom_id"], "other"]
    assert [line["status"] for line in found] == [200, status, 200]
    error = found[1]["error"]
    assert error["type"] == f"/problems/{code}"
    assert error["title"]
    assert (error["status"], error["retryable"]) == (status, False)
    assert [(one["pointer"], one["code"]) for one in error["errors"]] == [(pointer, code)]
    assert error["errors"][0]["detail"] == error["detail"]
    assert http.get(error["type"]).status_code == 200
    counts = http.get(address).json()["counts"]
    assert (counts["succeeded"], counts["failed"]) == (2, 1)


def test_numbers_that_are_none_fail_by_their_place(http: httpx.Client) -> None:
    body = (
        lines([item("good")]) + b'{"custom_id": "bad", "kind": "interpolations", "body": {"x": [0, NaN], "y": [0, 1]}}'
    )
    found = results(http, submit(http, body).json()["links"]["self"])
    assert [line["status"] for line in found] == [200, 422]
    assert found[1]["error"]["errors"][0]["pointer"] == "/body/x/1"


def test_the_text_of_an_item_is_not_repeated(http: httpx.Client) -> None:
    address = accepted(http, [item("bad", {"x": ["a secret"], "y": {"secret": "secret"}}, "secret")])
    assert "secret" not in http.get(f"{address}/results").text


REFUSED: dict[str, tuple[bytes, int, str, str]] = {
    "no JSON": (lines([item("a")]) + b"\n{]\n", 400, "/items/1", "Line 3"),
    "no object": (b"[1]\n", 422, "/items/0", "line 1"),
    "no name": (lines([item("a"), {"kind": "norms", "body": {}}]), 422, "/items/1/custom_id", "line 2"),
    "empty name": (lines([item("")]), 422, "/items/0/custom_id", "line 1"),
    "long name": (lines([item("n" * 201)]), 422, "/items/0/custom_id", "line 1"),
    "number": (lines([item(7)]), 422, "/items/0/custom_id", "line 1"),
    "half a character": (b'{"custom_id": "\\ud800"}', 422, "/items/0/custom_id", "line 1"),
    "nothing": (b"", 422, "/items", "at least one"),
    "empty lines": (b"\n\r\n\n", 422, "/items", "at least one"),
    "too many": (lines({"custom_id": str(i)} for i in range(100_001)), 422, "/items", "at most 100000"),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_an_item_that_cannot_be_named_refuses_the_batch(service: Launched, http: httpx.Client, fault: str) -> None:
    body, status, pointer, said = REFUSED[fault]
    before = payloads(service)
    response = submit(http, body)
    assert response.status_code == status
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]
    assert said in response.json()["detail"]
    assert payloads(service) <= before
    assert http.get("/livez").status_code == 200  # on the same connection


DOCUMENTS: dict[str, tuple[Any, int, list[str]]] = {
    "no items": ({}, 422, ["/items"]),
    "empty": ({"items": []}, 422, ["/items"]),
    "unknown": ({"items": [item("a")], "more": 1}, 422, ["/more"]),
    "metadata": ({"items": [item("a")], "metadata": {"a": 1}}, 422, ["/metadata/a"]),
    "array": ([item("a")], 422, [""]),
    "too many": ({"items": [0] * 100_001}, 422, ["/items"]),
    "no name": ({"items": [item("a"), item(None)]}, 422, ["/items/1/custom_id"]),
}


@pytest.mark.parametrize("fault", DOCUMENTS)
def test_a_document_with_something_wrong_around_its_items(http: httpx.Client, fault: str) -> None:
    document, status, pointers = DOCUMENTS[fault]
    response = http.post(BATCH, json=document)
    assert response.status_code == status
    assert [error["pointer"] for error in response.json()["errors"]] == pointers


def test_media_types(http: httpx.Client) -> None:
    for name in ("application/jsonl", "application/x-ndjson; charset=utf-8", "Application/X-NDJSON"):
        assert http.post(BATCH, content=lines([item("a")]), headers={"Content-Type": name}).status_code == 202
    for name in ("text/plain", "application/x-ndjson; charset=latin-1", ""):
        refused = http.post(BATCH, content=lines([item("a")]), headers={"Content-Type": name})
        assert (refused.status_code, refused.json()["type"]) == (415, "/problems/unsupported-media-type")
    assert submit(http, b"", **{"Content-Encoding": "br"}).status_code == 415


def test_lines_may_end_as_on_windows_and_come_in_any_pieces(http: httpx.Client) -> None:
    body = lines(item(f"{index}") for index in range(40)).replace(b"\n", b"\r\n\r\n").rstrip()
    pieces = (body[at : at + 7] for at in range(0, len(body), 7))
    response = http.post(BATCH, content=pieces, headers=NDJSON)
    assert response.status_code == 202
    assert len(by_name(http, response.json()["links"]["self"])) == 40


def test_results_come_while_the_batch_runs(service: Launched, http: httpx.Client) -> None:
    with ExitStack() as stack:
        with service.held("train"):
            address = submit(http, many(30, points=20_000) + lines([item("last") | TRAINING])).json()["links"]["self"]
            arriving = stack.enter_context(http.stream("GET", f"{address}/results")).iter_lines()
            names = [orjson.loads(line)["custom_id"] for line in islice(arriving, 30)]
            assert set(names) == {f"set {index}" for index in range(30)}
            assert http.get(address).json()["state"] == "running"
        assert [orjson.loads(line)["custom_id"] for line in arriving] == ["last"]
    assert http.get(address).json()["state"] == "succeeded"


def test_a_batch_is_waited_for(service: Launched, http: httpx.Client) -> None:
    with service.held("batch"):
        address = submit(http, many(60, points=20_000)).json()["links"]["self"]
        before = http.get(address)
    changed = http.get(address, headers={"If-None-Match": before.headers["etag"], "Prefer": "wait=30"})
    assert changed.status_code == 200
    assert changed.headers["etag"] != before.headers["etag"]
    done = http.get(address, headers={"Prefer": "wait=60"})
    assert done.headers["preference-applied"] == "wait=60"
    assert done.json()["state"] == "succeeded"
    times = [done.json()[name] for name in ("created_at", "started_at", "finished_at", "expires_at")]
    assert times == sorted(times)
    unchanged = http.get(address, headers={"If-None-Match": done.headers["etag"], "Prefer": "wait=30"})
    assert (unchanged.status_code, unchanged.content) == (304, b"")


def test_a_cancelled_batch_has_a_line_for_each_item_and_can_be_tried_again(
    service: Launched, http: httpx.Client
) -> None:
    with service.held("train"):
        address = submit(http, many(80, points=20_000) + lines([item("last") | TRAINING])).json()["links"]["self"]
        eventually(lambda: http.get(address).json()["counts"]["succeeded"] > 0, what="the first results")
        busy = http.delete(address)
        assert (busy.status_code, busy.json()["type"]) == (409, "/problems/job-busy")
        assert http.post(f"{address}/retry").status_code == 409
        response = http.post(f"{address}/cancel")
        assert response.status_code in (200, 202)
        assert response.json()["state"] in ("canceling", "canceled")
        batch = ended(http, address)
    assert batch["state"] == "canceled"
    found = by_name(http, address)
    assert len(found) == 81
    canceled = [line for line in found.values() if line["status"] != 200]
    assert {(line["status"], line["error"]["type"]) for line in canceled} == {(409, "/problems/canceled")}
    assert batch["counts"]["canceled"] == len(canceled) > 0
    assert http.post(f"{address}/cancel").status_code == 200

    again = http.post(batch["links"]["retry"])
    assert (again.status_code, again.headers["location"]) == (202, again.json()["links"]["self"])
    assert again.json()["links"]["retry_of"] == address
    assert again.json()["counts"]["total"] == len(canceled)
    assert http.post(batch["links"]["retry"]).json()["id"] == again.json()["id"]
    rest = by_name(http, again.headers["location"])
    assert set(rest) == {line["custom_id"] for line in canceled}
    assert {line["status"] for line in rest.values()} == {200}
    assert http.post(f"{again.headers['location']}/retry").json()["type"] == "/problems/job-succeeded"


def test_a_deadline_leaves_what_is_there(service: Launched, http: httpx.Client) -> None:
    items = [item(f"set {index}") for index in range(9)] + [item("last") | TRAINING]
    with service.held("train"):
        address = submit(http, lines(items), **{"Cancel-After": "2s"}).json()["links"]["self"]
        batch = ended(http, address)
    assert batch["state"] == "expired"
    found = by_name(http, address)
    assert len(found) == len(items)
    expired = [line for line in found.values() if line["status"] != 200]
    assert {line["error"]["type"] for line in expired} == {"/problems/expired"}
    assert batch["counts"]["expired"] == len(expired)
    assert batch["counts"]["succeeded"] == len(items) - len(expired)
    assert found["last"] in expired


def test_the_same_key_is_the_same_batch(service: Launched, http: httpx.Client) -> None:
    body, key = many(50), f"key {time.monotonic_ns()}"
    before = payloads(service)
    first = submit(http, body, **{"Idempotency-Key": key})
    assert "idempotent-replayed" not in first.headers
    again = http.post(
        BATCH, content=(body[at : at + 999] for at in range(0, len(body), 999)),
        headers=NDJSON | {"Idempotency-Key": key},
    )  # fmt: skip
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json()["id"] == first.json()["id"]
    other = submit(http, body + b'{"custom_id": "more"}', **{"Idempotency-Key": key})
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")
    ended(http, first.json()["links"]["self"])
    assert submit(http, body, **{"Idempotency-Key": key}).status_code == 200
    assert payloads(service) <= before


def test_a_deleted_batch_is_gone(service: Launched, http: httpx.Client) -> None:
    address = accepted(http, [item("a")])
    ended(http, address)
    for _ in range(2):
        assert http.delete(address).status_code == 204
    assert http.get(address).status_code == 410
    assert http.get(f"{address}/results").status_code == 410
    assert service.broker().keys(f"minnorm:*{address.rpartition('/')[2]}*") == [f"minnorm:tombstone:{address[12:]}"]


def test_a_batch_whose_sender_hangs_up_leaves_nothing(service: Launched, http: httpx.Client) -> None:
    before, body = payloads(service), many(9_000)
    with socket.create_connection(("127.0.0.1", service.port)) as connection:
        head = f"POST {BATCH} HTTP/1.1\r\nHost: a\r\nContent-Type: {NDJSON['Content-Type']}\r\n"
        connection.sendall(f"{head}Content-Length: {len(body) + 1}\r\n\r\n".encode() + body)
        eventually(lambda: payloads(service) - before, what="the first chunks")
    eventually(lambda: payloads(service) <= before, what="their end")
    assert http.get("/metrics").status_code == 200


def test_an_unknown_batch(http: httpx.Client) -> None:
    address = f"{BATCH}/batch_unknown"
    answers = [http.get(address), http.get(f"{address}/results"), http.post(f"{address}/cancel"), http.delete(address)]
    assert [answer.status_code for answer in answers] == [404] * 4
    assert http.post(f"{address}/retry").status_code == 404
