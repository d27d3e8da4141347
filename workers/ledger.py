"""The ledger of all jobs: the truth about each of them, in Redis. Only this file and `lua/` know the keys.

Under the common prefix:

    job:<id>            hash    the small fields; expires once the job has ended
    payload:<id>        string  the input; removed when the job ends
    result:<id>         string  expires with the job
    staged:<id>:<n>     string  result of attempt n on its way; expires by itself
    tombstone:<id>      string  outlives the job, to tell "expired" from "never was"
    queue:<name>        list    waiting ids, next one at the right
    queues              set     names of all queues ever used
    leases              zset    running ids by the time their lease ends
    worker:<name>       string  queues of a live worker, as JSON; expires
    workers             zset    names of workers by the time they were last seen

A change of state is one script of `lua/`, run by Redis alone and in one go, timed by Redis, safe to repeat.
Payloads and results do not go through Lua. The scripts compute key names: Redis Cluster is not supported.
"""

import json
from dataclasses import asdict
from functools import cache
from importlib.resources import files
from typing import Any, NoReturn

import redis

from workers.connection import ledger_errors
from workers.errors import JobExpired, JobUnknown, LedgerFull
from workers.records import Canceled, Claim, JobError, JobRecord, NewJob, Order, Reaped, State, Success, WorkerRecord
from workers.settings import WorkerSettings

PREFIX = "minnorm:"
STAGING_S = 600
"""Life of a payload or result that was written but whose script never ran."""
NEEDS_ROOM = 1_000_000
"""Bytes of a payload from which on there is a look at the memory first."""
ROOM = 6
"""Payload, result, and some for jobs accepted at the same time, in payloads."""
LEASES_A_ROUND = 1000
"""Most expired leases one round of reaping handles, so that it never holds Redis up."""
WORKER_LOST = JobError("worker-lost", "The process that computed this job died each time it was tried.")


class Ledger:
    """The verbs of the ledger; each raises `LedgerUnavailable` when Redis does not serve.

    Parameters
    ----------
    client
        Answers bytes (no `decode_responses`).
    settings
        Lease, attempts and retention.
    """

    def __init__(self, client: redis.Redis, settings: WorkerSettings) -> None:
        self._redis = client
        self._settings = settings
        self._scripts = {verb: client.register_script(text) for verb, text in _texts().items()}
        self._keep = (settings.retention_s, settings.tombstone_s)
        self._loss = (*self._keep, json.dumps(asdict(WORKER_LOST)), settings.attempts)

    def submit(self, job: NewJob) -> bool:
        """Record and queue a job. False if its id is known already; then nothing changes.

        Raises `LedgerFull` when there is no room for a large payload and what will come of it.
        """
        with ledger_errors():
            self._check_room(len(job.payload))
            self._redis.set(_key("payload", job.id), job.payload, ex=STAGING_S)
        return bool(self._run("submit", job.id, job.kind, job.queue, job.digest))

    def claim(self, queue: str) -> Claim | None:
        """Take the next waiting job of a queue under a lease; None if nothing waits."""
        while found := self._run("claim", queue, self._settings.lease_s):
            id_, kind, attempt = _text(found[0]), _text(found[1]), int(found[2])
            payload = self._bytes("payload", id_)
            if payload is not None:  # else it ended in between, or its lease brings it to light
                return Claim(id_, kind, attempt, payload)
        return None

    def beat(self, claim: Claim, progress: dict[str, Any] | None = None) -> Order:
        """Extend the lease, tell the progress, and hear how to go on."""
        told = json.dumps(progress) if progress else ""
        mine = self._run("beat", claim.id, claim.attempt, self._settings.lease_s, told)
        return Order.GO_ON if mine else Order.STOP

    def finish(self, claim: Claim, ending: Success | JobError | Canceled) -> bool:
        """End the job. False if it is no longer ours (or ended already); then nothing changes."""
        if isinstance(ending, Success):
            self._stage(claim, ending.result)
            fields = ["outcome", ending.outcome, "engine", ending.engine]
            return self._end(claim, State.SUCCEEDED, fields)
        if isinstance(ending, Canceled):
            return self._end(claim, State.CANCELED, [])
        return self._end(claim, State.FAILED, ["error", json.dumps(asdict(ending))])

    def release(self, claim: Claim, *, blameless: bool = False) -> State | None:
        """Give a job back whose computation was cut off.

        Parameters
        ----------
        claim
            The attempt that ends here.
        blameless
            True when the job cannot have been the reason, as at a shutdown; else it counts as one of the
            losses after which a job fails as `worker-lost`.

        Returns
        -------
        State or None
            `queued` or `failed`; None if the job is no longer ours.
        """
        state = self._run("release", claim.id, claim.attempt, *self._loss, 0 if blameless else 1)
        return State(_text(state)) if state else None

    def reap(self) -> Reaped:
        """Give back all jobs whose lease has ended, and count what waits."""
        requeued, failed, waiting = self._run("reap", *self._loss, LEASES_A_ROUND)
        counts = dict(zip(map(_text, waiting[::2]), waiting[1::2], strict=True))
        return Reaped(tuple(map(_text, requeued)), tuple(map(_text, failed)), counts)

    def get(self, job_id: str) -> JobRecord:
        """Return the record of a job.

        Raises
        ------
        JobUnknown, JobExpired
        """
        with ledger_errors():
            fields = self._redis.hgetall(_key("job", job_id))
            if not fields:
                self._raise_missing(job_id)
        return _record(job_id, {_text(name): _text(value) for name, value in fields.items()})

    def result(self, job_id: str) -> bytes | None:
        """Return the result of a job; None if it has none (yet, or any more)."""
        return self._bytes("result", job_id)

    def waiting(self, queue: str) -> int:
        """Count the waiting jobs of one queue."""
        with ledger_errors():
            return int(self._redis.llen(_key("queue", queue)))

    def depths(self) -> dict[str, int]:
        """Count the waiting jobs of every queue ever used."""
        with ledger_errors():
            names = sorted(_text(name) for name in self._redis.smembers(PREFIX + "queues"))
        return {name: self.waiting(name) for name in names}

    def announce(self, name: str, queues: tuple[str, ...], life_s: float) -> None:
        """Say that a worker is there; it is forgotten after `life_s` without another word."""
        self._run("announce", name, json.dumps(queues), life_s)

    def workers(self) -> tuple[WorkerRecord, ...]:
        """List the live workers."""
        with ledger_errors():
            seen: Any = self._redis.zrange(PREFIX + "workers", 0, -1, withscores=True)
            found = [(_text(name), at, self._redis.get(_key("worker", _text(name)))) for name, at in seen]
        return tuple(WorkerRecord(name, tuple(json.loads(told)), at) for name, at, told in found if told)

    def _check_room(self, size: int) -> None:
        """An accepted job must be able to end: its result is about three times its payload, which stays until then."""
        if size < NEEDS_ROOM:
            return
        memory = self._redis.info("memory")
        if 0 < memory["maxmemory"] < memory["used_memory"] + ROOM * size:
            raise LedgerFull("There is no room for a job of this size.")

    def _end(self, claim: Claim, state: State, fields: list[str]) -> bool:
        return bool(self._run("finish", claim.id, claim.attempt, *self._keep, state, *fields))

    def _stage(self, claim: Claim, result: bytes) -> None:
        with ledger_errors():
            self._redis.set(_key("staged", f"{claim.id}:{claim.attempt}"), result, ex=STAGING_S)

    def _run(self, verb: str, *arguments: str | float) -> Any:
        with ledger_errors():
            return self._scripts[verb](keys=[PREFIX], args=list(arguments))

    def _bytes(self, room: str, job_id: str) -> bytes | None:
        with ledger_errors():
            value = self._redis.get(_key(room, job_id))
        return value.encode() if isinstance(value, str) else value

    def _raise_missing(self, job_id: str) -> NoReturn:
        if self._redis.exists(_key("tombstone", job_id)):
            raise JobExpired("The job has ended and its result has been removed.")
        raise JobUnknown("There is no job of that id.")


@cache
def _texts() -> dict[str, str]:
    scripts = {file.name: file.read_text() for file in files("workers").joinpath("lua").iterdir()}
    prelude = scripts.pop("prelude.lua")
    return {name.removesuffix(".lua"): prelude + text for name, text in scripts.items()}


def _key(room: str, name: str) -> str:
    return f"{PREFIX}{room}:{name}"


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _record(job_id: str, fields: dict[str, str]) -> JobRecord:
    times = {name: float(fields[name]) for name in ("started_at", "finished_at", "expires_at") if name in fields}
    return JobRecord(
        id=job_id,
        kind=fields["kind"],
        queue=fields["queue"],
        state=State(fields["state"]),
        attempt=int(fields["attempt"]),
        created_at=float(fields["created_at"]),
        digest=fields["digest"],
        outcome=fields.get("outcome"),
        progress=json.loads(fields["progress"]) if "progress" in fields else None,
        error=JobError(**json.loads(fields["error"])) if "error" in fields else None,
        engine=fields.get("engine"),
        **times,
    )
