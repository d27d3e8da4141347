"""A small request beside a bare FastAPI route with the same body model that returns the same bytes."""

import asyncio
import contextlib
import json
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from typing import Annotated, cast

import numpy as np
import uvloop
from fastapi import Body, FastAPI, Response
from fastapi.testclient import TestClient

from service.main import create_app
from service.schemas.requests import InterpolationRequest
from tests.benchmarks.pairs import Pair
from tests.benchmarks.report import Comparison, Group, duration
from tests.processes import ask, eventually, free_port

PATH, JSON = "/v1/interpolations", {"Content-Type": "application/json"}
CONNECTIONS, REQUESTS, ROUNDS, POINTS = 32, 6_400, 5, 20
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)

LIMITS = """
The rival parses the same body into the same model and sends the same bytes, without solving anything: the rest is the
service's. One process each, with HTTP parsed by h11. The client shares the machine with it, and does nothing but write
the same bytes again and look for the end of each answer.
""".strip()


def problem() -> bytes:
    """Twenty points."""
    generator = np.random.default_rng(3)
    x, y = np.cumsum(generator.uniform(0.1, 1, POINTS)), generator.normal(size=POINTS)
    return json.dumps({"x": x.tolist(), "y": y.tolist()}).encode()


def bare() -> FastAPI:
    """The rival: parses the same body into the same model, and answers what the service answers, without solving."""
    with TestClient(create_app()) as client:
        content = client.post(PATH, content=problem(), headers=JSON).content
    app = FastAPI()

    @app.post(PATH)
    async def same_bytes(body: Annotated[InterpolationRequest, Body()]) -> Response:  # noqa: ARG001
        return Response(content, media_type="application/json")

    return app


@contextlib.contextmanager
def served(factory: str) -> Iterator[tuple[int, int]]:
    """The port of an app in a process of its own, and the id of that."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "--factory", factory, "--port", str(port), "--log-level", "error"]
    process = subprocess.Popen([*command, "--no-access-log"])
    try:
        eventually(lambda: ask(port, PATH)[0], 60, "the app to answer")
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()


class _Connection(asyncio.Protocol):
    """Sends the same request again as soon as it is answered.

    It does no more than that: the usual clients in Python take more time than the servers, and would hide them.
    """

    def __init__(self, request: bytes, times: list[float], requests: int) -> None:
        self._request, self._times, self._left = request, times, requests
        self._received = b""
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        """An answer has ended when its body is as long as it says."""
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not found or length is None or len(body) < int(length[1]):
            return
        if not head.startswith(b"HTTP/1.1 200"):
            raise AssertionError(head)
        self._times.append(time.perf_counter() - self._start)
        self._received = b""
        if self._left:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """All are done, or the other side has gone."""
        self.ended.set_result(None)

    def _send(self) -> None:
        self._left -= 1
        self._start = time.perf_counter()
        self._transport.write(self._request)


async def load(port: int) -> tuple[float, float]:
    """Requests a second, and the 99th percentile in seconds."""
    body, times, each = problem(), list[float](), REQUESTS // CONNECTIONS
    fields = {"Host": "localhost", **JSON, "Content-Length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    request = f"POST {PATH} HTTP/1.1\r\n{head}\r\n".encode() + body
    make, loop = partial(_Connection, request, times, each), asyncio.get_running_loop()
    start = time.perf_counter()
    made = [await loop.create_connection(make, "127.0.0.1", port) for _ in range(CONNECTIONS)]
    await asyncio.gather(*(connection.ended for _, connection in made))
    elapsed = time.perf_counter() - start
    if len(times) != each * CONNECTIONS:
        raise AssertionError(f"{len(times)} answers.")
    return len(times) / elapsed, statistics.quantiles(times, n=100)[98]


def comparisons() -> Iterator[Comparison]:
    """Time a request, with all connections busy."""
    with served("service.main:create_app") as (ours, _), served("tests.benchmarks.requests:bare") as (rival, _):
        pairs = [(uvloop.run(load(ours)), uvloop.run(load(rival))) for _ in range(ROUNDS + 1)][1:]
    tails = [statistics.median(pair[side][1] for pair in pairs) for side in (0, 1)]
    times = Pair.of([(1.0 / mine[0], 1.0 / other[0]) for mine, other in pairs])
    name = f"POST {PATH}, n = {POINTS}, {CONNECTIONS} connections"
    accuracy = f"99th percentile {duration(tails[0])}, rival {duration(tails[1])}"
    yield Comparison(name, "bare route, same bytes", times, accuracy)


GROUP = Group("Requests", LIMITS, comparisons)
