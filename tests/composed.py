"""The services of docker-compose.yml as plain processes of this machine: the same words, other addresses."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from tests.processes import ask, end, eventually, free_port, processes_of

ROOT = Path(__file__).parents[1]
PASSWORD = "0123456789abcdef"  # noqa: S105
START_S = 120.0  # the very first start compiles
STOP_S = 60.0

Require = Callable[[str], str]
Service = dict[str, Any]


def compose_config(program: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """What docker-compose makes of the file."""
    surroundings = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")} | environment
    command = [program, "--project-directory", str(ROOT), "config"]
    return subprocess.run(command, cwd=ROOT, env=surroundings, capture_output=True, text=True, check=False)


def read_services(program: str) -> dict[str, Service]:
    """The services as docker-compose understands them."""
    told = compose_config(program, REDIS_PASSWORD=PASSWORD)
    assert told.returncode == 0, told.stderr
    assert "warn" not in told.stderr.lower()
    parsed: dict[str, Service] = yaml.safe_load(told.stdout.replace("$$", "$"))["services"]
    return parsed


class Stack:
    """The services of the file, started one by one."""

    def __init__(self, services: dict[str, Service], folder: Path) -> None:
        self._services = services
        self.folder = folder
        self.port, self.redis_port, self._proxy_port = free_port(), free_port(), free_port()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.headers: dict[str, str] = {}
        """What every request is sent with: a key, once there is one."""

    def start(self, name: str, replica: str = "") -> None:
        """Start a service, or one of several processes of it, in what looks to it like a machine of its own."""
        service, name = name, f"{name}-{replica}" if replica else name
        with self._log(name).open("wb") as log:
            self.processes[name] = subprocess.Popen(
                [*(self._here(word, replica) for word in self._services[service]["command"]), *self._extra(service)],
                cwd=ROOT,
                env=self._environment(service),
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

    def start_all(self) -> None:
        """Start what there is a program for here, and wait until all of it is healthy."""
        self.start("redis")
        eventually(lambda: self.is_healthy("redis"), what="redis is healthy")
        others = [name for name in self._services if name not in ("redis", "proxy")]
        others += ["proxy"] * (shutil.which("nginx") is not None)
        for name in others:
            self.start(name)
        for name in others:
            eventually(lambda: self.is_healthy(name), START_S, f"{name} is healthy")  # noqa: B023
        self.headers = {"Authorization": f"Bearer {self.issue_key('read', 'solve', 'operate')}"}

    def issue_key(self, *scopes: str) -> str:
        """A key, as its operator makes it in the container of the gateway."""
        words = [word for scope in scopes for word in ("--scope", scope)]
        command = [sys.executable, "-m", "service.keys", "issue", "--name", "test", *words]
        environment = self._environment("gateway")
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout[
            :-1
        ]

    def ask(self, path: str, body: Any = None, headers: dict[str, str] | None = None) -> tuple[int, dict[str, Any]]:
        """Ask as a caller with a key does: through the proxy if there is one."""
        return ask(self.way_in, path, body, self.headers | (headers or {}))

    @property
    def way_in(self) -> int:
        """The port that the outside world reaches."""
        return self._proxy_port if "proxy" in self.processes else self.port

    def kill(self, name: str) -> None:
        """Kill a service with all its children, as the end of its machine would."""
        os.killpg(self.processes[name].pid, signal.SIGKILL)
        self.processes.pop(name).wait(STOP_S)

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

    def _extra(self, service: str) -> list[str]:
        """What a container has by itself."""
        if service == "redis":
            return ["--port", str(self.redis_port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
        if service == "proxy":
            written = self.folder / "nginx.conf"
            written.write_text(self._here((ROOT / "service" / "proxy" / "nginx.conf").read_text()))
            return ["-p", str(self.folder), "-c", str(written)]
        return []

    def _here(self, word: str, replica: str = "") -> str:
        """The same word for this machine instead of a container."""
        word = {"python": sys.executable, "8000": str(self.port), "0.0.0.0": "127.0.0.1"}.get(word, word)  # noqa: S104
        alone = "daemon off; user root;" if os.geteuid() == 0 else "daemon off;"  # there are no other users' files here
        changes = {
            "@redis:6379": f"@127.0.0.1:{self.redis_port}",
            "redis-cli": f"redis-cli -p {self.redis_port}",
            "http://gateway:8000": f"http://127.0.0.1:{self.port}",
            "listen 8080": f"listen 127.0.0.1:{self._proxy_port}",
            "127.0.0.1:8080": f"127.0.0.1:{self._proxy_port}",
            " /tmp/": f" {self.folder}/",
            "daemon off;": alone,
            "@%h": f"@{replica}" if replica else "@%h",
        }
        for there, here in changes.items():
            word = word.replace(there, here)
        return word
