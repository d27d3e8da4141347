"""Problems that go through the queue: same answers, nothing lost."""

import io
import os
import signal
from typing import Any

import httpx
import numpy as np
import orjson
import pyarrow as pa
import pytest
from pyarrow import ipc

from service.five_points import FIVE_POINTS
from service.formats.media import ARROW_STREAM
from tests.launched import Launched
from tests.oracles.compensated import check_quickly
from tests.oracles.evidence import complaints
from tests.processes import eventually, processes_of

INTERPOLATIONS = "/v1/interpolations"


@pytest.fixture
def http(service: Launched) -> Any:
    with httpx.Client(base_url=f"http://127.0.0.1:{service.port}", timeout=90) as client:
        yield client


def large(points: int, seed: int = 0) -> bytes:
    generator = np.random.default_rng(seed)
    x = np.cumsum(generator.uniform(0.1, 1, points))
    y = np.cumsum(generator.normal(size=points))
    return orjson.dumps({"x": x, "y": y}, option=orjson.OPT_SERIALIZE_NUMPY)


def submit(http: httpx.Client, body: bytes, prefer: str = "respond-async", **more: str) -> httpx.Response:
    told = {name.replace("_", "-"): value for name, value in more.items()}
    headers = {"Content-Type": "application/json", "Prefer": prefer} | told
    return http.post(INTERPOLATIONS, content=body, headers=headers)


def test_a_small_problem_gets_the_same_answer_through_the_queue(http: httpx.Client) -> None:
    at_once = http.post(INTERPOLATIONS, json=FIVE_POINTS).json()
    fresh = {"Cache_Control": "no-cache"}  # other tests may have queued the same
    response = submit(http, orjson.dumps(FIVE_POINTS), **fresh)
    assert response.status_code == 202
    assert response.headers["preference-applied"] == "respond-async"
    job = response.json()
    assert response.headers["location"] == job["links"]["self"] == f"/v1/jobs/{job['id']}"
    assert "result" not in job

    done = http.get(job["links"]["self"], headers={"Prefer": "wait=30"})
    assert done.headers["preference-applied"] == "wait=30"
    assert done.json()["state"] == "succeeded"
    assert done.json()["result"] == at_once["result"]
    assert done.json()["digest"] == at_once["digest"]
    assert done.json()["engine"] == at_once["engine"]
    assert done.json()["expires_at"] > done.json()["finished_at"] >= done.json()["started_at"]
    assert http.get(job["links"]["result"]).json() == at_once["result"]


def test_a_result_is_found_by_its_digest(http: httpx.Client) -> None:
    body = orjson.dumps({"x": [0, 1, 2], "y": [0, 0.123456, 0]})  # of no other test
    plan = http.post(f"{INTERPOLATIONS}/validate", content=body, headers={"Content-Type": "application/json"}).json()
    unknown = http.get(f"/v1/results/{plan['digest']}")
    assert (unknown.status_code, unknown.json()["type"]) == (404, "/problems/result-unknown")
    job = http.get(submit(http, body).json()["links"]["self"], headers={"Prefer": "wait=30"}).json()
    found = http.get(f"/v1/results/{job['digest']}")
    assert (job["digest"], found.json()) == (plan["digest"], job["result"])
    assert "immutable" in found.headers["cache-control"]
    known = {"If-None-Match": found.headers["etag"]}
    assert http.get(f"/v1/results/{job['digest']}", headers=known).status_code == 304
    headers = {"Content-Type": "application/json", "Prefer": "respond-async"}
    assert http.post(f"{INTERPOLATIONS}/validate", content=body, headers=headers).json()["cached"] is True


def test_a_heavy_problem_is_queued_by_itself_and_waited_for(http: httpx.Client) -> None:
    body = orjson.dumps(orjson.loads(large(1_000)) | {"skip_connection": False})  # it may need a cone program
    queued = submit(http, body, prefer="")
    assert queued.status_code == 202
    waited = submit(http, body, prefer="wait=60")
    assert waited.status_code == 200
    assert waited.headers["preference-applied"] == "wait=60"
    assert waited.json()["outcome"] == "optimal"
    assert waited.json()["result"]["certificate"]["relative_gap"] <= 1e-12


@pytest.mark.parametrize("prefer", ["", "respond-async"])
def test_a_wrong_large_problem_is_refused_at_once(http: httpx.Client, prefer: str) -> None:
    problem = orjson.loads(large(60_000))
    problem["x"][7] = problem["x"][5]
    response = submit(http, orjson.dumps(problem), prefer=prefer)
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, "/y/7")
    problem["x"][7] = "7"
    response = submit(http, orjson.dumps(problem), prefer=prefer)
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, "/x/7")


def test_a_large_problem_is_solved_at_once_if_it_takes_linear_time(http: httpx.Client) -> None:
    body = large(200_000, seed=1)
    at_once = submit(http, body, prefer="")
    assert at_once.status_code == 200
    job, problem = orjson.loads(at_once.content), orjson.loads(body)
    result = job["result"]
    assert complaints(result, check_quickly(problem["x"], problem["y"], result), gap=1e-10) == []
    through_the_queue = submit(http, body, prefer="wait=60", Idempotency_Key="large")
    assert "queued" in through_the_queue.json()["timings_ms"]
    assert through_the_queue.json()["result"] == result
    assert through_the_queue.json()["digest"] == job["digest"]


def test_a_large_table_is_answered_with_a_table(http: httpx.Client) -> None:
    problem = orjson.loads(large(200_000, seed=2))
    sink, table = io.BytesIO(), pa.table(problem)
    with ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    response = http.post(
        INTERPOLATIONS, content=sink.getvalue(), headers={"Content-Type": ARROW_STREAM, "Accept": ARROW_STREAM}
    )
    assert response.status_code == 200
    found = ipc.open_stream(response.content).read_all()
    assert found["x"].to_pylist() == problem["x"]
    result = submit(http, orjson.dumps(problem), prefer="").json()["result"]
    assert found["dual"].to_pylist() == result["certificate"]["dual_values"]
    assert orjson.loads(found.schema.metadata[b"norm"]) == result["norm"]
    assert np.abs(found["fitted"].to_numpy() - problem["y"]).max() <= 1e-9


def test_an_unknown_job(http: httpx.Client) -> None:
    for path in ("/v1/jobs/job_unknown", "/v1/jobs/job_unknown/result"):
        assert http.get(path).status_code == 404
        assert http.get(path).json()["type"] == "/problems/job-unknown"


def test_norms_are_queued_as_well(http: httpx.Client) -> None:
    function = {"x0": 0, "y0": 0, "slope0": 0, "kinks": [0, 1], "slope_changes": [1, -1]}
    response = http.post("/v1/norms", json={"function": function}, headers={"Prefer": "respond-async"})
    result = http.get(response.json()["links"]["result"], headers={"Prefer": "wait=30"})
    assert result.json()["representational_cost"] == pytest.approx(1 + 2**0.5)


def test_all_workers_are_killed_while_one_has_a_large_problem(service: Launched, http: httpx.Client) -> None:
    body = large(1_000_000)
    with service.held():
        job = submit(http, body).json()
        address = job["links"]["self"]
        eventually(lambda: http.get(address).json().get("state") == "running", what="the job to start")
        lines = processes_of(service.folder)
        for pid in (pid for pid, line in lines.items() if "celery" in line or "workers.runner" in line):
            os.kill(pid, signal.SIGKILL)

    not_finished = http.get(job["links"]["result"])
    assert (not_finished.status_code, not_finished.json()["type"]) == (409, "/problems/job-not-finished")
    assert http.post(INTERPOLATIONS, json=FIVE_POINTS).status_code == 200  # meanwhile

    done = eventually(
        lambda: (now := http.get(address)).json().get("state") == "succeeded" and now, 60, "the job to end"
    )
    result = orjson.loads(done.content)["result"]
    problem = orjson.loads(body)
    assert complaints(result, check_quickly(problem["x"], problem["y"], result), gap=1e-10) == []
    record = service.broker().hgetall(f"minnorm:job:{job['id']}")
    assert record["attempt"] == "2"
    eventually(lambda: http.get("/readyz").status_code == 200, what="a new worker")
