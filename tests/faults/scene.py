"""A place that keeps the books: what was accepted, how it has to end, and how it did."""

import json
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

from tests.faults.books import MARK, PATIENCE_S, Books
from tests.faults.gateway import Gateway
from tests.processes import eventually
from tests.workers.processes import TIMES, Server, Worker
from workers.celery_app import create_app
from workers.connection import connect
from workers.errors import LedgerUnavailable
from workers.ledger import Ledger
from workers.records import NewJob, State
from workers.settings import WorkerSettings
from workers.tasks import ring_bell

LEASES = {"lease_s": 4.0, "time_limit_s": 20.0}
"""Longer than in other tests: on a busy machine a lease that ends by itself would be taken for a defect."""


class Hand(Worker):
    """A worker for any queue, in any environment."""

    def __init__(
        self, settings: WorkerSettings, log: Path, name: str, slots: int, queue: str, environment: dict[str, str]
    ) -> None:
        self._queue = queue
        self._more = environment
        super().__init__(settings, log, name=name, slots=slots)

    def _spawn(self, out: IO[bytes]) -> Any:
        self._command = [self._queue if part == "interactive" else part for part in self._command]
        self._environment |= self._more
        return super()._spawn(out)


class Scene(Books):
    """A place on a given server, with gateways, and a supervisor who starts what has died again."""

    def __init__(self, binary: str, folder: Path, **changes: Any) -> None:
        self.folder = folder
        self.data = folder / "d"
        self.data.mkdir()
        self.server = Server(binary, self.data)
        self.settings = WorkerSettings(
            redis_url=self.server.url, data_dir=folder, solver="tests.workers.kinds", **TIMES | LEASES | changes
        )
        self.celery = create_app(self.settings)
        self._client = connect(self.settings)
        self.ledger = Ledger(self._client, self.settings)
        self._workers: list[Worker] = []
        self._open_books()
        self.gateways: list[Gateway] = []
        self.refusals = 0

    def launch(
        self,
        name: str = "first",
        *,
        slots: int = 1,
        queue: str = "interactive",
        environment: dict[str, str] | None = None,
        **changes: Any,
    ) -> Worker:
        """Start a worker; from now on it is supervised."""
        settings = self.settings.model_copy(update=changes)
        worker = Hand(settings, self.folder / f"{name}.log", name, slots, queue, environment or {})
        self._workers.append(worker)
        self.supervised.append(worker)
        return worker

    def gateway(self) -> Gateway:
        """Start a gateway, and wait for it."""
        gateway = Gateway(self.settings, self.folder / f"gateway{len(self.gateways)}.log", self.wrong)
        self.gateways.append(gateway)
        gateway.wait_until_ready()
        return gateway

    def crash(self, worker: Worker) -> None:
        """Kill -9 the whole group, and start it again."""
        worker.signal_all(signal.SIGKILL)
        worker.wait()
        worker.start()

    def submit(self, kind: str, content: Any = None, *, bell: bool = True, state: State = State.SUCCEEDED) -> str:
        """Hand in a job as a caller does who repeats himself until he is answered."""
        job = NewJob(uuid.uuid4().hex, kind, "interactive", json.dumps(content).encode(), "")
        patiently(lambda: self.ledger.submit(job), self._refused)
        if bell:
            ring_bell(job.queue, self.celery)
        return self.expect(job.id, state, content)

    def _refused(self) -> None:
        self.refusals += 1

    def load(self, jobs: int, seconds: float = 0.01) -> None:
        """Hand in jobs that leave a mark each time they are computed."""
        for number in range(jobs):
            mark = MARK.format(number)
            self.submit("count", {"executions": str(self.executions_file), "mark": mark, "seconds": seconds})

    @contextmanager
    def loading(self, jobs: int, seconds: float = 0.01) -> Iterator[Future[None]]:
        """Hand them in while something else goes on."""
        with ThreadPoolExecutor(1) as hands:
            future = hands.submit(self.load, jobs, seconds)
            yield future
            future.result()

    def reach(self, executions: int) -> None:
        """Wait until so many have been begun."""

        def reached() -> bool:
            self.supervise()
            return self.executions >= executions

        eventually(reached, PATIENCE_S, f"{executions} executions; there are {self.executions}")

    def strike(self, times: int, jobs: int, blow: Callable[[], None]) -> None:
        """Do it so many times, evenly over the jobs."""
        for number in range(1, times + 1):
            self.reach(jobs * number // (times + 2))
            blow()

    def close(self) -> None:
        """Kill everything, and see that nothing survives."""
        for gateway in self.gateways:
            gateway.kill()
        super().close()


def patiently(call: Callable[[], object], refused: Callable[[], None]) -> None:
    """Repeat a call to the ledger until it is there."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            call()
        except LedgerUnavailable:
            refused()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


@contextmanager
def scene(binary: str, **changes: Any) -> Iterator[Scene]:
    """An empty place in a folder of its own; the name is short enough for a unix socket."""
    with TemporaryDirectory(prefix="mn") as name:
        place = Scene(binary, Path(name), **changes)
        try:
            yield place
        finally:
            place.close()
