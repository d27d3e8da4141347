"""What a job or an item costs everybody who has to do with it: the workers, Redis, the gateway, and the network."""

import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import orjson
import redis
from numpy.typing import NDArray

from tests.benchmarks import data
from tests.benchmarks.queue import another_worker, run_batch, service
from tests.benchmarks.requests import JSON, PATH
from tests.benchmarks.usage import Server, pids_of, processor_s
from tests.launched import Launched
from workers.connection import connect
from workers.embedded import EmbeddedBroker
from workers.ledger import Ledger
from workers.minnorm import ENGINE
from workers.records import NewJob, Success, new_id
from workers.settings import WorkerSettings

IDLE_S, ITEMS, CALLS, CALLERS = 6.0, 20_000, 1_000, 4
SUBMITTED = JSON | {"Prefer": "respond-async"}
_NOTHING = b"{}"


@dataclass(frozen=True)
class Cost:
    """Of one job or item, in seconds and bytes."""

    worker_s: float
    gateway_s: float
    client_s: float
    server_s: float
    commands: float
    bells: float
    server_bytes: float
    caller_bytes: float
    elapsed_s: float
    """By the clock."""


@dataclass(frozen=True)
class Idle:
    """What the server does in a second without any job."""

    own_s: float
    """By itself."""
    server_s: float
    """For a worker."""
    commands: float
    """Of a worker."""
    waits: float
    """Of a worker, for the next bell."""


@dataclass(frozen=True)
class Load:
    """Work of one kind: `run` does it and returns how long it took by the clock, and the bytes there and back."""

    name: str
    units: int
    run: Callable[[httpx.Client], tuple[float, int]]


def _loads() -> tuple[Load, ...]:
    return (
        Load("long jobs", 8, lambda http: _run_jobs(http, 8, 1_000)),
        Load("short jobs", 300, lambda http: _run_jobs(http, 300, 20)),
        Load("small items", ITEMS, _run_items),
    )


def _run_jobs(http: httpx.Client, count: int, points: int) -> tuple[float, int]:
    """Submit them all, wait for the last one, and fetch the results."""
    bodies = list(map(_body, _exponentials(count, points)))
    start = time.perf_counter()
    with ThreadPoolExecutor(CALLERS) as callers:
        jobs = list(callers.map(partial(_submit, http), bodies))
    # They are computed in about this order.
    while http.get(jobs[-1], headers={"Prefer": "wait=60"}).json()["state"] != "succeeded":
        pass
    elapsed = time.perf_counter() - start
    fetched = [http.get(job).raise_for_status().content for job in jobs]
    return elapsed, sum(map(len, (*bodies, *fetched)))


def _submit(http: httpx.Client, body: bytes) -> str:
    return str(http.post(PATH, content=body, headers=SUBMITTED).raise_for_status().json()["links"]["self"])


def _run_items(http: httpx.Client) -> tuple[float, int]:
    ran = run_batch(http, [{"x": x.tolist(), "y": y.tolist()} for x, y in data.convex_sets(ITEMS)], "interpolations")
    return ran.seconds, ran.bytes


def _exponentials(count: int, points: int) -> Iterator[data.Points]:
    """No two are the same in any run: equal problems would share an answer."""
    x, _ = data.exponential(points)
    for width in np.random.default_rng().uniform(1.0, 1.1, count):
        yield width * x, np.exp(width * x)


def _body(points: data.Points) -> bytes:
    x, y = points
    return orjson.dumps({"x": x, "y": y, "skip_connection": False}, option=orjson.OPT_SERIALIZE_NUMPY)


class _Meter:
    """Measures loads on one service."""

    def __init__(self, launched: Launched, http: httpx.Client) -> None:
        self._launched, self._http, self._redis = launched, http, launched.broker()
        self.idle = self._of_idleness()

    def cost(self, load: Load) -> Cost:
        """Of one unit of a load."""
        begun = time.perf_counter()
        server, used = Server.of(self._redis), self._used()
        elapsed_s, size = load.run(self._http)
        whole_s = time.perf_counter() - begun
        rest = self._workers() * whole_s
        did, spent = Server.of(self._redis) - server, self._used() - used
        totals = (
            *spent,
            did.processor_s - whole_s * self.idle.own_s - rest * self.idle.server_s,
            did.commands - rest * self.idle.commands,
            did.waits - rest * self.idle.waits,
            did.bytes,
            size,
            elapsed_s,
        )
        return Cost(*(max(float(total), 0.0) / load.units for total in totals))

    def request(self, points: int, count: int) -> tuple[float, float]:
        """Processor time of the gateway for one request that is parsed and checked, and the bytes of its body."""
        bodies = list(map(_body, _exponentials(count, points)))
        before = self._used()
        for body in bodies:
            self._http.post(f"{PATH}/validate", content=body, headers=JSON).raise_for_status()
        return (self._used() - before)[1] / count, sum(map(len, bodies)) / count

    def _of_idleness(self) -> Idle:
        own_s, did, seconds = _own_s(), _rest(self._redis), IDLE_S * self._workers()
        server_s = max(did.processor_s - IDLE_S * own_s, 0.0) / seconds
        return Idle(own_s, server_s, did.commands / seconds, did.waits / seconds)

    def ledger_s(self) -> float:
        """Processor time of the server for the ledger's calls of one job, without a pause."""
        settings = WorkerSettings(redis_url=f"unix://{self._launched.folder}/data/broker.sock")
        ledger = Ledger(connect(settings), settings)
        before = Server.of(self._redis)
        for _ in range(CALLS):
            _pass_through(ledger)
        return (Server.of(self._redis) - before).processor_s / CALLS

    def _workers(self) -> int:
        return int(self._redis.zcard("minnorm:workers"))

    def _used(self) -> NDArray[np.float64]:
        """By the workers, by the gateway, by the client."""
        pids = [pids_of(self._launched.folder, *names) for names in (("celery", "workers.runner"), ("uvicorn",))]
        return np.array([*map(processor_s, pids), time.process_time()])


def _own_s() -> float:
    """Processor time a second of a server that nobody asks for anything."""
    with tempfile.TemporaryDirectory(prefix="mn") as folder, EmbeddedBroker(Path(folder), 2**28) as broker:
        return _rest(redis.Redis.from_url(broker.url, decode_responses=True)).processor_s / IDLE_S


def _rest(client: Any) -> Server:
    """What a server does meanwhile."""
    before = Server.of(client)
    time.sleep(IDLE_S)
    return Server.of(client) - before


def _pass_through(ledger: Ledger) -> None:
    """A job from its submission to its result, in a queue that no worker serves."""
    job = NewJob(new_id("job"), "interpolations", "limits", _NOTHING, new_id("digest"), "limits")
    ledger.submit(job, share=False)
    claim = ledger.claim(job.queue)
    assert claim is not None
    ledger.finish(claim, Success("optimal", _NOTHING, ENGINE))
    ledger.get(job.id)
    ledger.result(job.id)


@dataclass(frozen=True)
class Measured:
    """Everything the tables are made from."""

    loads: tuple[Load, ...]
    one: tuple[Cost, ...]
    """With one worker."""
    two: tuple[Cost, ...]
    idle: Idle
    request_s: float
    byte_s: float
    """Of the gateway."""
    ledger_s: float


def measured() -> Measured:
    """One service, with one worker of each queue and then with one more."""
    loads = _loads()
    with service() as launched, httpx.Client(base_url=f"http://127.0.0.1:{launched.port}", timeout=300) as http:
        meter = _Meter(launched, http)
        (small_s, small), (large_s, large) = meter.request(20, 200), meter.request(10_000, 20)
        ledger_s = meter.ledger_s()
        one = tuple(map(meter.cost, loads))
        with another_worker(launched, http, "interactive", "batch"):
            two = tuple(map(meter.cost, loads))
    byte_s = (large_s - small_s) / (large - small)
    return Measured(loads, one, two, meter.idle, small_s - byte_s * small, byte_s, ledger_s)
