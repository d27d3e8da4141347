"""docker-compose.yml and the Dockerfile, without an engine: what they say is run as plain processes.

So a command line, a variable or a health check that has drifted from the code fails here.
"""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.commands import NICENESS, WORKER_ENVIRONMENT, gateway_command, worker_command
from tests.processes import ask, end, eventually, free_port, processes_of

ROOT = Path(__file__).parents[1]
PASSWORD = "0123456789abcdef"  # noqa: S105
START_S = 120.0  # the very first start compiles
STOP_S = 20.0
FIVE_POINTS = {"x": [-1.5, -1, 0, 0.25, 2], "y": [0.7, -0.3, -0.3, 0.4, 0.2]}

Require = Callable[[str], str]
Service = dict[str, Any]


def compose_config(program: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """What docker-compose makes of the file."""
    surroundings = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")} | environment
    command = [program, "--project-directory", str(ROOT), "config"]
    return subprocess.run(command, cwd=ROOT, env=surroundings, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def services(require_binary: Require) -> dict[str, Service]:
    told = compose_config(require_binary("docker-compose"), REDIS_PASSWORD=PASSWORD)
    assert told.returncode == 0, told.stderr
    assert "warn" not in told.stderr.lower()
    parsed: dict[str, Service] = yaml.safe_load(told.stdout.replace("$$", "$"))["services"]
    return parsed


class Stack:
    """The services of the file on this machine: the same words, other addresses."""

    def __init__(self, services: dict[str, Service], folder: Path) -> None:
        self._services = services
        self.folder = folder
        self.port, self._redis_port = free_port(), free_port()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str) -> None:
        extra: list[str] = []
        if name == "redis":
            extra = ["--port", str(self._redis_port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
        with self._log(name).open("wb") as log:
            self.processes[name] = subprocess.Popen(
                [self._here(word) for word in self._services[name]["command"]] + extra,
                cwd=ROOT,
                env=self._environment(name),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def is_healthy(self, name: str) -> bool:
        """Run the service's own health check, once."""
        assert self.processes[name].poll() is None, self.output(name)
        kind, *words = self._services[name]["healthcheck"]["test"]
        command = ["sh", "-c", *words] if kind == "CMD-SHELL" else words
        here = [self._here(word) for word in command]
        checked = subprocess.run(
            here, cwd=ROOT, env=self._environment(name), capture_output=True, timeout=30, check=False
        )
        return checked.returncode == 0

    def terminate(self, name: str) -> int:
        """Stop it as an engine does; returns the exit status."""
        self.processes[name].terminate()
        return self.processes[name].wait(STOP_S)

    def output(self, name: str) -> str:
        return self._log(name).read_text()

    def close(self) -> None:
        for process in self.processes.values():
            end(process)
        for pid in processes_of(self.folder):
            os.kill(pid, signal.SIGKILL)

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def _environment(self, name: str) -> dict[str, str]:
        told = self._services[name].get("environment") or {}
        here = {name: self._here(str(value)) for name, value in told.items()}
        inherited = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "TEST_FOLDER": str(self.folder)}
        return inherited | {"MINNORM_PORT": str(self.port)} | here

    def _here(self, word: str) -> str:
        """The same word for this machine instead of a container."""
        word = {"python": sys.executable, "8000": str(self.port), "0.0.0.0": "127.0.0.1"}.get(word, word)  # noqa: S104
        word = word.replace("@redis:6379", f"@127.0.0.1:{self._redis_port}")
        return word.replace("redis-cli", f"redis-cli -p {self._redis_port}")


@pytest.fixture(scope="module")
def stack(
    services: dict[str, Service], require_binary: Require, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """All services of the file, running and healthy."""
    require_binary("redis-server")
    require_binary("redis-cli")
    stack = Stack(services, tmp_path_factory.mktemp("stack"))
    try:
        stack.start("redis")
        eventually(lambda: stack.is_healthy("redis"), what="redis is healthy")
        others = [name for name in services if name != "redis"]
        for name in others:
            stack.start(name)
        for name in others:
            eventually(lambda: stack.is_healthy(name), START_S, f"{name} is healthy")  # noqa: B023
        yield stack
    finally:
        stack.close()


def test_no_password_no_service(require_binary: Require) -> None:
    refused = compose_config(require_binary("docker-compose"))
    assert refused.returncode != 0
    assert "set it in the file .env" in refused.stderr


def test_one_service_a_queue_with_the_launchers_command_line(services: dict[str, Service]) -> None:
    expected = {f"worker-{queue}": ["python", *worker_command([queue])] for queue in NICENESS}
    found = {name: told["command"] for name, told in services.items() if name.startswith("worker-")}
    assert found == expected
    for name in found:
        assert services[name]["environment"].items() >= WORKER_ENVIRONMENT.items()


def test_the_gateway_has_the_launchers_command_line(services: dict[str, Service]) -> None:
    expected = ["python", *gateway_command("0.0.0.0", 8000, grace_s=20)]  # noqa: S104
    assert services["gateway"]["command"] == expected


def test_only_the_gateway_is_published(services: dict[str, Service]) -> None:
    assert [name for name, told in services.items() if "ports" in told] == ["gateway"]
    assert services["gateway"]["ports"] == ["127.0.0.1:8000:8000/tcp"]


def test_every_service_is_confined_and_restarted(services: dict[str, Service]) -> None:
    for name, told in services.items():
        assert told["restart"] == "unless-stopped", name
        assert told["read_only"] is True, name
        assert told["cap_drop"] == ["ALL"], name
        assert "stop_grace_period" in told, name
        assert "healthcheck" in told, name


def test_the_grace_of_a_container_is_longer_than_that_of_its_program(services: dict[str, Service]) -> None:
    assert services["gateway"]["stop_grace_period"] == "30s"
    assert services["gateway"]["command"][-1] == "20"
    assert services["worker-batch"]["stop_grace_period"] == "40s"
    assert services["worker-batch"]["environment"]["MINNORM_SHUTDOWN_S"] == "20"


def test_the_image_runs_the_same_gateway_from_locked_packages() -> None:
    text = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text())
    words = {line.split()[0]: line.split(maxsplit=1)[1] for line in text.splitlines() if line[:1].isupper()}
    assert json.loads(words["CMD"]) == ["python", *gateway_command("0.0.0.0", 8000, grace_s=20)]  # noqa: S104
    assert shlex.split(words["HEALTHCHECK"].split(" CMD ")[1].strip('[]"').replace('", "', " ")) == [
        "python",
        "-m",
        "service.probes",
    ]
    assert words["USER"] == "minnorm"
    assert "--require-hashes --no-deps -r requirements.lock" in text
    assert "requirements-dev" not in text


def test_redis_keeps_what_it_accepts_and_knows_its_clients(stack: Stack) -> None:
    log = stack.output("redis")
    assert "WARNING: no password" not in log
    assert list((stack.folder / "appendonlydir").glob("*.aof"))
    bare = ["redis-cli", "-p", str(stack._redis_port), "set", "a", "b"]
    refused = subprocess.run(bare, capture_output=True, text=True, check=False)
    assert "NOAUTH" in refused.stdout + refused.stderr


def test_the_gateway_says_that_it_is_ready(stack: Stack) -> None:
    eventually(lambda: ask(stack.port, "/readyz")[0] == 200, what="ready")


def test_a_small_problem_is_answered_at_once(stack: Stack) -> None:
    status, job = ask(stack.port, "/v1/interpolations", FIVE_POINTS)
    assert (status, job["state"], job["outcome"]) == (200, "succeeded", "optimal")


def test_on_demand_it_goes_through_the_queue_with_the_same_answer(stack: Stack) -> None:
    inline = ask(stack.port, "/v1/interpolations", FIVE_POINTS)[1]["result"]
    status, job = ask(stack.port, "/v1/interpolations", FIVE_POINTS, {"Prefer": "respond-async"})
    assert status == 202

    def finished() -> dict[str, Any]:
        seen = ask(stack.port, f"/v1/jobs/{job['id']}")[1]
        return seen if seen["state"] not in ("queued", "running") else {}

    assert eventually(finished, START_S, "the job has ended")["state"] == "succeeded"
    assert ask(stack.port, f"/v1/jobs/{job['id']}/result")[1] == inline


def test_sigterm_ends_all_in_good_order(stack: Stack) -> None:
    """The last test of the stack: it is gone afterwards."""
    # Redis last, as an engine does it: the others depend on it, and would complain.
    statuses = {name: stack.terminate(name) for name in reversed(stack.processes)}
    # uvicorn passes the signal on to itself when it is done.
    assert statuses.pop("gateway") in (0, -signal.SIGTERM)
    assert set(statuses.values()) == {0}, [stack.output(name) for name, status in statuses.items() if status]
    for name in stack.processes:
        assert "Traceback" not in stack.output(name), stack.output(name)
    eventually(lambda: not processes_of(stack.folder), what="no process is left")
