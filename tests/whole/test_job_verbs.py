"""What a caller may do with a job, over HTTP: list, follow, cancel, retry, delete, repeat."""

import json
import threading
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import numpy as np
import orjson
import pytest

from tests.launched import Launched
from tests.processes import eventually

INTERPOLATIONS = "/v1/interpolations"
SMALL = {"x": [0.0, 1.0, 2.0, 4.0], "y": [0.0, 1.0, 0.5, 3.0]}


@pytest.fixture
def http(service: Launched) -> Iterator[httpx.Client]:
    """A caller whom nobody else disturbs."""
    headers = {"Authorization": f"Bearer {uuid4().hex}"}
    with httpx.Client(base_url=f"http://127.0.0.1:{service.port}", timeout=60, headers=headers) as client:
        yield client


def body(points: int = 5, seed: int | None = None, **more: Any) -> bytes:
    """A problem that nobody has asked before."""
    generator = np.random.default_rng(seed)
    x, y = np.arange(float(points)), generator.normal(size=points)
    return orjson.dumps({"x": x, "y": y, **more}, option=orjson.OPT_SERIALIZE_NUMPY)


def post(http: httpx.Client, content: bytes, **headers: str) -> httpx.Response:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return http.post(INTERPOLATIONS, content=content, headers={"Content-Type": "application/json"} | told)


def queued(http: httpx.Client, content: bytes, **headers: str) -> dict[str, Any]:
    response = post(http, content, Prefer="respond-async", **headers)
    assert response.status_code == 202, response.text
    return dict(response.json())


def ended(http: httpx.Client, job: dict[str, Any]) -> dict[str, Any]:
    return dict(http.get(job["links"]["self"], headers={"Prefer": "wait=30"}).json())


@pytest.mark.parametrize("prefer", ["", "respond-async"])
def test_a_key_leads_to_one_job(http: httpx.Client, prefer: str) -> None:
    key, content = uuid4().hex, body()
    first = post(http, content, Idempotency_Key=key, Prefer=prefer)
    again = post(http, content, Idempotency_Key=key, Prefer=prefer)
    assert first.json()["id"] == again.json()["id"]
    assert ("idempotent-replayed" in first.headers, again.headers["idempotent-replayed"]) == (False, "true")
    other = post(http, body(), Idempotency_Key=key, Prefer=prefer)
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")
    assert ended(http, first.json())["state"] == "succeeded"


def test_a_key_sent_many_times_at_once_leads_to_one_job(http: httpx.Client) -> None:
    key, content, ids = uuid4().hex, body(), []
    callers = [
        threading.Thread(target=lambda: ids.append(queued(http, content, Idempotency_Key=key)["id"])) for _ in range(8)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len(ids) == 8
    assert len(set(ids)) == 1


def test_equal_problems_share_their_result(http: httpx.Client) -> None:
    content = body(1_000, skip_connection=False)  # it may need a cone program, and is queued
    first = ended(http, post(http, content).json())
    second = post(http, content)
    assert (second.status_code, second.json()["cached"]) == (200, True)
    assert second.json()["result"] == first["result"]
    anew = post(http, content, Cache_Control="no-cache", Prefer="wait=30").json()
    assert "cached" not in anew
    assert anew["result"] == first["result"]


def test_versions_of_a_job(http: httpx.Client) -> None:
    job = queued(http, body())
    done = http.get(job["links"]["self"], headers={"Prefer": "wait=30"})
    tag = done.headers["etag"]
    unchanged = http.get(job["links"]["self"], headers={"If-None-Match": tag})
    assert (unchanged.status_code, unchanged.content, unchanged.headers["etag"]) == (304, b"", tag)
    assert unchanged.headers["vary"].split(", ")[0] == "Accept"
    opaque = tag.removeprefix("W/")
    for known, status in ((opaque, 304), (f'"a", {tag}', 304), ("*", 304), ('"0"', 200), (opaque.strip('"'), 200)):
        assert http.get(job["links"]["self"], headers={"If-None-Match": known}).status_code == status


def test_lists(http: httpx.Client) -> None:
    jobs = [queued(http, body(), Idempotency_Key=uuid4().hex) for _ in range(5)]
    made = [ended(http, job)["id"] for job in jobs]  # so that a list says the same when it is asked for again
    asked: dict[str, str | int] = {"limit": 3, "kind": "interpolations"}
    answer = http.get("/v1/jobs", params=asked)
    first = answer.json()
    rest = http.get("/v1/jobs", params=asked | {"cursor": first["next_cursor"]}).json()
    linked = http.get(answer.links["next"]["url"])
    assert (linked.json(), linked.links) == (rest, {})
    assert [job["id"] for job in (*first["jobs"], *rest["jobs"])] == made[::-1]
    assert "next_cursor" not in rest
    assert http.get("/v1/jobs", params={"kind": "norms"}).json() == {"jobs": []}
    assert http.get("/v1/jobs", params={"state": "sleeping"}).status_code == 422
    stranger = httpx.get(f"{http.base_url}/v1/jobs", headers={"Authorization": "Bearer stranger"})
    assert stranger.json() == {"jobs": []}


def test_a_finished_job_is_not_cancelled_but_deleted(http: httpx.Client) -> None:
    job = ended(http, queued(http, body()))
    cancelled = http.post(f"{job['links']['self']}/cancel")
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "succeeded")
    assert http.post(f"{job['links']['self']}/retry").status_code == 409
    assert [http.delete(job["links"]["self"]).status_code for _ in range(2)] == [204, 204]
    assert http.get(job["links"]["self"]).status_code == 410
    assert http.delete("/v1/jobs/nobody").status_code == 404


def test_a_job_that_does_not_listen_is_cancelled_and_can_be_retried(service: Launched, http: httpx.Client) -> None:
    with service.held():
        job = post(http, body(1_000_000), Prefer="respond-async", Cache_Control="no-cache").json()
        address = job["links"]["self"]
        eventually(lambda: http.get(address).json()["state"] == "running", what="the job to start")
        cancelled = http.post(f"{address}/cancel")
        assert (cancelled.status_code, cancelled.json()["state"]) == (202, "canceling")
        assert http.delete(address).status_code == 409
        assert ended(http, job)["state"] == "canceled"
    assert http.get(f"{address}/result").json()["type"] == "/problems/canceled"
    retried = http.post(f"{address}/retry")
    assert retried.status_code == 202
    assert http.post(f"{address}/retry").json()["id"] == retried.json()["id"]
    assert retried.json()["links"]["retry_of"] == address
    assert ended(http, retried.json())["state"] == "succeeded"


def test_events_tell_the_story_of_a_job(http: httpx.Client) -> None:
    job = queued(http, body(300_000))
    found = list(events(http, job["id"]))
    assert [name for _, name, _ in found][-1] == "end"
    states = [data["state"] for _, name, data in found if name == "state"]
    assert states == sorted(states, key=["queued", "running", "succeeded"].index)
    assert (states[-1], found[-1][2]["state"]) == ("succeeded", "succeeded")
    assert [number for number, _, _ in found] == sorted(number for number, _, _ in found)
    last = str(found[-1][0])
    assert [name for _, name, _ in events(http, job["id"], last)] == ["state", "end"]
    bad = http.get(f"/v1/jobs/{job['id']}/events", headers={"Last-Event-ID": "x"})
    assert bad.status_code == 400


def events(http: httpx.Client, job_id: str, last: str = "") -> Iterator[tuple[int, str, dict[str, Any]]]:
    headers = {"Last-Event-ID": last} if last else {}
    with http.stream("GET", f"/v1/jobs/{job_id}/events", headers=headers) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        text = "".join(response.iter_text())
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":") and line)
        if "event" in fields:
            yield int(fields["id"]), fields["event"], json.loads(fields["data"])


def test_words_of_the_caller_stay_with_the_job(http: httpx.Client) -> None:
    words = {"experiment": "7"}
    at_once = http.post(INTERPOLATIONS, json=SMALL | {"metadata": words, "time_limit_s": 5}).json()
    assert at_once["metadata"] == words
    job = queued(http, orjson.dumps(SMALL | {"metadata": words}))
    assert ended(http, job)["metadata"] == words
    assert at_once["digest"] == job["digest"]


def test_a_deadline_is_a_matter_of_the_header(service: Launched, http: httpx.Client) -> None:
    response = post(http, body(), Cancel_After="1h")
    assert response.status_code == 202
    assert ended(http, response.json())["state"] == "succeeded"
    assert post(http, body(), Cancel_After="soon").json()["type"] == "/problems/invalid-header"
    with service.held():
        job = queued(http, body(1_000_000), Cancel_After="100ms")
        assert ended(http, job)["state"] == "expired"


def test_operators_see_what_happens(service: Launched, http: httpx.Client) -> None:
    def told(line: str) -> bool:
        return line in http.get("/metrics").text

    ended(http, queued(http, body()))
    assert told("minnorm_redis_up 1.0")
    assert told('minnorm_ended_total{kind="interpolations",outcome="optimal",state="succeeded"}')
    with service.held():
        for _ in range(3):
            queued(http, body())
        eventually(lambda: told('minnorm_queue_depth{queue="interactive"} 2.0'), what="one of three to be taken")
    eventually(lambda: told('minnorm_queue_depth{queue="interactive"} 0.0'), what="an empty queue")
    workers = http.get("/readyz").json()["workers"]
    assert any(worker["name"].startswith("interactive@") and worker["state"] == "live" for worker in workers)
