"""Where a problem is solved: in the coroutine, on a thread, or in the queue."""

import hashlib
import time
from collections.abc import Iterable
from typing import Any

import numpy as np
import orjson
from anyio.to_thread import run_sync
from fastapi import Response

from service import envelopes
from service.preferences import Preference
from service.problems import TooManyPoints
from service.queueing import Queue
from service.settings import GatewaySettings
from workers import compute, encoding
from workers.encoding import Problem
from workers.minnorm import ENGINE
from workers.records import JobRecord, NewJob, State

INTERACTIVE = "interactive"


class Solver:
    """Decides by the length of the longest column."""

    def __init__(self, settings: GatewaySettings, queue: Queue) -> None:
        self._settings = settings
        self._queue = queue

    async def answer(self, kind: str, problem: Problem, preference: Preference) -> Response:
        """200 with the solved job, or 202 with a queued one. Raises what is wrong with the problem."""
        size = self._size(problem)
        if not preference.at_once or size > self._settings.thread_size:
            return await self._queued(kind, problem, preference)
        return await self.answer_here(kind, problem, preference)

    async def answer_here(self, kind: str, problem: Problem, preference: Preference) -> Response:
        """200 with the solved job, whatever the size: on a thread if it takes longer than changing to one."""
        if self._size(problem) <= self._settings.coroutine_size:
            body, timing = _solve(kind, problem)
        else:
            body, timing = await run_sync(_solve, kind, problem)
        headers = preference.applied(waited=True, queued=False) | {"Server-Timing": timing}
        return Response(body, 200, headers, media_type="application/json")

    def _size(self, problem: Problem) -> int:
        """Length of the longest column; raises `TooManyPoints`."""
        size, pointer = max((column.size, pointer) for pointer, column in _columns(problem))
        if size > self._settings.max_points:
            message = f"{size} numbers; the limit is {self._settings.max_points}."
            raise TooManyPoints(message, pointer)
        return int(size)

    async def _queued(self, kind: str, problem: Problem, preference: Preference) -> Response:
        job = await run_sync(_new_job, kind, problem)
        record = await self._queue.submit(job)
        headers = preference.applied(waited=bool(preference.wait_s), queued=True)
        headers["Location"] = f"/v1/jobs/{record.id}"
        if not preference.wait_s:  # 202 even if it has ended in the meantime: callers can rely on it
            return envelopes.recorded(record).response(202, headers)
        record = await self._queue.wait(record, preference.wait_s)
        return await respond(self._queue, record, headers, unfinished=202)


async def respond(queue: Queue, record: JobRecord, headers: dict[str, str], unfinished: int) -> Response:
    """A job of the ledger, with its result once it has one."""
    if not record.state.terminal:
        return envelopes.recorded(record).response(unfinished, headers)
    result = await queue.result(record.id) if record.state is State.SUCCEEDED else None
    if result is None:
        return envelopes.recorded(record).response(200, headers)
    body = await run_sync(envelopes.recorded(record, result).json)
    return Response(body, 200, headers, media_type="application/json")


def _solve(kind: str, problem: Problem) -> tuple[bytes, str]:
    """The solved job as JSON, and how long that took as `Server-Timing`."""
    started_at, clock = time.time(), time.perf_counter()
    answer = compute.answer(kind, problem)
    seconds = time.perf_counter() - clock
    envelope = envelopes.solved(kind, _digest(kind, problem), answer, started_at, seconds)
    return envelope.json(), f"solve;dur={seconds * 1e3:.3f}"


def _new_job(kind: str, problem: Problem) -> NewJob:
    """A job for the queue. A problem that would fail there fails here, before it is accepted."""
    compute.check(kind, problem)
    payload = encoding.dumps(problem)
    return NewJob(envelopes.new_id(), kind, INTERACTIVE, payload, _digest(kind, problem))


def _columns(problem: Problem, pointer: str = "") -> Iterable[tuple[str, Any]]:
    """All arrays in a problem, by their JSON pointers."""
    for name, value in problem.items():
        if isinstance(value, np.ndarray):
            yield f"{pointer}/{name}", value
        elif isinstance(value, dict):
            yield from _columns(value, f"{pointer}/{name}")


def _digest(kind: str, problem: Problem) -> str:
    """Names a problem by the bytes of its doubles, its options and the engine's version."""
    state = hashlib.blake2b(f"{ENGINE}\n{kind}".encode(), digest_size=16)
    _feed(state, problem)
    return state.hexdigest()


def _feed(state: Any, problem: Problem) -> None:
    for name in sorted(problem):
        value = problem[name]
        state.update(b"\n" + name.encode() + b"=")
        if isinstance(value, np.ndarray):
            state.update(f"{value.size}:".encode())
            state.update(value.tobytes())
        elif isinstance(value, dict):
            state.update(b"{")
            _feed(state, value)
            state.update(b"}")
        else:
            state.update(orjson.dumps(value))
