"""The whole service in processes of its own, as `make run` brings it up."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import redis

from service.five_points import FIVE_POINTS
from tests.processes import ask, eventually, free_port, parent_of, processes_of

START_S = 120.0  # the very first start compiles
STOP_S = 30.0


class Launched:
    """A launcher in a process group of its own, as a shell makes one for `make run`."""

    def __init__(self, folder: Path, port: int | None = None, **environment: str) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.port = port or free_port()
        self.output_file = folder / f"output-{time.monotonic_ns()}"
        with self.output_file.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "service"],
                env=self._environment() | environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def _environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("MINNORM_")}
        return inherited | {"MINNORM_DATA_DIR": str(self.folder / "data"), "MINNORM_PORT": str(self.port)}

    @property
    def output(self) -> str:
        return self.output_file.read_text()

    def is_ready(self) -> bool:
        assert self.process.poll() is None, self.output
        return ask(self.port, "/readyz")[0] == 200

    def wait_until_ready(self) -> "Launched":
        eventually(self.is_ready, START_S, "ready")
        eventually(lambda: "ready at" in self.output, what="the greeting")
        return self

    def answers_through_the_queue(self) -> bool:
        """Whether all three work together again: gateway, broker, worker."""
        status, job = ask(
            self.port, "/v1/interpolations", FIVE_POINTS, {"Prefer": "respond-async", "Cache-Control": "no-cache"}
        )
        assert status == 202, job
        path = f"/v1/jobs/{job['id']}"
        return eventually(lambda: ask(self.port, path)[1].get("state") == "succeeded", START_S, path)

    def pid_of(self, program: str) -> int:
        """The process that the launcher itself started: its children come after it."""
        return min(pid for pid, line in processes_of(self.folder).items() if program in line)

    @contextmanager
    def held(self, queue: str = "interactive") -> Iterator[None]:
        """What this queue is given does not end, whatever its size, before its runner is let go, or killed."""
        self.answers_through_the_queue()  # so the runner of interactive jobs is warm: the next one is taken
        runner = eventually(lambda: self._runner(queue), START_S, f"runner of {queue}")
        os.kill(runner, signal.SIGSTOP)
        try:
            yield
        finally:
            with suppress(ProcessLookupError):
                os.kill(runner, signal.SIGCONT)

    def _runner(self, queue: str) -> int:
        """The process that computes for this queue, a child of its worker; 0 while there is none."""
        lines = processes_of(self.folder)
        runners = (pid for pid, line in lines.items() if "workers.runner" in line)
        return next((pid for pid in runners if f" -Q {queue} " in lines.get(parent_of(pid), "")), 0)

    def broker(self) -> redis.Redis:
        return redis.Redis(unix_socket_path=str(self.folder / "data" / "broker.sock"), decode_responses=True)

    def ctrl_c(self) -> None:
        os.killpg(self.process.pid, signal.SIGINT)

    def wait(self) -> int:
        return self.process.wait(timeout=STOP_S)
