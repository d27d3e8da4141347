"""The queue and batches, through the whole service: how long a job waits, what an item costs, what a worker adds."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson

from service.commands import WORKER_ENVIRONMENT, worker_command
from tests.benchmarks import data
from tests.benchmarks.pairs import Pair
from tests.benchmarks.report import Comparison, Group, duration
from tests.benchmarks.usage import pids_of, settle
from tests.launched import Launched
from tests.processes import end, eventually
from workers import compute

ITEMS, LONG_ITEMS, LONG_POINTS = 10_000, 16, 2_000
SUBMISSIONS, ROUNDS = 200, 3

LIMITS = """
The service is what `make run` starts, with its embedded server; the client shares the two cores with it. *Submit to
start* is the time from the record of a job to the start of its attempt, both by the clock of Redis, on an idle
service: a bell through Celery, and a script of the ledger. A *batch* of small items is limited by the cores: parsing
and checking in the gateway, computing in the worker, and the client, which all three run at the same time; the rival
has one core for itself, and neither parses nor checks nor stores. *A second worker*: regressions with absolute loss
and without a skip connection, which are cone programs and take about a second of computing each, beside some
kilobytes to parse. A worker computes on one core; what is missing to 2 is the work of the client, the gateway and the
queue, some 50 ms an item when all cores are busy, and the last item, which one worker computes while the other has no
more.
""".strip()


@contextmanager
def service() -> Iterator[Launched]:
    """A service of its own, ready and warm."""
    with tempfile.TemporaryDirectory(prefix="mn") as folder:
        launched = Launched(Path(folder)).wait_until_ready()
        try:
            settle(lambda: pids_of(Path(folder)))
            yield launched
        finally:
            launched.ctrl_c()
            launched.process.wait(30)


def comparisons() -> Iterator[Comparison]:
    """On one service, one after the other."""
    with (
        service() as launched,
        httpx.Client(base_url=f"http://127.0.0.1:{launched.port}", timeout=300) as http,
    ):
        yield _start_of_a_job(launched, http)
        yield _small_items(http)
        yield _second_worker(launched, http)


def _start_of_a_job(launched: Launched, http: httpx.Client) -> Comparison:
    redis = launched.broker()
    times = [(_waited(http, number), _round_trip(redis)) for number in range(SUBMISSIONS)][SUBMISSIONS // 10 :]
    waits = [wait for wait, _ in times]
    accuracy = f"99th percentile {duration(statistics.quantiles(waits, n=100)[98])}"
    return Comparison("submit to start, idle", "one round trip to Redis", Pair.of(times), accuracy)


def _waited(http: httpx.Client, number: int) -> float:
    """How long a new job waited for its worker, in seconds."""
    body = {"x": [0, 1, 2], "y": [0, 1, number]}
    job = http.post("/v1/interpolations", json=body, headers={"Prefer": "respond-async"}).json()
    done = http.get(job["links"]["self"], headers={"Prefer": "wait=30"}).json()
    return max(float(done["timings_ms"]["queued"]), 1e-3) / 1e3


def _round_trip(redis: Any) -> float:
    start = time.perf_counter()
    redis.ping()
    return time.perf_counter() - start


def _small_items(http: httpx.Client) -> Comparison:
    sets = data.convex_sets(ITEMS)
    problems = [{"x": x.tolist(), "y": y.tolist()} for x, y in sets]
    times = []
    for _ in range(ROUNDS):
        start, answers = time.perf_counter(), list[bytes]()
        for problem in problems:
            answers.append(compute.answer("interpolations", problem).result)
        alone = time.perf_counter() - start
        times.append((run_batch(http, problems, "interpolations").seconds / ITEMS, alone / ITEMS))
    pair = Pair.of(times)
    overhead = max(pair.first - pair.second, 0.0)
    accuracy = f"{1.0 / pair.first:,.0f} items/s; {duration(overhead)} more an item"
    return Comparison(f"batch, {ITEMS:,} items of n = 35: an item", "the answers alone, one process", pair, accuracy)


def _second_worker(launched: Launched, http: httpx.Client) -> Comparison:
    asked = {"loss": "absolute", "regularisation": 1e-3, "skip_connection": False}
    problems = [{"x": x.tolist(), "y": y.tolist(), **asked} for x, y in _long_sets()]
    times = []
    for _ in range(ROUNDS):
        one = run_batch(http, problems, "regressions")
        with another_worker(launched, http, "batch"):
            two = run_batch(http, problems, "regressions")
        if one.results != two.results:
            raise AssertionError("Two workers do not answer as one does.")
        times.append((two.seconds, one.seconds))
    name = f"batch, {LONG_ITEMS} long regressions, n = {LONG_POINTS:,}, two workers"
    return Comparison(name, "one worker", Pair.of(times), "the same answers")


def _long_sets() -> list[data.Points]:
    """Each is another problem of the same kind, so that nothing is shared."""
    x, y = data.noisy_sine(LONG_POINTS)
    return [(x, y + 1e-3 * number * x) for number in range(LONG_ITEMS)]


@dataclass(frozen=True)
class Ran:
    """A batch that has come back."""

    seconds: float
    """From the first byte sent to the last line read."""
    results: dict[str, Any]
    """By the names of the items."""
    bytes: int
    """There and back."""


def run_batch(http: httpx.Client, problems: list[dict[str, Any]], kind: str) -> Ran:
    """One item for each problem."""
    items = [{"custom_id": str(place), "kind": kind, "body": body} for place, body in enumerate(problems)]
    body = b"\n".join(map(orjson.dumps, items))
    start = time.perf_counter()
    batch = http.post("/v1/batches", content=body, headers={"Content-Type": "application/x-ndjson"}).json()
    with http.stream("GET", batch["links"]["results"]) as streamed:
        lines = list(streamed.iter_lines())
        answers = [orjson.loads(line) for line in lines]
    seconds = time.perf_counter() - start
    if [answer["status"] for answer in answers] != [200] * len(problems):
        raise AssertionError("The batch did not come back complete.")
    http.delete(batch["links"]["self"])
    results = {answer["custom_id"]: answer["result"] for answer in answers}
    return Ran(seconds, results, len(body) + sum(map(len, lines)))


@contextmanager
def another_worker(launched: Launched, http: httpx.Client, *queues: str) -> Iterator[None]:
    """One more, as docker-compose.yml would start it on another machine, and warm."""
    command = [sys.executable, *worker_command(queues), "--hostname", "second@%h"]
    environment = os.environ | WORKER_ENVIRONMENT | {"MINNORM_REDIS_URL": f"unix://{launched.folder}/data/broker.sock"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        eventually(lambda: _live(http) == 4, 120, "the second worker")
        settle(lambda: pids_of(launched.folder))
        yield
    finally:
        process.terminate()
        process.wait(60)
        end(process)
        eventually(lambda: _live(http) == 3, 60, "its end")


def _live(http: httpx.Client) -> int:
    return sum(worker["state"] == "live" for worker in http.get("/readyz").json()["workers"])


GROUP = Group("Queue and batches", LIMITS, comparisons)
