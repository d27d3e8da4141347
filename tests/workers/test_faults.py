"""Jobs are never lost and never doubled: real processes, real kills.

Each test ends with the check of its `place` that no process is left.
"""

import hashlib
import json
import os
import re
import signal
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import pytest

from tests.processes import eventually
from tests.workers.processes import Place, Worker
from workers.reaper import EX_CONFIG
from workers.records import State
from workers.tasks import RING, ring_bell


def long_job(place: Place) -> tuple[str, int]:
    """Submit a job that computes until it is let end, and wait until it does; its id, and the pid of its runner."""
    file = place.folder / "pid"
    job = place.submit("tell_pid", {"pid": str(file), "gate": str(place.folder / "gate")})
    return job, int(eventually(lambda: file.exists() and file.read_text()))


def let_end(place: Place) -> None:
    """Let the long job come to its end, in whichever attempt."""
    (place.folder / "gate").touch()


def lease_of(place: Place, job: str) -> float:
    """When the lease of a job ends, by the clock of the server."""
    return place.server.client.zscore("minnorm:leases", job) or 0.0


def test_a_job_survives_the_death_of_its_worker(place: Place) -> None:
    worker = place.worker()
    job, runner = long_job(place)
    worker.kill()
    eventually(partial(is_gone, runner), what="death of the runner with its worker")
    assert place.ledger.get(job).state is State.RUNNING
    place.end_lease(job)
    worker.start()
    let_end(place)
    record = place.ended(job)
    assert (record.state, record.attempt, record.outcome) == (State.SUCCEEDED, 2, "optimal")
    assert b'"gate": ' in (place.ledger.result(job) or b"")
    assert place.is_clean()


def test_a_job_survives_the_death_of_its_runner(place: Place) -> None:
    place.worker()
    job, runner = long_job(place)
    os.kill(runner, signal.SIGKILL)
    let_end(place)
    record = place.ended(job)
    assert (record.state, record.attempt) == (State.SUCCEEDED, 2)
    assert place.is_clean()


def test_a_job_survives_the_death_of_its_pool_child(place: Place) -> None:
    place.worker()
    job, runner = long_job(place)
    status = Path(f"/proc/{runner}/status").read_text()
    os.kill(int(status.split("PPid:")[1].split()[0]), signal.SIGKILL)
    eventually(partial(is_gone, runner), what="death of the runner with the child")
    place.end_lease(job)
    let_end(place)
    record = place.ended(job)
    assert (record.state, record.attempt) == (State.SUCCEEDED, 2)
    assert place.is_clean()


def test_a_frozen_worker_that_wakes_up_writes_nothing(place: Place) -> None:
    """SIGSTOP for longer than a lease: another worker does the job, and the first one finds its attempt stale."""
    frozen = place.worker("frozen")
    job, _ = long_job(place)
    frozen.signal_all(signal.SIGSTOP)
    place.worker("other")
    place.end_lease(job)
    let_end(place)
    assert place.ended(job).attempt == 2
    before = place.ledger.get(job)
    frozen.signal_all(signal.SIGCONT)
    eventually(lambda: f"Job {job} went on without attempt 1" in frozen.log.read_text())
    assert place.ledger.get(job) == before
    assert place.is_clean()


def test_jobs_survive_the_death_of_redis(place: Place) -> None:
    """The second half of them is not let end before; who claims one as it dies may not hear of it."""
    # A short lease is lost as well when the machine halts: that is not to count here.
    worker = place.worker(slots=2, lease_s=2.0, attempts=100)
    halted = {"gate": str(place.folder / "gate")}
    problems = [{"seconds": 0.01, "number": number} | (halted if number >= 50 else {}) for number in range(100)]
    jobs = [place.submit("slow", problem) for problem in problems]
    eventually(lambda: place.ledger.get(jobs[10]).state.terminal)
    place.server.kill()
    let_end(place)
    time.sleep(0.5)  # an outage, not a synchronisation
    place.server.start()
    for number, job in enumerate(jobs):
        assert place.ended(job, 60).state is State.SUCCEEDED
        assert f'"number": {number}'.encode() in (place.ledger.result(job) or b"")
    assert place.is_clean()
    assert worker.running


def test_an_answer_outlives_an_outage(place: Place) -> None:
    """Redis is away when the computation ends, for longer than the lease; the answer is stored afterwards."""
    worker = place.worker(beat_s=10)
    job, _ = long_job(place)
    place.server.kill()
    let_end(place)
    eventually(lambda: "could not be beaten for" in worker.log.read_text(), what="an answer that cannot be stored")
    come_back(place, worker, job)
    assert (place.ended(job).state, place.ended(job).attempt) == (State.SUCCEEDED, 1)
    assert place.is_clean()


def come_back(place: Place, worker: Worker, job: str) -> None:
    """End an outage that seems longer to a worker than its lease.

    It hears of the server only when the lease has ended; its reaper then gives it two beats to say that it lives.
    """
    eventually(lambda: "Nothing is reaped for now" in worker.log.read_text(), what="a reaper that knows of the outage")
    worker.signal_all(signal.SIGSTOP)
    place.server.start()
    place.end_lease(job)
    worker.signal_all(signal.SIGCONT)


def test_a_long_job_outlives_an_outage(place: Place) -> None:
    """The same while the computation still goes on: it is not begun anew."""
    worker = place.worker(beat_s=2)
    job, _ = long_job(place)
    place.server.kill()
    eventually(lambda: "could not be beaten for" in worker.log.read_text())
    come_back(place, worker, job)
    eventually(lambda: lease_of(place, job), what="another beat")
    let_end(place)
    assert (place.ended(job).state, place.ended(job).attempt) == (State.SUCCEEDED, 1)


def test_a_job_longer_than_its_lease_is_computed_once(place: Place) -> None:
    place.worker(lease_s=3)
    job, _ = long_job(place)
    first = lease_of(place, job)
    eventually(lambda: lease_of(place, job) > first + 3, what="beats for longer than the first lease")
    let_end(place)
    assert (place.ended(job).state, place.ended(job).attempt) == (State.SUCCEEDED, 1)


class Walk:
    """A job that saves after each of its steps, and halts after some of them until it is let on."""

    def __init__(self, place: Place, steps: int, gates: Iterable[int]) -> None:
        self._place = place
        self._trace = place.folder / "trace"
        self._steps = steps
        self._gates = {step: place.folder / f"gate{step}" for step in gates}
        names = {str(step): str(file) for step, file in self._gates.items()}
        self.job = place.submit("walk", {"steps": steps, "trace": str(self._trace), "gates": names})

    def reach(self, step: int) -> None:
        """Wait until the ledger knows that this step has been taken, and is saved."""
        eventually(lambda: (self._place.ledger.get(self.job).progress or {}).get("step") == step, what=f"step {step}")
        eventually(lambda: self._saved() == step, what=f"checkpoint of step {step}")

    def _saved(self) -> int:
        state = self._place.server.client.get(f"minnorm:checkpoint:{self.job}")
        return int(json.loads(state)["step"]) if state else 0

    def let_on(self, step: int) -> None:
        """Open the gate of a step."""
        self._gates[step].touch()

    def check(self, attempts: int) -> None:
        """Wait for the end: the result is that of one who was never disturbed, and no step was taken twice."""
        record = self._place.ended(self.job)
        assert (record.state, record.attempt) == (State.SUCCEEDED, attempts)
        digest = ""
        for step in range(self._steps):
            digest = hashlib.sha256(f"{digest} {step}".encode()).hexdigest()
        assert json.loads(self._place.ledger.result(self.job) or b"") == {"step": self._steps, "digest": digest}
        assert [int(line) for line in self._trace.read_text().split()] == list(range(1, self._steps + 1))
        eventually(self._place.is_clean, what="no checkpoint is left")


def test_a_long_job_goes_on_after_the_deaths_of_its_worker(place: Place) -> None:
    """As many of them as would end a job that gets nowhere."""
    worker = place.worker()
    deaths = place.settings.attempts
    walk = Walk(place, 10 * deaths + 5, gates := [10 * number for number in range(1, deaths + 1)])
    for step in gates:
        walk.reach(step)
        runner = runner_of(worker)
        worker.kill()
        eventually(partial(is_gone, runner), what="death of the runner")
        walk.let_on(step)
        place.end_lease(walk.job)
        worker.start()
    walk.check(deaths + 1)


def test_a_long_job_saves_again_when_redis_is_back(place: Place) -> None:
    """What could not be stored is lost; it goes on, and what it saves afterwards is there for the next attempt."""
    worker = place.worker()
    walk = Walk(place, 30, [10, 20])
    walk.reach(10)
    place.server.kill()
    eventually(lambda: f"A checkpoint of job {walk.job} was not stored" in worker.log.read_text())
    place.server.start()
    walk.let_on(10)
    walk.reach(20)
    os.kill(runner := runner_of(worker), signal.SIGKILL)
    eventually(partial(is_gone, runner), what="death of the runner")
    walk.let_on(20)
    walk.check(2)
    assert worker.running


def is_gone(pid: int) -> bool:
    """Whether no process has this number any more."""
    return not Path(f"/proc/{pid}").exists()


def runner_of(worker: Worker) -> int:
    """The pid of the one runner that a worker has started last."""
    return int(re.findall(r"Started runner (\d+)", worker.log.read_text())[-1])


def test_a_worker_that_is_asked_to_stop_gives_its_job_back(place: Place) -> None:
    worker = place.worker()
    job, _ = long_job(place)
    worker.stop()
    assert place.ledger.get(job).state is State.QUEUED
    worker.start()
    let_end(place)
    assert place.ended(job).state is State.SUCCEEDED
    assert place.is_clean()


PICKLED = {
    "body": "gASVCQAAAAAAAACMBW1heWJllC4=",
    "content-type": "application/x-python-serialize",
    "content-encoding": "binary",
    "headers": {"task": RING, "id": "1"},
    "properties": {"delivery_tag": "1", "delivery_info": {"exchange": ""}, "body_encoding": "base64"},
}
MALFORMED = [b"not json", b"null", b"{}", json.dumps(PICKLED).encode(), b"\xff\xfe", b"[" * 100_000]


def test_malformed_messages_cost_a_restart_at_most(place: Place) -> None:
    worker = place.worker()
    for message in MALFORMED:
        place.server.client.lpush("interactive", message)
    place.celery.send_task("minnorm.unknown", queue="interactive")
    place.celery.send_task(RING, ("interactive", "too", "many"), queue="interactive")
    place.celery.send_task(RING, ("no such queue",), queue="interactive")
    job = place.submit("echo", 1)

    def restarted_until_ended() -> bool:
        if not worker.running:
            worker.start()
        return place.ledger.get(job).state.terminal

    eventually(restarted_until_ended, timeout_s=120)
    assert place.ledger.get(job).state is State.SUCCEEDED


def test_a_worker_without_a_runner_harms_no_job(place: Place) -> None:
    worker = place.worker(solver="no.such.module")
    job = place.submit("echo")
    eventually(lambda: "No runner" in worker.log.read_text())
    assert (place.ledger.get(job).state, place.ledger.get(job).attempt) == (State.QUEUED, 0)
    place.worker("sound")
    worker.kill()
    assert place.ended(job).state is State.SUCCEEDED


def test_a_worker_refuses_a_server_that_evicts(place: Place) -> None:
    place.server.client.config_set("maxmemory-policy", "allkeys-lru")
    worker = place.launch()
    assert worker.wait() == EX_CONFIG
    assert "noeviction" in worker.log.read_text()


def test_a_bell_that_cannot_be_rung_is_told(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    place.server.kill()
    started = time.monotonic()
    assert not ring_bell("interactive", place.celery)
    assert time.monotonic() - started < 20  # Celery itself would wait for ever
    assert re.search(r"bell of queue interactive could not be rung", caplog.text)
