"""Servers and workers as real processes, to be killed."""

import json
import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path
from typing import IO, Any

import redis

from tests.processes import ENVIRONMENT, end, eventually, processes_of
from workers.broker_program import find_server
from workers.celery_app import create_app
from workers.connection import connect
from workers.ledger import Ledger
from workers.records import JobRecord, NewJob
from workers.settings import WorkerSettings
from workers.tasks import ring_bell

TIMES = {"lease_s": 60.0, "beat_s": 0.2, "reap_s": 0.2, "time_limit_s": 60.0, "shutdown_s": 0.5}
"""Short where that is waited for. Leases and limits are not: a machine that halts for seconds shall not reach them."""
ROOT = Path(__file__).parents[2]


class Server:
    """A Redis or Valkey on a unix socket, with the durability of the real thing."""

    def __init__(self, binary: str, folder: Path, *options: str) -> None:
        self._folder = folder
        self._command = [
            binary, "--port", "0", "--unixsocket", str(folder / "s"), "--dir", str(folder), "--save", "",
            "--appendonly", "yes", "--maxmemory-policy", "noeviction", "--loglevel", "warning", *options,
        ]  # fmt: skip
        self.url = f"unix://{folder / 's'}"
        self.client = redis.Redis.from_url(self.url)
        self.start()

    def start(self) -> None:
        """Start, again after a kill; it loads what it had written."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, cwd=self._folder, env=ENVIRONMENT)
        eventually(self._answers)

    def kill(self) -> None:
        """Kill -9."""
        end(self._process)

    def stop(self) -> None:
        """End for good."""
        self.kill()
        self.client.close()

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.ConnectionError:
            return False


class Worker:
    """A Celery worker with a process group of its own. Its log is kept for the tests to read."""

    def __init__(self, settings: WorkerSettings, log: Path, *, name: str = "first", slots: int = 1) -> None:
        self._environment = {**ENVIRONMENT, **_variables(settings), "REMAP_SIGTERM": "SIGQUIT"}
        self._command = [
            sys.executable, "-m", "celery", "-A", "workers.celery_app", "worker", "--queues", "interactive",
            "--hostname", f"{name}@test", "--concurrency", str(slots), "--loglevel", "INFO",
            "--without-gossip", "--without-mingle", "--without-heartbeat",
        ]  # fmt: skip
        self.log = log
        self.start()

    def start(self) -> None:
        """Start, again after an end, as a supervisor would."""
        with self.log.open("ab") as out:
            self._process = self._spawn(out)

    def _spawn(self, out: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self._command, cwd=ROOT, env=self._environment, stdout=out, stderr=out, process_group=0)

    @property
    def running(self) -> bool:
        """Whether Celery's main process lives."""
        return self._process.poll() is None

    def signal_all(self, number: signal.Signals) -> None:
        """Signal Celery's main process and its children; the runners have groups of their own."""
        os.killpg(self._process.pid, number)

    def wait(self, timeout_s: float = 60.0) -> int:
        """Wait for its end and return its status."""
        return self._process.wait(timeout_s)

    def kill(self) -> None:
        """End everything, also what is stopped; nothing if it has ended."""
        if self.running:
            self.signal_all(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> int:
        """Ask the worker to end, as an operator would."""
        self._process.send_signal(signal.SIGTERM)
        return self.wait()


class Place:
    """A server, and everything around it that a job passes through, in one folder."""

    def __init__(self, folder: Path, **changes: Any) -> None:
        self.folder = folder
        self.server = Server(str(find_server()), folder)
        self.settings = WorkerSettings(redis_url=self.server.url, solver="tests.workers.kinds", **TIMES | changes)
        self.celery = create_app(self.settings)
        self._client = connect(self.settings)
        self.ledger = Ledger(self._client, self.settings)
        self._workers: list[Worker] = []

    def worker(self, name: str = "first", *, slots: int = 1, **changes: Any) -> Worker:
        """Start a worker and wait until it is ready."""
        worker = self.launch(name, slots=slots, **changes)
        eventually(lambda: f"{name}@test" in {record.name for record in self.ledger.workers()})
        return worker

    def launch(self, name: str = "first", *, slots: int = 1, **changes: Any) -> Worker:
        """Start a worker."""
        settings = self.settings.model_copy(update=changes)
        worker = Worker(settings, self.folder / f"{name}.log", name=name, slots=slots)
        self._workers.append(worker)
        return worker

    def submit(self, kind: str, content: Any = None, *, bell: bool = True) -> str:
        """Hand in a job as the gateway does."""
        job = NewJob(uuid.uuid4().hex, kind, "interactive", json.dumps(content).encode(), "")
        self.ledger.submit(job)
        if bell:
            ring_bell(job.queue, self.celery)
        return job.id

    def end_lease(self, job_id: str) -> None:
        """Let the lease of a job that runs be over, as if nobody had beaten for it for so long."""
        assert self.server.client.zadd("minnorm:leases", {job_id: 0}, xx=True, ch=True), "it has no lease"

    def ended(self, job_id: str, timeout_s: float = 60.0) -> JobRecord:
        """Wait for the end of a job."""
        eventually(lambda: self.ledger.get(job_id).state.terminal, timeout_s, f"end of {job_id}")
        return self.ledger.get(job_id)

    def is_clean(self) -> bool:
        """Whether no lease, input or queue entry is left."""
        left = ("leases", "deadlines", "unfinished", "payload:*", "staged:*", "saved:*", "inflight:*", "followers:*")
        rooms = ("line:*", "turns:*", "waiting:*", "checkpoint:*", *left)
        return not any(self.server.client.keys(f"minnorm:{room}") for room in rooms)

    def close(self) -> None:
        """Kill everything, and see that nothing survives."""
        for worker in self._workers:
            worker.kill()
        self.celery.close()
        self._client.close()
        self.server.stop()
        eventually(lambda: not processes_of(self.folder), what="end of all processes")


def _variables(settings: WorkerSettings) -> dict[str, str]:
    return {f"MINNORM_{name.upper()}": str(value) for name, value in settings.model_dump().items()}
