"""Where a problem is solved: in the coroutine, on a thread, or in the queue."""

import hashlib
import time
from functools import partial
from typing import Any

import numpy as np
import orjson
from anyio import CapacityLimiter, WouldBlock
from anyio.to_thread import run_sync
from fastapi import Response
from numpy.typing import NDArray

from service import envelopes
from service.envelopes import Reply, Solved
from service.estimates import estimated_s
from service.queueing import Queue
from service.settings import GatewaySettings
from service.terms import Terms
from workers import compute, encoding, payloads, tracing
from workers.advice import Warned, warnings
from workers.minnorm import ENGINE
from workers.minnorm.cores import both
from workers.payloads import Problem
from workers.records import JobRecord, NewJob, Receipt, RequestKey, State, Success, Verdict, new_id

Floats = NDArray[np.float64]

INTERACTIVE, BATCH, TRAIN = "interactive", "batch", "train"
QUEUES = {"trainings": TRAIN}
"""Of the kinds that have a queue of their own, alone or in batches. They are always queued: they take their time."""
HERE = ("verifications",)
"""The kinds that are always solved here: they take little more time than reading them."""


class Solver:
    """Decides by kind, and by `compute.effort`, in points."""

    def __init__(self, settings: GatewaySettings, queue: Queue) -> None:
        self._settings = settings
        self._queue = queue
        self._hands = CapacityLimiter(settings.linear_at_once)

    async def answer(self, kind: str, problem: Problem, terms: Terms) -> Reply:
        """200 with the solved job, or 202 with a queued one. Raises what is wrong with the problem."""
        effort = compute.effort(kind, problem)
        if self._waits(kind, problem, terms, effort):
            return await self._queued(kind, problem, terms)
        if effort <= self._settings.thread_size:
            return await self._solved(kind, problem, terms, effort)
        try:
            self._hands.acquire_nowait()
        except WouldBlock:
            return await self._queued(kind, problem, terms)
        try:
            return await self._solved(kind, problem, terms, effort)
        finally:
            self._hands.release()

    async def answer_here(self, kind: str, problem: Problem, terms: Terms) -> Reply:
        """200 with the solved job, whatever the size: on a thread if it takes longer than changing to one."""
        return await self._solved(kind, problem, terms, compute.effort(kind, problem))

    async def validate(self, kind: str, problem: Problem, terms: Terms) -> Response:
        """200 with what would be done. Raises what `answer` would raise."""
        effort = compute.effort(kind, problem)
        queued = kind not in HERE and self._waits(kind, problem, terms, effort)
        digest, warned = await run_sync(_checked, kind, problem)
        report = {
            "kind": kind,
            "digest": digest,
            "size": encoding.longest(problem),
            "answered": "queued" if queued else "at_once",
            **({"queue": QUEUES.get(kind, INTERACTIVE)} if queued else {}),
            "estimated_s": estimated_s(kind, problem),
            "cached": queued and terms.share and await self._queue.knows(digest),
            "warnings": [vars(each) for each in warned],
        }
        return Response(orjson.dumps(report), media_type="application/json")

    def _waits(self, kind: str, problem: Problem, terms: Terms, effort: int) -> bool:
        """Whether a problem goes through the queue."""
        if kind in QUEUES or not terms.at_once:
            return True
        if effort <= self._settings.thread_size:
            return False
        can_be_here = effort <= self._settings.linear_size and compute.is_linear(kind, problem)
        # What is asked for again under a key had better be in the ledger once, and not go there and back first.
        return not can_be_here or bool(terms.idempotency_key)

    async def _solved(self, kind: str, problem: Problem, terms: Terms, effort: int) -> Reply:
        is_long = effort > encoding.LONG and encoding.longest(problem) > encoding.LONG
        if effort <= self._settings.coroutine_size:
            solved = _solve(kind, problem, terms, is_long)
        else:
            solved = await run_sync(_solve, kind, problem, terms, is_long)
        headers = terms.preference.applied(waited=True, queued=False)
        headers["Server-Timing"] = f"solve;dur={solved.milliseconds}"
        if terms.idempotency_key:
            return await self._kept(await run_sync(_job, kind, problem, terms), solved.answer, terms, headers)
        return Reply(solved.envelope(is_long=is_long), 200, headers)

    async def _kept(self, job: NewJob, answer: compute.Answer, terms: Terms, headers: dict[str, str]) -> Reply:
        """A job that can be asked for again under its key."""
        ending = Success(answer.outcome, answer.result, ENGINE)
        receipt = await self._queue.keep(job, ending, _request_key(job, terms))
        record = await self._queue.get(receipt.id)
        return await respond(self._queue, record, headers | _replayed(receipt), unfinished=202)

    async def _queued(self, kind: str, problem: Problem, terms: Terms) -> Reply:
        job = await run_sync(_new_job, kind, problem, terms)
        key = _request_key(job, terms) if terms.idempotency_key else None
        receipt = await self._queue.submit(job, key, share=terms.share)
        record = await self._queue.get(receipt.id)
        wait_s = terms.preference.wait_s
        headers = terms.preference.applied(waited=bool(wait_s), queued=True) | _replayed(receipt)
        headers["Location"] = f"/v1/jobs/{record.id}"
        if wait_s:
            record = await self._queue.ended(record, wait_s)
        elif terms.preference.respond_async or receipt.verdict is Verdict.NEW:
            # 202 even if it has ended already: callers can rely on it
            return Reply(envelopes.recorded(record), 202, headers)
        return await respond(self._queue, record, headers, unfinished=202)


def _replayed(receipt: Receipt) -> dict[str, str]:
    return {"Idempotent-Replayed": "true"} if receipt.verdict is Verdict.REPLAYED else {}


def _request_key(job: NewJob, terms: Terms) -> RequestKey:
    """The request is the same if the problem is, and all that is wanted of its job."""
    wanted = orjson.dumps([job.kind, job.digest, job.time_limit_s, job.cancel_after_s, job.metadata])
    return RequestKey(terms.idempotency_key, hashlib.blake2b(wanted, digest_size=16).hexdigest())


async def respond(queue: Queue, record: JobRecord, headers: dict[str, str], unfinished: int) -> Reply:
    """A job of the ledger, with its result once it has one."""
    if not record.state.terminal:
        return Reply(envelopes.recorded(record), unfinished, headers)
    result = await queue.result(record.id) if record.state is State.SUCCEEDED else None
    return Reply(envelopes.recorded(record, result), 200, headers)


def _checked(kind: str, problem: Problem) -> tuple[str, list[Warned]]:
    """The digest of a problem that is sound, and what is remarkable about it."""
    compute.check(kind, problem)
    return _digest(kind, problem), list(warnings(kind, problem))


def _solve(kind: str, problem: Problem, terms: Terms, is_long: bool) -> Solved:
    if not is_long:
        answer, started_at, seconds = _timed(kind, problem)
        return Solved(kind, _digest(kind, problem), answer, started_at, seconds, terms.metadata)
    (answer, started_at, seconds), digest = both(partial(_timed, kind, problem), partial(_digest, kind, problem))
    return Solved(kind, digest, answer, started_at, seconds, terms.metadata)


def _timed(kind: str, problem: Problem) -> tuple[compute.Answer, float, float]:
    """The answer, when it was begun, and the seconds it took."""
    started_at, clock = time.time(), time.perf_counter()
    with tracing.span("solve", attributes={"minnorm.kind": kind}):
        answer = compute.answer(kind, problem)
    return answer, started_at, time.perf_counter() - clock


def _new_job(kind: str, problem: Problem, terms: Terms) -> NewJob:
    """A job for the queue. A problem that would fail there fails here, before it is accepted."""
    compute.check(kind, problem)
    return _job(kind, problem, terms)


def _job(kind: str, problem: Problem, terms: Terms) -> NewJob:
    return NewJob(
        id=new_id("job"),
        kind=kind,
        queue=QUEUES.get(kind, INTERACTIVE),
        payload=payloads.dumps(problem),
        digest=_digest(kind, problem),
        caller=terms.caller,
        time_limit_s=terms.time_limit_s,
        cancel_after_s=terms.cancel_after_s,
        metadata=terms.metadata,
        origin=terms.origin,
    )


def _digest(kind: str, problem: Problem) -> str:
    """Names a problem by the bytes of its doubles, its options and the engine's version."""
    columns: list[Floats] = []

    def written(value: Any) -> dict[str, int]:
        # No field of any request has that name.
        columns.append(value)
        return {"float64": value.size}

    options = orjson.dumps(problem, written, option=orjson.OPT_SORT_KEYS)
    state = hashlib.blake2b(f"{ENGINE}\n{kind}\n".encode() + options, digest_size=16)
    for column in columns:
        state.update(np.ascontiguousarray(column).data)
    return state.hexdigest()
