"""From the start of the service to its first answer, and the first request of each kind beside the second."""

import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from service import examples
from service.five_points import FIVE_POINTS
from service.formats.media import TABLES
from service.pictures.drawing import MEDIA_TYPES
from tests.benchmarks.pairs import Pair
from tests.benchmarks.report import Comparison, Group
from tests.benchmarks.requests import JSON, PATH
from tests.benchmarks.usage import pids_of, settle
from tests.launched import Launched
from tests.processes import ask, eventually, free_port
from workers import compute
from workers.payloads import Problem

ROUNDS = 3
Request = tuple[str, str, Problem, dict[str, str]]
"""Kind, path, body and headers."""

LIMITS = """
*Start* is the time from `python -m service`, which is what `make run` executes, to the first answer 200 of `POST
/v1/interpolations`, with all code compiled as an installation leaves it: the launcher, the embedded server, and the
gateway, which loads NumPy, Numba and every compiled function before it listens, while a worker does the same beside
it on the other core. The rival is uvicorn with an application of one route that does nothing. *The first request of a
kind* is the first one that the service is ever asked of that kind, setting, loss or form, all of them after a start,
and the rival is the same once more: both take the time of the same work, so that a ratio of 1 says that nothing was
still to be loaded or compiled. What is queued is asked for when all workers are warm. A picture takes what else
matplotlib loads when it draws.
""".strip()


@contextmanager
def _launched() -> Iterator[tuple[Launched, float]]:
    """The whole service, and how long it took to answer."""
    with tempfile.TemporaryDirectory(prefix="mn") as folder:
        start = time.perf_counter()
        launched = Launched(Path(folder))
        seconds = _until_answered(launched.port, start)
        try:
            yield launched, seconds
        finally:
            launched.ctrl_c()
            launched.process.wait(30)


def _bare() -> float:
    """How long the rival took."""
    port = free_port()
    start = time.perf_counter()
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "tests.benchmarks.bare:app",
        "--port",
        str(port),
        "--log-level",
        "error",
    ]
    process = subprocess.Popen(command)
    try:
        return _until_answered(port, start)
    finally:
        process.terminate()
        process.wait()


def _until_answered(port: int, start: float) -> float:
    eventually(lambda: ask(port, PATH, FIVE_POINTS)[0] == 200, 120, "the first answer")
    return time.perf_counter() - start


def comparisons() -> Iterator[Comparison]:
    """Start both in turn; each time ask for everything twice."""
    starts, asked = list[tuple[float, float]](), defaultdict[str, list[tuple[float, float]]](list)
    for _ in range(ROUNDS):
        with _launched() as (launched, seconds):
            starts.append((seconds, _bare()))
            launched.wait_until_ready()
            settle(lambda: pids_of(launched.folder))
            for kind, pair in _asked_twice(launched):
                asked[kind].append(pair)
    yield Comparison("start to first answer", "bare FastAPI, one route", Pair.of(starts), "compiled before")
    for kind, times in asked.items():
        accuracy = f"{len(times) // ROUNDS} requests, {ROUNDS} starts"
        yield Comparison(f"{kind}: the first request", "the second one", Pair.of(times), accuracy)


def _asked_twice(launched: Launched) -> Iterator[tuple[str, tuple[float, float]]]:
    with httpx.Client(base_url=f"http://127.0.0.1:{launched.port}", timeout=60) as http:
        http.get("/livez")  # opens the connection
        for kind, path, body, headers in every_request():
            yield kind, (_seconds(http, path, body, headers), _seconds(http, path, body, headers))


def _seconds(http: httpx.Client, path: str, body: Problem, headers: dict[str, str]) -> float:
    start = time.perf_counter()
    answer = http.post(path, json=body, headers=JSON | headers)
    elapsed = time.perf_counter() - start
    if answer.status_code != 200:
        raise AssertionError(f"{path} is answered with {answer.status_code}: {answer.text}")
    return elapsed


def every_request() -> Iterator[Request]:
    """All that can be asked."""
    for setting, objectives in compute.offered():
        for objective in objectives:
            power = {"p": 0.5} if objective == "lp" else {}
            yield "interpolations", PATH, {**examples.RISING, **vars(setting), "objective": objective, **power}, {}
        for kind, points in (("regressions", examples.NOISY), ("classifications", examples.LABELS)):
            for loss in compute.LOSSES[kind]:
                yield kind, f"/v1/{kind}", {**points, **vars(setting), **_of_loss(loss)}, {}
    for kind, named in (("norms", examples.NORMS), ("verifications", examples.VERIFICATIONS)):
        yield from ((kind, f"/v1/{kind}", example["value"] or {}, {}) for example in named.values())
    yield from _queued_requests()
    for kind, forms in (("tables", TABLES), ("pictures", MEDIA_TYPES)):
        yield from ((kind, PATH, FIVE_POINTS, {"Accept": form}) for form in forms)


def _queued_requests() -> Iterator[Request]:
    for width in (10, 1_000):
        training = {**FIVE_POINTS, "width": width, "weight_decay": 1e-3, "steps": 1_000}
        yield "trainings", "/v1/trainings", training, {"Prefer": "wait=60", "Cache-Control": "no-cache"}


def _of_loss(loss: str) -> Problem:
    """The loss, and what has to be said with it."""
    if loss == "hard_margin":
        return {"loss": loss}
    return {"loss": loss, "regularisation": 0.01} | ({"huber_delta": 0.5} if loss == "huber" else {})


GROUP = Group("Start-up", LIMITS, comparisons)
