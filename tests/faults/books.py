"""The books of a place: what was accepted, how it has to end, and how it did."""

import json
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

from tests.faults.figures import Figures
from tests.workers.processes import Place, Worker
from workers.errors import LedgerError, LedgerUnavailable
from workers.records import State

UNKNOWN = object()
"""The result of a job that is judged by its state alone."""
PATIENCE_S = 120.0
MARK = "{:07d},"
"""What a job of kind `count` leaves each time; all of one length, so that the size of the file tells how many."""
LEFTOVERS = (
    *("line:*", "turns:*", "waiting:*", "leases", "deadlines", "unfinished"),
    *("payload:*", "staged:*", "saved:*", "checkpoint:*", "inflight:*", "followers:*"),
)


@dataclass(frozen=True)
class Fate:
    """How a job has to end."""

    state: State
    result: Any


class Books(Place):
    """Compares what the ledger says with what it was told."""

    def _open_books(self) -> None:
        self.supervised: list[Worker] = []
        self.fates: dict[str, Fate] = {}
        self.wrong: list[str] = []
        self.executions_file = self.folder / "executions"

    def supervise(self) -> None:
        """Start what has died again."""
        for worker in self.supervised:
            if not worker.running:
                worker.start()

    def expect(self, job_id: str, state: State = State.SUCCEEDED, result: Any = UNKNOWN) -> str:
        """Write down an accepted job."""
        self.fates[job_id] = Fate(state, result)
        return job_id

    @property
    def executions(self) -> int:
        """How many there have been so far."""
        size = self.executions_file.stat().st_size if self.executions_file.exists() else 0
        return size // len(MARK.format(0))

    def require(self, word: str, *names: str) -> int:
        """How often the workers (of these names, or all) have logged it; never is wrong: then nothing was tried."""
        logs = [self.folder / f"{name}.log" for name in names] or list(self.folder.glob("*.log"))
        counts = [log.read_text().count(word) for log in logs]
        if not (all(counts) if names else any(counts)):
            self.wrong.append(f"never {word!r}")
        return sum(counts)

    def settle(self, kills: int = 0, slots: int = 1, *, bound: int | None = None) -> Figures:
        """Wait for the end of everything, and count.

        Parameters
        ----------
        kills
            Blows, each of which may have cost what all slots had in hand.
        slots
            Of all workers together.
        bound
            Most executions, if that is not the number of jobs and what was in hand.
        """
        ends = self._wait_for_ends()
        counted = self._marked()
        most = counted + kills * slots if bound is None else bound
        figures = Figures(accepted=len(self.fates), kills=kills, executions=self.executions, wrong=self.wrong)
        figures.stuck = len(self.fates) - len(ends) + (0 if self._cleared() else 1)
        figures.lost = sum(not self._is_as_expected(job) for job in ends)
        figures.doubled = max(0, self.executions - most) + self._second_results()
        return figures

    def _marked(self) -> int:
        return sum(isinstance(fate.result, dict) and "mark" in fate.result for fate in self.fates.values())

    def _wait_for_ends(self) -> list[str]:
        waiting, ends, deadline = deque(self.fates), list[str](), time.monotonic() + PATIENCE_S
        while waiting and time.monotonic() < deadline:
            if self._has_ended(waiting[0]):
                ends.append(waiting.popleft())
            else:
                self.supervise()
                time.sleep(0.02)
        return ends + [job for job in waiting if self._has_ended(job)]

    def _has_ended(self, job: str) -> bool:
        try:
            return self.ledger.get(job).state.terminal
        except LedgerUnavailable:
            return False
        except LedgerError:  # it is unknown: that is an end, and will be counted as a loss
            return True

    def _cleared(self) -> bool:
        deadline = time.monotonic() + PATIENCE_S
        while (left := self.leftovers()) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.wrong += [f"left: {name}" for name in left[:3]]
        return not left

    def leftovers(self) -> list[str]:
        """What `is_clean` looks for, but for inputs that expire: of jobs that can be tried again, or never were."""
        if self.is_clean():
            return []
        client: Any = self.server.client
        keys = [key for room in LEFTOVERS for key in client.keys(f"minnorm:{room}")]
        return [key.decode() for key in keys if client.ttl(key) < 0]

    def _is_as_expected(self, job: str) -> bool:
        fate = self.fates[job]
        try:
            record, result = self.ledger.get(job), self.ledger.result(job)
        except LedgerError:
            return False
        if record.state is not State.SUCCEEDED or fate.result is UNKNOWN:
            return record.state is fate.state
        return fate.state is State.SUCCEEDED and json.loads(result or b"null") == fate.result

    def _second_results(self) -> int:
        """Each job ends once by the counters, and has one result."""
        client: Any = self.server.client
        counters = client.hgetall("minnorm:counters")
        ends = sum(int(count) for name, count in counters.items() if name.startswith(b"ended:"))
        successes = sum(int(count) for name, count in counters.items() if b":succeeded:" in name and name[:1] == b"e")
        results = len(client.keys("minnorm:result:*"))
        return max(0, ends - len(self.fates)) + max(0, results - successes)
