"""SIGTERM to a gateway that is busy: everybody gets an answer, or an end that does not look like one, and soon."""

import asyncio
import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from service.closing import told_of_the_end
from service.commands import gateway_command
from tests.processes import ask, end, eventually, free_port
from tests.workers.processes import ROOT, Server
from workers.broker_program import find_server

POINTS = {"x": [0, 1, 2], "y": [0, 1, 0]}
BODY = json.dumps(POINTS).encode()
BATCH = {"items": [{"custom_id": "a", "kind": "interpolations", "body": POINTS}]}
START_S = 120.0


class Gateway:
    """A gateway without workers: what is queued waits for ever."""

    def __init__(self, server: Server, grace_s: int) -> None:
        self.server = server
        self.port = free_port()
        command = [sys.executable, *gateway_command("127.0.0.1", self.port, grace_s)]
        environment = {**os.environ, "MINNORM_REDIS_URL": server.url}
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
        eventually(lambda: ask(self.port, "/livez")[0] == 200, START_S, "the gateway lives")

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    @contextmanager
    def stream(self, path: str) -> Iterator[http.client.HTTPResponse]:
        """A response that has begun."""
        with closing(self.connect()) as connection:
            connection.request("GET", path)
            yield connection.getresponse()

    def has_looked_up(self, *names: str) -> bool:
        """Whether it has read these records, all of them, since `note_lookups`."""
        noted: Any = self.server.client.slowlog_get(1000)
        commands = {entry["command"].decode() for entry in noted}
        return all(f"HGETALL minnorm:{name}" in commands for name in names)

    def note_lookups(self) -> None:
        """Have the server write down every command."""
        self.server.client.config_set("slowlog-log-slower-than", 0)
        self.server.client.config_set("slowlog-max-len", 1000)
        self.server.client.slowlog_reset()

    @contextmanager
    def half_a_request(self, sent: bytes, length: int) -> Iterator[http.client.HTTPConnection]:
        """A POST of which so much has been sent."""
        with closing(self.connect()) as connection:
            connection.putrequest("POST", "/v1/interpolations")
            connection.putheader("Content-Type", "application/json")
            connection.putheader("Content-Length", str(length))
            connection.endheaders(sent)
            yield connection


@pytest.fixture
def gateway(grace_s: int) -> Iterator[Gateway]:
    with tempfile.TemporaryDirectory(prefix="mn") as name:
        server = Server(str(find_server()), Path(name))
        gateway = Gateway(server, grace_s)
        yield gateway
        end(gateway.process)
        server.stop()


@pytest.mark.parametrize("grace_s", [60])
def test_those_who_wait_and_listen_are_let_go(gateway: Gateway, grace_s: int) -> None:
    job = ask(gateway.port, "/v1/interpolations", POINTS, {"Prefer": "respond-async"})[1]
    batch = ask(gateway.port, "/v1/batches", BATCH)[1]
    paths = [found["links"]["self"] for found in (job, batch)]
    gateway.note_lookups()
    with gateway.half_a_request(BODY[:10], len(BODY)) as half, ThreadPoolExecutor() as pool:
        polls = [pool.submit(ask, gateway.port, path, None, {"Prefer": "wait=60"}) for path in paths]
        eventually(lambda: gateway.has_looked_up(f"job:{job['id']}", f"batch:{batch['id']}"), what="all wait")
        with gateway.stream(f"{paths[0]}/events") as events, gateway.stream(f"{paths[1]}/results") as results:
            assert not any(poll.done() for poll in polls)
            began = time.monotonic()
            gateway.process.send_signal(signal.SIGTERM)
            answers: list[tuple[int, dict[str, Any]]] = [poll.result(grace_s) for poll in polls]
            assert [(status, found["state"]) for status, found in answers] == [(200, "queued")] * 2
            assert events.read().startswith(b"retry: ")  # a stream that ends; its reader comes back
            with pytest.raises(http.client.IncompleteRead):
                results.read()
        half.send(BODY[10:])
        with closing(half.getresponse()) as response:
            assert response.status == 200
    assert gateway.process.wait(grace_s) in (0, -signal.SIGTERM)
    assert time.monotonic() - began < grace_s / 2
    assert ask(gateway.port, "/livez")[0] == 0


@pytest.mark.parametrize("grace_s", [6])
def test_who_never_ends_his_request_delays_the_end_by_the_grace_at_most(gateway: Gateway, grace_s: int) -> None:
    with gateway.half_a_request(b"{", 100):
        assert ask(gateway.port, "/livez")[0] == 200  # so what came before has been taken up
        gateway.process.send_signal(signal.SIGTERM)
        assert gateway.process.wait(grace_s + 20) in (0, -signal.SIGTERM)  # without one it would take a minute


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_does_not_wait_for_a_lock_of_the_code_that_it_interrupts(number: signal.Signals) -> None:
    lock, told, passed_on = threading.Lock(), list[bool](), list[int]()

    def tell() -> None:
        told.append(lock.acquire(timeout=5))

    async def interrupted() -> None:
        with told_of_the_end(tell):
            with lock:
                signal.raise_signal(number)
            await asyncio.sleep(0)

    usual = signal.signal(number, lambda heard, _: passed_on.append(heard))
    try:
        asyncio.run(interrupted())
    finally:
        signal.signal(number, usual)
    assert (told, passed_on) == ([True], [number])
