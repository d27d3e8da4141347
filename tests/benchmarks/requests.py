"""A small request beside a bare FastAPI route with the same body model that returns the same bytes: one process each."""

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

from service.main import create_app
from service.schemas import InterpolationRequest
from tests.processes import free_port

CONNECTIONS, REQUESTS, ROUNDS, POINTS = 16, 2_000, 5, 20


def problem() -> bytes:
    """Twenty points."""
    generator = np.random.default_rng(3)
    x, y = np.cumsum(generator.uniform(0.1, 1, POINTS)), generator.normal(size=POINTS)
    return json.dumps({"x": x.tolist(), "y": y.tolist()}).encode()


def bare() -> FastAPI:
    """The rival: parses the same body into the same model, and answers what the service answers, without solving."""

    async def fetch() -> bytes:
        transport = httpx.ASGITransport(create_app())
        async with httpx.AsyncClient(transport=transport, base_url="http://bench") as client:
            headers = {"Content-Type": "application/json"}
            return (await client.post("/v1/interpolations", content=problem(), headers=headers)).content

    content = asyncio.run(fetch())
    app = FastAPI()

    @app.post("/v1/interpolations")
    async def same_bytes(body: Annotated[InterpolationRequest, Body()]) -> Response:  # noqa: ARG001
        return Response(content, media_type="application/json")

    return app


@contextlib.contextmanager
def served(factory: str) -> Iterator[str]:
    """The address of an app in a process of its own."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "--factory", factory, "--port", str(port), "--log-level", "error"]
    process = subprocess.Popen([*command, "--no-access-log"])
    address = f"http://127.0.0.1:{port}/v1/interpolations"
    try:
        while True:
            with contextlib.suppress(httpx.HTTPError):
                httpx.get(address)
                break
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait()


async def load(address: str) -> tuple[float, float]:
    """Requests a second, and the 99th percentile in milliseconds."""
    body, headers, times = problem(), {"Content-Type": "application/json"}, []

    async def one_connection() -> None:
        async with httpx.AsyncClient() as client:
            for _ in range(REQUESTS // CONNECTIONS):
                start = time.perf_counter()
                (await client.post(address, content=body, headers=headers)).raise_for_status()
                times.append(time.perf_counter() - start)

    start = time.perf_counter()
    await asyncio.gather(*(one_connection() for _ in range(CONNECTIONS)))
    elapsed = time.perf_counter() - start
    return len(times) / elapsed, statistics.quantiles(times, n=100)[98] * 1e3


def run() -> None:
    """Print all figures."""
    print(f"POST /v1/interpolations, n = {POINTS}, {CONNECTIONS} connections; the rival is a bare route, same bytes.")
    with served("service.main:create_app") as ours, served("tests.benchmarks.requests:bare") as rival:
        pairs = [(asyncio.run(load(ours)), asyncio.run(load(rival))) for _ in range(ROUNDS + 1)][1:]
    ratios = sorted(mine[0] / other[0] for mine, other in pairs)
    mine, other = (statistics.median(pair[side][0] for pair in pairs) for side in (0, 1))
    tails = [statistics.median(pair[side][1] for pair in pairs) for side in (0, 1)]
    spread = f"({ratios[0]:.2f} to {ratios[-1]:.2f})"
    print(f"    {mine:.0f} requests/s, rival {other:.0f}, ratio {statistics.median(ratios):.2f} {spread}")
    print(f"    99th percentile {tails[0]:.1f} ms, rival {tails[1]:.1f} ms, ratio {tails[0] / tails[1]:.2f}")
