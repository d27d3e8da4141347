"""Bells without end, messages that nobody understands, and queues that nobody works on."""

import json
import time

from tests.faults.figures import Figures, Size
from tests.faults.scene import Scene
from tests.processes import eventually
from tests.workers.test_faults import PICKLED
from workers.tasks import RING, ring_bell

QUEUE = "interactive"
SOUND = {"content-type": "application/json", "content-encoding": "utf-8", "body": "W10="}
MALFORMED = (
    b"not json",
    b"null",
    b"{}",
    b"\xff\xfe",
    b"[" * 100_000,
    b"",
    b"[1, 2]",
    json.dumps(PICKLED).encode(),
    json.dumps(SOUND).encode(),
    json.dumps(SOUND | {"properties": {}, "headers": {}}).encode(),
    json.dumps(PICKLED | {"body": "?", "content-type": "application/json"}).encode(),
    json.dumps(PICKLED | {"content-encoding": "no such"}).encode(),
)


def too_many_bells(place: Scene, size: Size) -> Figures:
    place.worker(slots=2)
    place.load(size.jobs)
    for _ in range(size.kills):
        ring_bell(QUEUE, place.celery)
    figures = place.settle()
    eventually(lambda: not place.server.client.llen(QUEUE), 60, "all bells heard")
    figures.note = f"{size.kills} bells too many"
    return figures


def malformed_messages(place: Scene, size: Size) -> Figures:
    """They cost a restart each, which a supervisor sees to."""
    place.worker()
    place.celery.send_task("minnorm.unknown", queue=QUEUE)
    place.celery.send_task(RING, (QUEUE, "too", "many"), queue=QUEUE)
    place.celery.send_task(RING, ("no such queue",), queue=QUEUE)
    for message in MALFORMED:
        place.server.client.lpush(QUEUE, message)
        place.load(size.jobs // len(MALFORMED))
    figures = place.settle(len(MALFORMED))
    figures.note = f"{len(MALFORMED)} kinds"
    return figures


def long_queues(place: Scene, size: Size) -> Figures:
    """Many jobs, no worker; then one."""
    before = place.server.client.info("memory")["used_memory"]
    times = []
    for number in range(size.jobs):
        started = time.perf_counter()
        place.submit("echo", number)
        times.append(time.perf_counter() - started)
    used = place.server.client.info("memory")["used_memory"] - before
    times.sort()
    note = f"submit p50 {_ms(times, 0.5)}, p99 {_ms(times, 0.99)}, {used // size.jobs} bytes a queued job"
    if size.kills:  # too many to wait for: only what they take
        return Figures(accepted=size.jobs, stuck=abs(place.ledger.waiting(QUEUE) - size.jobs), note=note)
    place.worker(slots=2)
    figures = place.settle()
    figures.note = note
    return figures


def very_long_queues(place: Scene, size: Size) -> Figures:
    return long_queues(place, size)


def _ms(times: list[float], part: float) -> str:
    return f"{times[int(part * (len(times) - 1))] * 1e3:.2f} ms"
