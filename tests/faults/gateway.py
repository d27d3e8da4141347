"""A gateway as a process, to be killed, and clients that are strict with it."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.commands import gateway_command
from tests.processes import ENVIRONMENT, eventually, free_port
from tests.workers.processes import ROOT, _variables
from workers.settings import WorkerSettings

START_S = 120.0
PATIENCE_S = 120.0
ASYNC = {"Prefer": "respond-async"}
INTERPOLATIONS = "/v1/interpolations"


@dataclass(frozen=True)
class Reply:
    """What came back; status 0 if nobody answered."""

    status: int
    headers: dict[str, str]
    body: dict[str, Any]
    seconds: float


class Gateway:
    """Serves HTTP until it is killed; every answer that no caller should get is written down."""

    def __init__(self, settings: WorkerSettings, log: Path, wrong: list[str]) -> None:
        self.port = free_port()
        self._environment = {**ENVIRONMENT, **_variables(settings), "MINNORM_SOLVER": "workers.compute"}
        self._log = log
        self._wrong = wrong
        self.start()

    def start(self) -> None:
        """Start, again after a kill."""
        command = [sys.executable, *gateway_command("127.0.0.1", self.port, 1)]
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=self._environment, stdout=out, stderr=out, process_group=0
            )

    def wait_until_ready(self) -> None:
        """Wait until it answers."""
        eventually(lambda: self.ask("/livez").status == 200, START_S, "a gateway")

    def kill(self) -> None:
        """Kill -9."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def ask(self, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Reply:
        """GET, or POST if there is a body."""
        started = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            sent = None if body is None else json.dumps(body)
            told = {"Content-Type": "application/json"} | (headers or {})
            connection.request("GET" if body is None else "POST", path, sent, told)
            answer = connection.getresponse()
            content = json.loads(answer.read() or b"{}")
        except (OSError, http.client.HTTPException):
            return Reply(0, {}, {}, time.monotonic() - started)
        finally:
            connection.close()
        got = {name.lower(): value for name, value in answer.getheaders()}
        return self._judge(path, Reply(answer.status, got, content, time.monotonic() - started))

    def _judge(self, path: str, reply: Reply) -> Reply:
        polite = reply.status == 503 and "retry-after" in reply.headers
        if reply.status >= 500 and not polite and path.startswith("/v1"):
            self._wrong.append(f"{path} answered {reply.status}")
        return reply

    def insist(self, body: Any, headers: dict[str, str]) -> str:
        """POST the same request until it is accepted; the id of its job."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            reply = self.ask(INTERPOLATIONS, body, headers)
            if reply.status in (200, 202):
                return str(reply.body["id"])
            time.sleep(0.05)
        self._wrong.append("a request was never accepted")
        return ""


def points(number: int) -> dict[str, Any]:
    """Three points, others for each number."""
    return {"x": [0, 1, 2], "y": [0, 1 + number / 1024, 0]}
