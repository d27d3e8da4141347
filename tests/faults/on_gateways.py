"""Gateways that are killed, that have lost their Redis, and that slow clients hold on to."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

from tests.faults.figures import Figures, Size
from tests.faults.gateway import ASYNC, INTERPOLATIONS, Gateway, points
from tests.faults.scene import Scene
from tests.processes import eventually
from workers.records import NewJob

REAL: dict[str, Any] = {"solver": "workers.compute"}
CLIENTS = 4
SOON_S = 10.0
"""A request that Redis could hold up is answered within a second; the others are for a busy machine."""


def redis_away(place: Scene, size: Size) -> Figures:
    """Submissions are refused politely, small problems are solved all the same, and nothing accepted is lost."""
    place.worker(**REAL)
    gateway = place.gateway()
    for number in range(size.jobs):
        place.expect(gateway.insist(points(number), ASYNC))
    place.server.kill()
    end, slowest, number = time.monotonic() + size.seconds, 0.0, size.jobs
    while time.monotonic() < end:
        number += 1
        slowest = max(slowest, _refused(place, gateway, number))
        time.sleep(0.05)
    place.server.start()
    for later in range(number + 1, number + 6):
        place.expect(gateway.insist(points(later), ASYNC))
    if slowest > SOON_S:
        place.wrong.append(f"a refusal took {slowest:.1f} s")
    figures = place.settle(1)
    figures.note = f"refusals {number - size.jobs}, slowest {slowest * 1e3:.0f} ms"
    return figures


def _refused(place: Scene, gateway: Gateway, number: int) -> float:
    refusal, small = gateway.ask(INTERPOLATIONS, points(number), ASYNC), gateway.ask(INTERPOLATIONS, points(number))
    if (refusal.status, small.status) != (503, 200):
        place.wrong.append(f"answers without Redis: {refusal.status}, {small.status}")
    return refusal.seconds


def killed_gateways(place: Scene, size: Size) -> Figures:
    """Clients repeat their requests, with the same key, until they are answered: one job a key."""
    place.worker(**REAL)
    gateway = place.gateway()

    def send(number: int) -> str:
        return gateway.insist(points(number), ASYNC | {"Idempotency-Key": f"key {number}"})

    with ThreadPoolExecutor(CLIENTS) as clients:
        sent = [clients.submit(send, number) for number in range(size.jobs)]
        for kill in range(1, size.kills + 1):
            mark = size.jobs * kill // (size.kills + 2)
            eventually(lambda mark=mark: sum(one.done() for one in sent) >= mark, 60, "answers")  # type: ignore[misc]
            gateway.kill()
            gateway.start()
        ids = [place.expect(one.result()) for one in sent]
        again = list(clients.map(send, range(size.jobs)))
    figures = place.settle(size.kills)
    figures.doubled += abs(len(_jobs(place)) - size.jobs)
    figures.lost += sum(old != new for old, new in zip(ids, again, strict=True))
    figures.lost += sum(not _is_as_solved_here(gateway, number, job) for number, job in enumerate(ids))
    return figures


def _jobs(place: Scene) -> list[Any]:
    found: Any = place.server.client.keys("minnorm:job:*")
    return list(found)


def _is_as_solved_here(gateway: Gateway, number: int, job: str) -> bool:
    """Whether the job has the answer that the gateway gives at once."""
    result = gateway.ask(f"/v1/jobs/{job}/result").body
    return bool(result) and result == gateway.ask(INTERPOLATIONS, points(number)).body["result"]


def slow_clients(place: Scene, size: Size) -> Figures:
    """They send half a request, or half its head, and no more; others are answered."""
    place.worker(**REAL)
    gateway = place.gateway()
    head = f"POST {INTERPOLATIONS} HTTP/1.1\r\nHost: me\r\nContent-Type: application/json\r\nContent-Length: 60\r\n"
    slowest = 0.0
    with ExitStack() as stack:
        for number in range(size.kills):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", gateway.port), timeout=10))
            client.sendall(head.encode() if number % 2 else f'{head}\r\n{{"x": [0, 1'.encode())
        for number in range(size.jobs):
            small = gateway.ask(INTERPOLATIONS, points(number))
            slowest = max(slowest, small.seconds)
            if small.status != 200:
                place.wrong.append(f"another client got {small.status}")
            place.expect(gateway.insist(points(number), ASYNC))
        figures = place.settle()
    figures.note = f"{size.kills} slow clients, slowest answer to others {slowest * 1e3:.0f} ms"
    if slowest > SOON_S:
        place.wrong.append("others had to wait")
    return figures


def ended_retention(place: Scene, size: Size) -> Figures:
    """What has expired is told by its tombstone, and leaves nothing else."""
    place.worker(retention_s=size.seconds)
    gateway = place.gateway()
    client: Any = place.server.client
    jobs = [place.submit("echo", number) for number in range(size.jobs)]
    for job in jobs:
        eventually(lambda job=job: gateway.ask(f"/v1/jobs/{job}").status == 410, 30, "410")  # type: ignore[misc]
    rooms = ("job", "payload", "input", "result", "answer", "staged", "jobs", "followers", "inflight", "idempotency")

    def gone() -> bool:
        return not any(client.keys(f"minnorm:{room}:*") for room in rooms) and not client.zcard("minnorm:ended")

    eventually(gone, what="the end of all but tombstones")
    figures = Figures(accepted=size.jobs, wrong=place.wrong, stuck=len(place.leftovers()))
    figures.lost = sum(not client.exists(f"minnorm:tombstone:{job}") for job in jobs)
    place.ledger.submit(NewJob(jobs[0], "echo", "interactive", b"0", ""))  # an id does not come back to life
    figures.doubled = len(_jobs(place))
    return figures
