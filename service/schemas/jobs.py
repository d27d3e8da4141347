"""Jobs."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from service.schemas.faults import JobError
from service.schemas.fields import Answer, May, Metadata
from service.schemas.results import (
    AnyResult,
    ClassificationResult,
    InterpolationResult,
    NormResult,
    RegressionResult,
    VerificationResult,
)
from service.schemas.trainings import TrainingResult

KindOfJob = Literal["interpolations", "regressions", "classifications", "norms", "verifications", "trainings"]
StateOfJob = Literal["queued", "running", "canceling", "succeeded", "failed", "canceled", "expired"]


class Progress(Answer):
    """How far a running job is."""

    fraction: May[float] = Field(default=None, description="From 0 to 1; never goes backwards.")
    step: May[int] = Field(default=None, description="How many steps, or items of a batch, are done.")
    phase: May[str] = Field(default=None, description="What it is at, if it has several parts.")
    objective: May[float] = Field(default=None, description="Of a training: the least objective of its networks.")
    bound: May[float] = Field(default=None, description="Of a training: what no objective can be below, once known.")


class Links(Answer):
    """Where to go on; absent for an answer that was given at once and is kept nowhere."""

    self: May[str] = Field(default=None, description="The job.")
    result: May[str] = Field(default=None, description="Its result alone.")
    events: May[str] = Field(default=None, description="Its changes as a stream.")
    cancel: May[str] = Field(default=None, description="POST there to end it; while it has not ended.")
    retry: May[str] = Field(default=None, description="POST there to try again; if it ended without a result.")
    retry_of: May[str] = Field(default=None, description="The job that this one tries again.")


class Job(Answer):
    """A piece of work and, once it has succeeded, its result. Fields that do not apply yet are left out."""

    id: str = Field(description="The job's own; told by `/v1/jobs` if it was queued or sent with an idempotency key.")
    kind: KindOfJob = Field(description="The endpoint that it came to.")
    state: StateOfJob = Field(description="The last four are final.")
    outcome: May[Literal["optimal", "feasible", "infeasible", "time_limit", "numerical_failure"]] = Field(
        default=None,
        description="How the mathematics ended. `optimal`: proved to be the best, up to 1e-9 of it, or up to the gap "
        "that was asked of a fit, or of each of several. `feasible`: it interpolates, or is a fit, but is not proved. "
        "`infeasible`: nothing separates the labels; `result` says why. `numerical_failure`: rounding keeps it from "
        "interpolating. Of a training: `optimal` within 1e-9 of the optimum, else `feasible`; `time_limit`: the result "
        "is how far it came; `numerical_failure`: all of it has diverged.",
    )
    created_at: datetime = Field(description="When it was accepted.")
    started_at: May[datetime] = Field(default=None, description="When its last attempt began.")
    finished_at: May[datetime] = Field(default=None, description="When it ended.")
    expires_at: May[datetime] = Field(default=None, description="When it is removed, with its result.")
    progress: May[Progress] = None
    error: May[JobError] = Field(default=None, description="Of a job that failed.")
    digest: str = Field(description="Names the problem: kind, numbers, options and engine.")
    cached: May[Literal[True]] = Field(default=None, description="Answered from the result of an equal problem.")
    metadata: May[Metadata] = Field(default=None, description="The caller's own words, as sent.")
    engine: May[str] = Field(default=None, description="Name and version of what computed the result.")
    timings_ms: May[dict[str, float]] = Field(
        default=None, description="`solve` of what was solved at once; `queued` and `run` of a job of the queue."
    )
    links: Links


class InterpolationJob(Job):
    """The job of an interpolation."""

    result: May[InterpolationResult] = None


class RegressionJob(Job):
    """The job of a regression."""

    result: May[RegressionResult] = None


class ClassificationJob(Job):
    """The job of a classification."""

    result: May[ClassificationResult] = None


class NormJob(Job):
    """The job of a norm."""

    result: May[NormResult] = None


class VerificationJob(Job):
    """The job of a verification."""

    result: May[VerificationResult] = None


class TrainingJob(Job):
    """The job of a training."""

    result: May[TrainingResult] = None


class AnyJob(Job):
    """A job of any kind."""

    result: May[AnyResult] = None


class PageOfJobs(BaseModel):
    """Which part of the caller's jobs is asked for."""

    state: StateOfJob | None = Field(default=None, description="Only jobs in this state.")
    kind: KindOfJob | None = Field(default=None, description="Only jobs of this kind.")
    limit: int = Field(default=50, ge=1, le=200, description="Most jobs of a page.")
    cursor: int | None = Field(default=None, ge=1, le=2**53, description="`next_cursor` of the page before.")


class JobPage(Answer):
    """A part of the caller's jobs, newest first; a filtered page may be short although more follow."""

    jobs: list[Job] = Field(description="Without their results.")
    next_cursor: May[int] = Field(default=None, description="For the next page; absent on the last one.")
