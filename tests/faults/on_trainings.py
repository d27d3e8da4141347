"""Trainings that are killed in the middle, again and again."""

import os
import re
import signal
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

from tests.faults.books import PATIENCE_S
from tests.faults.figures import Figures, Size
from tests.faults.scene import Scene
from tests.processes import eventually
from tests.workers.processes import Worker
from workers import compute, payloads
from workers.records import NewJob, State
from workers.tasks import ring_bell

KIND, QUEUE = "trainings", "train"
STEPS_A_SECOND = 1_000_000
"""Roughly. A training has to last several times as long as it takes to see progress, and to kill."""
PROBLEM = {
    "x": [-1.5, -1.0, 0.0, 0.25, 2.0],
    "y": [0.7, -0.3, -0.3, 0.4, 0.2],
    "width": 200,
    "skip_connection": False,
    "weight_decay": 1e-3,
    "optimiser": {"name": "gradient_descent", "step_size": 0.05},
}


def killed_trainings(place: Scene, size: Size) -> Figures:
    """Each goes on from what it saved, and ends with the bytes of one that was never disturbed.

    A job is hit only when it has got farther since it was lost before, and has saved that: so it may be hit more often
    than a job may be lost that gets nowhere. There it halts until it is hit, however fast the machine is.
    """
    steps = int(size.seconds * STEPS_A_SECOND)
    problems = [PROBLEM | {"steps": steps, "seeds": [seed]} for seed in range(size.jobs)]
    # Before there is a worker: what is compiled here, need not be compiled there.
    results = [compute.answer(KIND, payloads.loads(payloads.dumps(problem))).result for problem in problems]
    worker = place.worker(
        queue=QUEUE, solver="tests.faults.trainings", lease_s=1.5, beat_s=0.05, time_limit_s=PATIENCE_S
    )
    blows, kills = cycle((partial(_kill_runner, worker), partial(place.crash, worker))), 0
    for number, (problem, result) in enumerate(zip(problems, results, strict=True)):
        trace, hold = place.folder / f"trace{number}", place.folder / f"hold{number}"
        hold.touch()
        job = _submit(place, problem | {"trace": str(trace), "hold": str(hold)})
        hits = _hit(place, job, blows, size.kills // size.jobs)
        hold.unlink()
        _check(place, job, result, trace, hits)
        kills += hits
    if kills < size.kills // size.jobs * size.jobs:
        place.wrong.append(f"{kills} kills: the trainings are too short for this machine")
    figures = place.settle(kills)
    figures.note = f"{sum(place.ledger.get(job).attempt for job in place.fates)} attempts"
    return figures


def _submit(place: Scene, problem: dict[str, Any]) -> str:
    job = NewJob(uuid.uuid4().hex, KIND, QUEUE, payloads.dumps(problem), "")
    place.ledger.submit(job)
    ring_bell(job.queue, place.celery)
    return place.expect(job.id)


def _hit(place: Scene, job: str, blows: Iterator[Callable[[], None]], times: int) -> int:
    """Kill its runner and its worker in turn; how often, for it may have ended before."""
    for number in range(times):
        if eventually(partial(_news, place, job), PATIENCE_S, "progress that is saved") == "ended":
            return number
        attempt = place.ledger.get(job).attempt
        next(blows)()
        eventually(partial(_is_begun_again, place, job, attempt), PATIENCE_S, "another attempt")
    return times


def _news(place: Scene, job: str) -> str:
    """Whether it has ended, or would not be blamed for losses before; "" as long as there is no news."""
    client: Any = place.server.client
    state, saved, farthest, lost_at = client.hmget(f"minnorm:job:{job}", "state", "saved", "fraction", "lost_at")
    if State(state.decode()).terminal:
        return "ended"
    return "got on" if saved and float(farthest or 0) > float(lost_at or 0) else ""


def _is_begun_again(place: Scene, job: str, attempt: int) -> bool:
    place.supervise()
    record = place.ledger.get(job)
    return record.state.terminal or record.attempt > attempt


def _kill_runner(worker: Worker) -> None:
    os.kill(int(re.findall(r"Started runner (\d+)", worker.log.read_text())[-1]), signal.SIGKILL)


def _check(place: Scene, job: str, result: bytes, trace: Path, hits: int) -> None:
    """The bytes of the result, and that each attempt began where an earlier one had saved."""
    record = place.ended(job, PATIENCE_S)
    if place.ledger.result(job) != result:
        place.wrong.append(f"another result, or none: {record.state} {record.error}")
    attempts = [tuple(map(int, line.split())) for line in trace.read_text().splitlines()]
    if record.attempt <= hits:
        place.wrong.append(f"{record.attempt} attempts with {hits} kills")
    if not all(0 < began <= first_told for began, first_told in attempts[1:]) or len(attempts) <= hits:
        place.wrong.append(f"attempts began at steps {attempts}")
