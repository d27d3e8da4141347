"""What the ledger tells and is told about jobs. Times are seconds since the epoch by the clock of Redis."""

import os
from enum import StrEnum
from typing import Any

from workers.immutable import immutable


class State(StrEnum):
    """Where a job is. The terminal states never change."""

    QUEUED = "queued"
    RUNNING = "running"
    CANCELING = "canceling"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    EXPIRED = "expired"

    @property
    def terminal(self) -> bool:
        """Whether the job has ended."""
        return self not in (State.QUEUED, State.RUNNING, State.CANCELING)


class Order(StrEnum):
    """What the ledger answers to a heartbeat."""

    GO_ON = "go on"
    CANCEL = "cancel"
    """Stop, and tell the ledger how that ended."""
    STOP = "stop"
    """Stop and write nothing: the job belongs to another attempt, or has ended."""


def new_id(of: str) -> str:
    """An id for a job or a batch; nobody can guess it."""
    return f"{of}_{os.urandom(16).hex()}"


@immutable
class Origin:
    """Where work comes from, for those who follow it from a request to a worker."""

    request_id: str = ""
    traceparent: str = ""
    """The span of the request, as W3C Trace Context writes it."""


NOWHERE = Origin()
"""Of work that nobody follows."""


@immutable
class NewJob:
    """What a caller hands in."""

    id: str
    kind: str
    queue: str
    payload: bytes
    digest: str
    """Names the problem. Equal problems share one execution and one result; with "" the job shares nothing."""
    caller: str = ""
    """Who is served in turn with others, and has a quota."""
    time_limit_s: float | None = None
    """Longest time one attempt may compute, if shorter than the setting."""
    cancel_after_s: float | None = None
    """Time after which the job is worth nothing any more."""
    metadata: dict[str, str] | None = None
    origin: Origin = NOWHERE


@immutable
class Claim:
    """One attempt at one job. The attempt is the fencing token: a newer one makes this one worthless."""

    id: str
    kind: str
    attempt: int
    payload: bytes
    time_limit_s: float | None = None
    checkpoint: bytes | None = None
    """What an earlier attempt has saved last."""
    origin: Origin = NOWHERE


@immutable
class Tally:
    """How the items of a chunk ended."""

    succeeded: int
    failed: int


@immutable
class Success:
    """How a computation ended that came to an answer."""

    outcome: str
    result: bytes
    engine: str = ""
    tally: Tally | None = None
    """For chunks of a batch."""


@immutable
class Canceled:
    """How a computation ended that was stopped because its caller, or its deadline, asked for it."""


@immutable
class JobError:
    """How a job ended that failed."""

    code: str
    detail: str
    pointer: str = ""


WORKER_LOST = JobError("worker-lost", "The process that computed this job died each time it was tried.")


@immutable
class JobRecord:
    """All the ledger knows about a job, without its payload and result."""

    id: str
    kind: str
    queue: str
    state: State
    attempt: int
    created_at: float
    digest: str
    started_at: float | None = None
    """Start of the present or last attempt."""
    finished_at: float | None = None
    expires_at: float | None = None
    outcome: str | None = None
    progress: dict[str, Any] | None = None
    """Its `fraction`, from 0 to 1, never goes backwards, also when another attempt begins anew."""
    error: JobError | None = None
    engine: str | None = None
    deadline_at: float | None = None
    metadata: dict[str, str] | None = None
    retry_of: str | None = None
    cached: bool = False
    """Whether it was answered from the result of an equal job."""
    revision: int = 0
    """Goes up with every change."""
    caller: str = ""
    """Whose it is."""


class Verdict(StrEnum):
    """What became of a submission."""

    NEW = "new"
    CACHED = "cached"
    """Answered from the result of an equal job."""
    JOINED = "joined"
    """Shares the execution of an equal job."""
    KNOWN = "known"
    """Submitted before under the same id."""
    REPLAYED = "replayed"
    """Requested before under the same idempotency key; nothing new has begun."""


@immutable
class Receipt:
    """What a submission led to."""

    verdict: Verdict
    id: str


@immutable
class RequestKey:
    """An idempotency key, and what identifies the request that it was given."""

    key: str
    fingerprint: str


@immutable
class WorkerRecord:
    """A live worker."""

    name: str
    queues: tuple[str, ...]
    seen_at: float


@immutable
class Reaped:
    """What one round of reaping did and saw."""

    requeued: tuple[str, ...]
    ended: tuple[str, ...]
    waiting: dict[str, int]
    """Waiting jobs by queue; queues without any are left out."""
