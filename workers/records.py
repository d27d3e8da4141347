"""What the ledger tells and is told about jobs. Times are seconds since the epoch by the clock of Redis."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


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


@dataclass(frozen=True)
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


@dataclass(frozen=True)
class Claim:
    """One attempt at one job. The attempt is the fencing token: a newer one makes this one worthless."""

    id: str
    kind: str
    attempt: int
    payload: bytes
    time_limit_s: float | None = None


@dataclass(frozen=True)
class Tally:
    """How the items of a chunk ended."""

    succeeded: int
    failed: int


@dataclass(frozen=True)
class Success:
    """How a computation ended that came to an answer."""

    outcome: str
    result: bytes
    engine: str = ""
    tally: Tally | None = None
    """For chunks of a batch."""


@dataclass(frozen=True)
class Canceled:
    """How a computation ended that was stopped because its caller, or its deadline, asked for it."""


@dataclass(frozen=True)
class JobError:
    """How a job ended that failed."""

    code: str
    detail: str
    pointer: str = ""


@dataclass(frozen=True)
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
    error: JobError | None = None
    engine: str | None = None


@dataclass(frozen=True)
class WorkerRecord:
    """A live worker."""

    name: str
    queues: tuple[str, ...]
    seen_at: float


@dataclass(frozen=True)
class Reaped:
    """What one round of reaping did and saw."""

    requeued: tuple[str, ...]
    failed: tuple[str, ...]
    waiting: dict[str, int]
    """Waiting jobs by queue; queues without any are left out."""
