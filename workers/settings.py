"""Settings of the workers and of the ledger. The environment variables carry the prefix `MINNORM_`."""

from functools import cache
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from workers.journal import Form
from workers.tracing import Exporter


class ObservationSettings(BaseSettings):
    """How the gateway and the workers can be watched."""

    model_config = SettingsConfigDict(env_prefix="MINNORM_", frozen=True, extra="ignore")

    log: Form = "off"
    """A line for every request and attempt: `text` for people, `json` for programs; else only what is wrong."""
    traces: Exporter = "off"
    """`otlp` sends spans of requests and attempts where the variables `OTEL_EXPORTER_OTLP_...` say."""


class WorkerSettings(ObservationSettings):
    """What the ledger, the queue and the processes that compute need to know."""

    model_config = SettingsConfigDict(env_prefix="MINNORM_", frozen=True, extra="ignore")

    redis_url: str = "redis://127.0.0.1:6379/0"
    """Redis or Valkey: `redis://`, `rediss://` or `unix://`."""
    data_dir: Path = Path(".data")
    """Where the embedded broker keeps its files."""
    broker_memory_bytes: int = Field(default=2**31, ge=2**24)
    """Memory of the embedded broker; when it is full, new jobs are refused and none is dropped."""
    redis_timeout_s: float = 5.0
    """Longest wait for one answer of Redis in a worker."""
    lease_s: float = 10.0
    """A claimed job that has not been beaten for so long goes back to its queue."""
    beat_s: float = 0.5
    """How often a worker extends the lease of the job in hand, tells its progress and hears of a cancellation."""
    cancel_grace_s: float = 1.5
    """How long a computation that is asked to stop may take to do so before its process is killed."""
    reap_s: float = 1.0
    """How often each worker looks for expired leases and missing bells."""
    attempts: int = 3
    """A job whose worker died so often fails as `worker-lost`."""
    retention_s: float = 3_600.0
    """How long a finished job and its result are kept."""
    idempotency_s: float = 86_400.0
    """How long an idempotency key belongs to its request, if its job is kept so long."""
    caller_items: int = 250_000
    """Most unfinished jobs and items of batches that one caller may have."""
    queue_items: int = 1_000_000
    """Most waiting jobs and chunks of batches in one queue."""
    niceness: int = Field(default=0, ge=0, le=19)
    """How far the processes that compute step back for others; for workers of batches and trainings."""
    time_limit_s: float = 600.0
    """Longest time one attempt may compute."""
    job_memory_bytes: int = 8 * 2**30
    """Address space of the process that computes (RLIMIT_AS)."""
    tombstone_s: float = 7 * 86_400.0
    """How long after its retention an id is still known to have existed (410, not 404)."""
    solver: str = "workers.compute"
    """Module that computes: `answer(kind, problem, tell, memory)` and `warm_up()`; another one in tests."""
    runner_start_s: float = 120.0
    """Longest time a fresh runner may take to import and compile."""
    finish_patience_s: float = 60.0
    """How long a worker that holds an answer tries to store it while Redis is away."""
    shutdown_s: float = 10.0
    """How long a worker that is asked to stop lets the job in hand go on before it gives it back."""


@cache
def worker_settings() -> WorkerSettings:
    """The settings of this process, read on first use."""
    return WorkerSettings()
