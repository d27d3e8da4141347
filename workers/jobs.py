"""Jobs as their callers see them: hand in, look at, list, cancel, retry, delete."""

import json
from dataclasses import asdict
from typing import Any

from workers.connection import ledger_errors
from workers.errors import (
    JobBusy,
    JobExpired,
    JobSucceeded,
    JobUnknown,
    KeyReused,
    LedgerFull,
    QuotaExceeded,
    ResultUnknown,
)
from workers.immutable import immutable
from workers.records import (
    NOWHERE,
    JobError,
    JobRecord,
    NewJob,
    Origin,
    Receipt,
    RequestKey,
    State,
    Success,
    Verdict,
    new_id,
)
from workers.scripts import Scripts, as_json, key, optional, text

EXAMINED = 1000
"""Most entries of the index that one page of a list looks at."""


@immutable
class Page:
    """A part of a list, newest first, and where the next part begins; None after the last one."""

    jobs: tuple[JobRecord, ...]
    next_cursor: int | None


class Jobs(Scripts):
    """The callers' verbs."""

    def submit(self, job: NewJob, request: RequestKey | None = None, *, share: bool = True) -> Receipt:
        """Record and queue a job, in one step.

        Parameters
        ----------
        job
            The work.
        request
            The caller's idempotency key: with a key seen before, the earlier job is the answer.
        share
            Whether a result that is there already, or the execution of an equal job, will do.

        Raises
        ------
        KeyReused
            The key belongs to another request.
        QuotaExceeded, LedgerFull
            There is no place; `retry_after_s` estimates when there will be.
        """
        self._check_room(len(job.payload))
        self._stage("payload", job.id, job.payload)
        return self._receipt(
            "submit",
            *(job.id, job.kind, job.queue, job.digest, job.caller, int(share)),
            *(optional(job.time_limit_s), optional(job.cancel_after_s), as_json(job.metadata)),
            *self._named(job.caller, request),
            *self._limits,
            *self._keep,
            told_origin(job.origin),
        )

    def keep(self, job: NewJob, ending: Success, request: RequestKey) -> Receipt:
        """Remember a job that was solved at once; raises `KeyReused`."""
        self._stage("staged", f"{job.id}:0", ending.result)
        self._stage("payload", job.id, job.payload)
        return self._receipt(
            "keep",
            *(job.id, job.kind, job.digest, job.caller, as_json(job.metadata)),
            *self._named(job.caller, request),
            *(ending.outcome, ending.engine),
            *self._keep,
        )

    def get(self, job_id: str) -> JobRecord:
        """Return the record of a job.

        Raises
        ------
        JobUnknown, JobExpired
        """
        fields = self._fields("job", job_id)
        if not fields or "batch" in fields:
            self._raise_missing(job_id)
        if fields["state"] == State.QUEUED and "leader" in fields:
            leader = self._fields("job", fields["leader"])
            shown = ("started_at", "fraction", "progress")
            if leader.get("state") == State.RUNNING:
                fields |= {name: leader[name] for name in shown if name in leader} | {"state": State.RUNNING}
        return _record(job_id, fields)

    def result(self, job_id: str) -> bytes | None:
        """Return the result of a job; None if it has none (yet, or any more)."""
        return self._addressed("result", job_id)

    def input(self, job_id: str) -> bytes | None:
        """Return what a job that has succeeded was asked; None if it has not, or if that was too long to be kept."""
        return self._addressed("input", job_id)

    def stored(self, digest: str) -> bytes:
        """Return the result of any job with this problem. Raises `ResultUnknown`."""
        found = self._bytes("result", digest)
        if found is None:
            raise ResultUnknown("There is no result of that digest, or it has expired.")
        return found

    def knows(self, digest: str) -> bool:
        """Whether there is a result for a problem."""
        with ledger_errors():
            return bool(self._redis.exists(key("result", digest)))

    def _addressed(self, room: str, job_id: str) -> bytes | None:
        with ledger_errors():
            address = self._redis.hget(key("job", job_id), "address")
        return self._bytes(room, text(address)) if address else None

    def list(
        self, caller: str, limit: int, before: int | None = None, state: str | None = None, kind: str | None = None
    ) -> Page:
        """Return a page of a caller's jobs, newest first; with filters it may be short although more follow."""
        index, found = key("jobs", caller), list[JobRecord]()
        top = "+inf" if before is None else f"({before}"
        with ledger_errors():
            entries: Any = self._redis.zrevrangebyscore(index, top, "-inf", 0, EXAMINED, withscores=True)
            for name, sequence in entries:
                fields = self._fields("job", text(name))
                if fields and state in (None, fields["state"]) and kind in (None, fields["kind"]):
                    found.append(_record(text(name), fields))
                    if len(found) == limit:
                        return Page(tuple(found), int(sequence))
        return Page(tuple(found), int(entries[-1][1]) if len(entries) == EXAMINED else None)

    def cancel(self, job_id: str) -> None:
        """End a job that waits; have one stopped that runs; nothing if it has ended. Raises as `get`."""
        if self._run("cancel", job_id, *self._keep) is None:
            self._raise_missing(job_id)

    def delete(self, job_id: str) -> None:
        """Forget a job, and its result with the last job that has it. Raises `JobBusy`, `JobUnknown`."""
        ended = self._run("delete", job_id, *self._keep)
        if ended is None:
            self._raise_missing(job_id)
        if text(ended) == "busy":
            raise JobBusy("The job is running; cancel it first.")

    def retry(self, job_id: str, origin: Origin = NOWHERE) -> Receipt:
        """Queue the work of a job that has failed, was cancelled or has expired, as a new job; repeated, the same."""
        return self._receipt("retry", job_id, new_id("job"), *self._limits, *self._keep, told_origin(origin))

    def _receipt(self, verb: str, *arguments: str | float) -> Receipt:
        verdict, id_, wait = (text(part) for part in self._run(verb, *arguments))
        match verdict:
            case "unknown":
                self._raise_missing(arguments[0])
            case "busy":
                raise JobBusy("It has not ended yet.")
            case "succeeded":
                raise JobSucceeded("There is nothing to do again: it has succeeded.")
            case "mismatch":
                raise KeyReused("This Idempotency-Key has been used for another request.")
            case "quota":
                raise QuotaExceeded("This caller has too much unfinished work.", float(wait))
            case "depth":
                raise LedgerFull("The queue is full.", float(wait))
        return Receipt(Verdict(verdict), id_)

    def _named(self, caller: str, request: RequestKey | None) -> tuple[str | float, ...]:
        life = self._settings.idempotency_s
        return (f"{caller}:{request.key}", request.fingerprint, life) if request else ("", "", life)

    def _raise_missing(self, name: Any) -> Any:
        if self._is_buried(str(name)):
            raise JobExpired("It has ended, and has been removed.")
        raise JobUnknown("There is nothing of that id.")


def told_origin(origin: Origin) -> str:
    """How a script is told an origin; the one of nothing is empty."""
    return as_json({name: value for name, value in asdict(origin).items() if value})


def _record(job_id: str, fields: dict[str, str]) -> JobRecord:
    numbers = ("started_at", "finished_at", "expires_at", "deadline_at")
    texts = ("outcome", "engine", "retry_of")
    return JobRecord(
        id=job_id,
        kind=fields["kind"],
        queue=fields["queue"],
        state=State(fields["state"]),
        attempt=int(fields["attempt"]),
        created_at=float(fields["created_at"]),
        digest=fields["digest"],
        revision=int(fields.get("revision", 0)),
        caller=fields.get("caller", ""),
        cached="cached" in fields,
        progress=_progress(fields),
        error=JobError(**json.loads(fields["error"])) if "error" in fields else None,
        metadata=json.loads(fields["metadata"]) if "metadata" in fields else None,
        **{name: float(fields[name]) for name in numbers if name in fields},  # type: ignore[arg-type]
        **{name: fields[name] for name in texts if name in fields},  # type: ignore[arg-type]
    )


def _progress(fields: dict[str, str]) -> dict[str, Any] | None:
    told = json.loads(fields["progress"]) if "progress" in fields else {}
    return ({"fraction": float(fields["fraction"])} if "fraction" in fields else {}) | told or None
