"""A small request beside a bare FastAPI route with the same body model that returns the same bytes."""

import asyncio
import contextlib
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Annotated

import httpx
import numpy as np
from fastapi import Body, FastAPI, Response
from fastapi.testclient import TestClient

from service.main import create_app
from service.schemas.requests import InterpolationRequest
from tests.benchmarks.pairs import Pair
from tests.benchmarks.report import Comparison, Group, duration
from tests.processes import ask, eventually, free_port

PATH, JSON = "/v1/interpolations", {"Content-Type": "application/json"}
CONNECTIONS, REQUESTS, ROUNDS, POINTS = 16, 2_000, 5, 20

LIMITS = """
The rival parses the same body into the same model and sends the same bytes, without solving anything: the rest is the
service's. One process each; the client, which is in Python too, shares the machine with it, and is part of both times.
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
def served(factory: str) -> Iterator[tuple[str, int]]:
    """The address of an app in a process of its own, and the id of that."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "--factory", factory, "--port", str(port), "--log-level", "error"]
    process = subprocess.Popen([*command, "--no-access-log"])
    address = f"http://127.0.0.1:{port}{PATH}"
    try:
        eventually(lambda: ask(port, PATH)[0], 60, "the app to answer")
        yield address, process.pid
    finally:
        process.terminate()
        process.wait()


async def load(address: str) -> tuple[float, float]:
    """Requests a second, and the 99th percentile in seconds."""
    body, times = problem(), []

    async def one_connection() -> None:
        async with httpx.AsyncClient() as client:
            for _ in range(REQUESTS // CONNECTIONS):
                start = time.perf_counter()
                (await client.post(address, content=body, headers=JSON)).raise_for_status()
                times.append(time.perf_counter() - start)

    start = time.perf_counter()
    await asyncio.gather(*(one_connection() for _ in range(CONNECTIONS)))
    elapsed = time.perf_counter() - start
    return len(times) / elapsed, statistics.quantiles(times, n=100)[98]


def comparisons() -> Iterator[Comparison]:
    """Time a request, with all connections busy."""
    with served("service.main:create_app") as (ours, _), served("tests.benchmarks.requests:bare") as (rival, _):
        pairs = [(asyncio.run(load(ours)), asyncio.run(load(rival))) for _ in range(ROUNDS + 1)][1:]
    tails = [statistics.median(pair[side][1] for pair in pairs) for side in (0, 1)]
    times = Pair.of([(1.0 / mine[0], 1.0 / other[0]) for mine, other in pairs])
    name = f"POST {PATH}, n = {POINTS}, {CONNECTIONS} connections"
    accuracy = f"99th percentile {duration(tails[0])}, rival {duration(tails[1])}"
    yield Comparison(name, "bare route, same bytes", times, accuracy)


GROUP = Group("Requests", LIMITS, comparisons)
