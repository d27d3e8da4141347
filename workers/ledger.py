"""The ledger of all jobs: the truth about each of them, in Redis. Only this file, its bases and `lua/` know the keys.

Under the common prefix:

    job:<id>             hash    the small fields; expires once the job has ended
    payload:<id>         string  the input; named by the address when the job succeeds, else kept for another try
    input:<address>      string  the input of a result, unless it is long; goes with the result
    staged:<id>:<n>      string  result of attempt n on its way; expires by itself
    saved:<id>:<n>       string  checkpoint of attempt n on its way; expires by itself
    checkpoint:<id>      string  from where another attempt goes on; removed when the job ends
    result:<address>     string  named by the digest, or by the job that shares nothing; expires with the last job
    answer:<address>     hash    outcome, engine, number of jobs that hold the result
    tombstone:<id>       string  outlives the job, to tell "expired" from "never was"
    batch:<id>           hash    counts of its items; its chunks are the jobs <id>.<index>
    done:<id>            list    chunks of a batch, in the order in which they ended
    inflight:<digest>    string  the job that computes this problem; followers:<id> (list) wait for it
    idempotency:<name>   hash    id and fingerprint of the request that a caller gave this key
    line:<queue>:<caller> zset   waiting ids of one caller, first submitted first
    turns:<queue>        list    callers with a line, next one at the right
    waiting:<queue>      zset    all waiting ids by their time
    jobs:<caller>        zset    ids of a caller's jobs, for lists
    leases, deadlines, ended  zset  ids by the time their lease, their deadline, their retention ends
    unfinished           hash    items by caller; counters (hash): figures for operators
    pace:queue:<queue>, pace:caller:<caller>  hash  seconds from end to end, to tell who is refused when to come back
    keys, key:<id>       set, string  API keys, by digest: see `keys`
    workers              zset    workers by the time they were last seen; worker:<name> their queues

A change of state is one script of `lua/`, run by Redis alone and in one go, timed by Redis, safe to repeat.
Payloads and results do not go through Lua. The scripts compute key names: Redis Cluster is not supported.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import redis

from workers.batches import Batches
from workers.connection import ledger_errors
from workers.records import (
    NOWHERE,
    WORKER_LOST,
    Canceled,
    Claim,
    JobError,
    Order,
    Origin,
    Reaped,
    State,
    Success,
    Tally,
    WorkerRecord,
)
from workers.scripts import PREFIX, as_json, key, optional, text
from workers.settings import WorkerSettings

MOST_A_ROUND = 1000
"""Most expired leases one round of reaping handles, so that it never holds Redis up."""


class Ledger(Batches):
    """The workers' verbs, besides those of the callers."""

    def __init__(self, client: redis.Redis, settings: WorkerSettings) -> None:
        super().__init__(client, settings)
        self._loss = (*self._keep, json.dumps(asdict(WORKER_LOST)), settings.attempts)

    def claim(self, queue: str) -> Claim | None:
        """Take the next waiting job of a queue under a lease, callers in turn; None if nothing waits."""
        while found := self._run("claim", queue, self._settings.lease_s, *self._keep):
            id_, kind, attempt, limit = text(found[0]), text(found[1]), int(found[2]), text(found[3])
            origin = Origin(**json.loads(found[4])) if found[4] else NOWHERE
            payload, checkpoint = self._two_bytes(("payload", "checkpoint"), id_)
            if payload is not None:  # else it ended in between, or its lease brings it to light
                return Claim(id_, kind, attempt, payload, float(limit) if limit else None, checkpoint, origin)
        return None

    def beat(self, claim: Claim, progress: Mapping[str, Any] | None = None) -> Order:
        """Extend the lease, tell the progress, and hear how to go on."""
        fraction = (progress or {}).get("fraction")
        rest = {name: value for name, value in (progress or {}).items() if name != "fraction"}
        told = json.dumps(rest) if progress else ""
        answer = self._run("beat", claim.id, claim.attempt, self._settings.lease_s, optional(fraction), told)
        return (Order.STOP, Order.GO_ON, Order.CANCEL)[answer]

    def save(self, claim: Claim, state: bytes) -> bool:
        """Keep a checkpoint in the place of the last one. False if the job is no longer ours, or to be cancelled.

        Raises
        ------
        LedgerUnavailable
        LedgerFull
            It would take the room that results need.
        """
        self._check_room(len(state))
        self._stage("saved", f"{claim.id}:{claim.attempt}", state)
        return bool(self._run("save", claim.id, claim.attempt))

    def finish(self, claim: Claim, ending: Success | JobError | Canceled) -> bool:
        """End the job. False if it is no longer ours (or ended already); then nothing changes."""
        if isinstance(ending, Success):
            self._stage("staged", f"{claim.id}:{claim.attempt}", ending.result)
            tally = ending.tally or Tally(1, 0)
            told = (ending.outcome, ending.engine, "", tally.succeeded, tally.failed)
            return self._end(claim, State.SUCCEEDED, told)
        if isinstance(ending, Canceled):
            return self._end(claim, State.CANCELED, ("", "", "", 0, 0))
        return self._end(claim, State.FAILED, ("", "", as_json(asdict(ending)), 0, 0))

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
            `queued`, or how it ended; None if the job is no longer ours.
        """
        state = self._run("release", claim.id, claim.attempt, *self._loss, 0 if blameless else 1)
        return State(text(state)) if state else None

    def reap(self) -> Reaped:
        """Give back all jobs whose lease has ended, end what is past its deadline, and count what waits."""
        requeued, ended, waiting = self._run("reap", *self._loss, MOST_A_ROUND)
        counts = dict(zip(map(text, waiting[::2]), waiting[1::2], strict=True))
        return Reaped(tuple(map(text, requeued)), tuple(map(text, ended)), counts)

    def adopt(self) -> int:
        """Take over what an older version has queued; the number of jobs."""
        return int(self._run("adopt"))

    def waiting(self, queue: str) -> int:
        """Count the waiting jobs of one queue."""
        with ledger_errors():
            return int(self._redis.zcard(key("waiting", queue)))

    def depths(self) -> dict[str, int]:
        """Count the waiting jobs of every queue ever used."""
        with ledger_errors():
            names = sorted(text(name) for name in self._redis.smembers(PREFIX + "queues"))
        return {name: self.waiting(name) for name in names}

    def announce(self, name: str, queues: tuple[str, ...], life_s: float) -> None:
        """Say that a worker is there; it is forgotten after `life_s` without another word."""
        self._run("announce", name, json.dumps(queues), life_s)

    def depart(self, name: str) -> None:
        """Say that a worker has ended as it should."""
        with ledger_errors():
            self._redis.zrem(PREFIX + "workers", name)
            self._redis.delete(key("worker", name))

    def workers(self) -> tuple[WorkerRecord, ...]:
        """List the live workers."""
        with ledger_errors():
            seen: Any = self._redis.zrange(PREFIX + "workers", 0, -1, withscores=True)
            found = [(text(name), at, self._redis.get(key("worker", text(name)))) for name, at in seen]
        return tuple(WorkerRecord(name, tuple(json.loads(told)), at) for name, at, told in found if told)

    def _end(self, claim: Claim, state: State, told: tuple[str | int, ...]) -> bool:
        return bool(self._run("finish", claim.id, claim.attempt, *self._keep, state, *told))
