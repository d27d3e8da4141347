"""Jobs that are cancelled in every state, that kill, and that an older version has left."""

import math
import time
import uuid
from typing import Any

from tests.faults.figures import Figures, Size
from tests.faults.scene import Scene
from tests.processes import eventually
from workers.records import State

POISON = ("kill", "segfault", "leave", "hog", "endless")
OLD_JOBS = 20


def canceled_jobs(place: Scene, size: Size) -> Figures:
    """In each state, twice, while the worker dies, and without one; who computes is stopped within so many seconds."""
    cases = (_without_worker, _queued, _python, _compiled, _finished, _twice, _during_a_crash)
    taken = [case(place) for case in cases]
    for case, seconds in zip(cases, taken, strict=True):
        if seconds > size.seconds:
            place.wrong.append(f"{case.__name__}: canceled after {seconds:.1f} s")
    figures = place.settle(1)
    figures.note = f"stopped within {max(taken):.1f} s"
    return figures


def _running(place: Scene, kind: str) -> str:
    job = place.submit(kind, {"seconds": 15}, state=State.CANCELED)
    eventually(lambda: place.ledger.get(job).state is State.RUNNING, what=f"start of {kind}")
    time.sleep(0.1)  # the record says so before the runner has it
    return job


def _cancel(place: Scene, job: str) -> float:
    """The seconds until it has ended."""
    started = time.monotonic()
    place.ledger.cancel(job)
    place.ended(job)
    return time.monotonic() - started


def _cancel_waiting(place: Scene) -> float:
    """It ends with the call, whatever that takes."""
    job = place.submit("echo", 1, state=State.CANCELED)
    place.ledger.cancel(job)
    return 0.0 if place.ledger.get(job).state.terminal else math.inf


def _without_worker(place: Scene) -> float:
    seconds = _cancel_waiting(place)
    place.worker()
    return seconds


def _queued(place: Scene) -> float:
    first = _running(place, "slow")
    return max(_cancel_waiting(place), _cancel(place, first))


def _python(place: Scene) -> float:
    return _cancel(place, _running(place, "slow"))


def _compiled(place: Scene) -> float:
    return _cancel(place, _running(place, "endless"))


def _finished(place: Scene) -> float:
    job = place.submit("echo", 3)
    place.ended(job)
    place.ledger.cancel(job)
    return 0.0


def _twice(place: Scene) -> float:
    job = _running(place, "slow")
    place.ledger.cancel(job)
    seconds = _cancel(place, job)
    place.ledger.cancel(job)
    return seconds


def _during_a_crash(place: Scene) -> float:
    """Nobody is left to stop it: the end of the lease does."""
    job = _running(place, "slow")
    place.ledger.cancel(job)
    place.crash(place.supervised[0])
    return 0.0


def poison(place: Scene, size: Size) -> Figures:
    """It fails after three deaths, or at its limit; its neighbours do not notice."""
    place.worker(slots=2, time_limit_s=1.5, job_memory_bytes=4 * 2**30)
    jobs = {}
    for _ in range(size.kills):
        for kind in POISON:
            jobs[place.submit(kind, {}, state=State.FAILED)] = kind
            place.load(size.jobs // (size.kills * len(POISON)))
    figures = place.settle()
    expected = {"hog": ("memory-limit", 1), "endless": ("time-limit", 1)}
    for job, kind in jobs.items():
        record = place.ledger.get(job)
        code = record.error.code if record.error else ""
        if (code, record.attempt) != expected.get(kind, ("worker-lost", 3)):
            place.wrong.append(f"{kind} ended as {code!r} in attempt {record.attempt}")
    figures.kills = len(jobs)
    return figures


def old_records(place: Scene, _: Size) -> Figures:
    """What version 0.1.0 has queued, computed by this one."""
    client: Any = place.server.client
    for number in range(OLD_JOBS):
        job = place.expect(uuid.uuid4().hex, result=number)
        created = f"{time.time():.6f}"
        fields = {"kind": "echo", "queue": "interactive", "digest": "", "state": "queued", "created_at": created}
        client.hset(f"minnorm:job:{job}", mapping=fields | {"attempt": 0, "losses": 0})
        client.set(f"minnorm:payload:{job}", str(number))
        client.lpush("minnorm:queue:interactive", job)
    client.sadd("minnorm:queues", "interactive")
    place.worker()
    figures = place.settle()
    figures.stuck += client.exists("minnorm:queue:interactive")
    return figures
