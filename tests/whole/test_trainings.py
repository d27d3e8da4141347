"""Trainings through the whole service: trained by a worker, followed, stopped, repeated."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from service.examples import EXPERIMENT, NOISY
from service.five_points import FIVE_POINTS
from tests.launched import Launched
from tests.processes import eventually
from tests.whole.test_job_verbs import events

TRAININGS = "/v1/trainings"
PENALISED = EXPERIMENT | {"steps": 400_000}
FREE = EXPERIMENT | {"steps": 800_000, "penalise_biases": False}
ENDLESS = EXPERIMENT | {"steps": 1_000_000_000}
PROGRAM = Path(__file__).parent.parent.parent / "docs" / "train.py"


@pytest.fixture
def http(service: Launched) -> Iterator[httpx.Client]:
    """A caller whom nobody else disturbs."""
    headers = {"Authorization": f"Bearer {uuid4().hex}"}
    with httpx.Client(base_url=f"http://127.0.0.1:{service.port}", timeout=90, headers=headers) as client:
        yield client


def queued(http: httpx.Client, body: dict[str, Any]) -> Any:
    """A job of its own, whatever was trained before."""
    response = http.post(TRAININGS, json=body, headers={"Prefer": "respond-async", "Cache-Control": "no-cache"})
    assert response.status_code == 202, response.text
    return response.json()


def ended(http: httpx.Client, job: Any) -> Any:
    return http.get(job["links"]["self"], headers={"Prefer": "wait=60"}).json()


def trained(http: httpx.Client, body: dict[str, Any]) -> Any:
    done = ended(http, queued(http, body))
    assert done["state"] == "succeeded", done
    return done


@pytest.mark.parametrize(("body", "least"), [(PENALISED, 0.008026739292), (FREE, 0.007532040816)])
def test_the_experiment_of_the_paper(http: httpx.Client, body: dict[str, Any], least: float) -> None:
    """Gradient descent comes within 1e-6 of the global optimum, from above; its kinks are what the theory says."""
    job = trained(http, body)
    result = job["result"]
    (run,) = result["runs"]
    optimum = result["optimum"]
    assert optimum["objective"] == pytest.approx(least, abs=1e-11)
    assert optimum["lower_bound"] <= run["objective"] <= least + 1e-6
    assert (run["outcome"], run["steps"]) == ("finished", body["steps"])
    assert (job["kind"], job["outcome"]) == ("trainings", "feasible")
    assert 0 < result["best_relative_gap"] < 1e-4
    if body is PENALISED:
        assert run["function"]["kinks"] == pytest.approx([-0.42973, 0.25], abs=0.01)
        assert optimum["function"]["kinks"] == pytest.approx([-0.42973, 0.25], abs=1e-5)
    else:
        assert run["kink_count"] > 5


def test_small_as_it_may_be_it_goes_through_the_queue(service: Launched, http: httpx.Client) -> None:
    """And the answer is there within the wait."""
    body = FIVE_POINTS | {"width": 2, "steps": 1 + uuid4().int % 1_000_000}
    response = http.post(TRAININGS, json=body, headers={"Prefer": "wait=60"})
    assert (response.status_code, response.headers["preference-applied"]) == (200, "wait=60")
    job = response.json()
    assert (job["state"], job["links"]["self"]) == ("succeeded", response.headers["location"])
    assert service.broker().hget(f"minnorm:job:{job['id']}", "queue") == "train"
    again = http.post(TRAININGS, json=body)
    assert (again.status_code, again.json()["cached"]) == (200, True)
    assert again.json()["result"] == job["result"]


def test_its_progress_can_be_followed(http: httpx.Client) -> None:
    job = queued(http, ENDLESS | {"time_limit_s": 3})  # so long on any machine
    told = [data for _, name, data in events(http, job["id"]) if name == "progress"]
    done = ended(http, job)
    assert done["state"] == "succeeded"
    in_training = [one for one in told if one["phase"] == "training"]
    assert in_training
    assert {one["bound"] for one in in_training} == {done["result"]["optimum"]["lower_bound"]}
    assert all(one["objective"] >= one["bound"] for one in in_training)
    for name in ("fraction", "step"):
        numbers = [one[name] for one in in_training]
        assert numbers == sorted(numbers)
    assert 0 < in_training[0]["fraction"] <= 1


def test_a_long_one_is_cancelled(http: httpx.Client) -> None:
    job = queued(http, ENDLESS)
    address = job["links"]["self"]
    eventually(lambda: http.get(address).json().get("progress", {}).get("step"), what="the training to get going")
    assert http.post(f"{address}/cancel").status_code == 202
    done = ended(http, job)
    assert done["state"] == "canceled"
    assert "result" not in done
    assert trained(http, FIVE_POINTS | {"steps": 10})["state"] == "succeeded"  # the worker goes on


def test_when_its_time_is_up_it_answers_with_what_it_has(http: httpx.Client) -> None:
    job = trained(http, ENDLESS | {"time_limit_s": 3, "seeds": [0, 1], "frames": 2})
    assert job["outcome"] == "time_limit"
    result = job["result"]
    assert [run["outcome"] for run in result["runs"]] == ["stopped", "stopped"]
    for run in result["runs"]:
        assert 0 < run["steps"] < ENDLESS["steps"]
        assert run["history"]["step"][0] == 0
        assert run["history"]["objective"][0] > run["objective"] >= result["optimum"]["lower_bound"]
    assert result["best_relative_gap"] > 0


def test_a_training_does_not_keep_others_waiting(http: httpx.Client) -> None:
    job = queued(http, ENDLESS)
    eventually(lambda: http.get(job["links"]["self"]).json()["state"] == "running", what="the training to start")
    other = http.post("/v1/interpolations", json=FIVE_POINTS, headers={"Prefer": "respond-async"}).json()
    assert ended(http, other)["state"] == "succeeded"
    assert http.get(job["links"]["self"]).json()["state"] == "running"
    assert http.post(job["links"]["cancel"]).status_code == 202


def test_a_divergence_is_an_answer_with_advice(http: httpx.Client) -> None:
    job = trained(http, PENALISED | {"steps": 20_000, "optimiser": {"step_size": 50}})
    assert job["outcome"] == "numerical_failure"
    (run,) = job["result"]["runs"]
    assert run["outcome"] == "diverged"
    assert run["advice"]["reason"]
    stable = {"step_size": run["advice"]["largest_stable_step"]}
    better = trained(http, PENALISED | {"steps": 20_000, "optimiser": stable})
    assert better["outcome"] == "feasible"
    assert better["result"]["runs"][0]["outcome"] == "finished"
    assert better["result"]["runs"][0]["objective"] < better["result"]["runs"][0]["history"]["objective"][0]


@pytest.mark.parametrize(
    "optimiser", [{"name": "momentum", "step_size": 0.001}, {"name": "adam", "schedule": "cosine"}]
)
def test_the_same_request_leads_to_the_same_bytes(http: httpx.Client, optimiser: dict[str, Any]) -> None:
    body = NOISY | {"steps": 30_000, "seeds": [0, 1, 2], "frames": 3, "width": 77, "optimiser": optimiser}
    first, second = (trained(http, body) for _ in range(2))
    assert first["id"] != second["id"]
    assert first["digest"] == second["digest"]
    assert "cached" not in second
    contents = [http.get(job["links"]["result"]).content for job in (first, second)]
    assert contents[0] == contents[1]
    alone = trained(http, body | {"seeds": [2]})
    assert alone["result"]["runs"][0] == first["result"]["runs"][2]


def test_a_batch_of_trainings_and_a_norm(http: httpx.Client) -> None:
    short = {"steps": 5_000, "width": 50}
    function = {"x0": 0, "y0": 0, "slope0": 0, "kinks": [0, 1], "slope_changes": [1, -1]}
    items = [
        {"custom_id": "plain", "kind": "trainings", "body": FIVE_POINTS | short},
        {"custom_id": "norm", "kind": "norms", "body": {"function": function}},
        {"custom_id": "adam", "kind": "trainings", "body": FIVE_POINTS | short | {"optimiser": {"name": "adam"}}},
    ]
    batch = http.post("/v1/batches", json={"items": items}).json()
    lines = [httpx.Response(200, content=line).json() for line in results(http, batch)]
    found = {line["custom_id"]: line for line in lines}
    assert {name: line["status"] for name, line in found.items()} == {"plain": 200, "norm": 200, "adam": 200}
    assert found["norm"]["result"]["representational_cost"] == pytest.approx(1 + 2**0.5)
    alone = trained(http, FIVE_POINTS | short)
    assert found["plain"]["result"] == alone["result"]
    assert found["plain"]["outcome"] == alone["outcome"]
    assert found["adam"]["result"]["runs"][0]["objective"] != alone["result"]["runs"][0]["objective"]


def results(http: httpx.Client, batch: Any) -> list[str]:
    with http.stream("GET", batch["links"]["results"]) as response:
        return list(response.iter_lines())


def test_the_program_in_docs_prints_what_it_found(service: Launched) -> None:
    address = f"http://127.0.0.1:{service.port}"
    command = [sys.executable, str(PROGRAM), address]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=True)
    heading, penalised, free = (line.split() for line in done.stdout.splitlines())
    assert heading == ["biases", "objective", "optimum", "gap", "kinks"]
    assert (penalised[0], penalised[2]) == ("penalised", "0.008026739")
    assert float(penalised[1]) == pytest.approx(0.008026739, abs=1e-6)
    assert [float(kink.rstrip(",")) for kink in penalised[4:]] == pytest.approx([-0.430, 0.250], abs=0.01)
    assert (free[0], free[2]) == ("free", "0.007532041")
    assert int(free[4]) > 5
