"""Batches."""

from datetime import datetime
from typing import Any

from pydantic import Field

from service.schemas.faults import BatchError
from service.schemas.fields import Answer, Body, May, Metadata
from service.schemas.jobs import KindOfJob, Progress, StateOfJob
from service.schemas.requests import (
    ClassificationRequest,
    InterpolationRequest,
    NormRequest,
    RegressionRequest,
    VerificationRequest,
)
from service.schemas.results import AnyResult
from service.schemas.trainings import TrainingRequest

_REQUESTS = (
    InterpolationRequest,
    RegressionRequest,
    ClassificationRequest,
    NormRequest,
    VerificationRequest,
    TrainingRequest,
)


class BatchItem(Body):
    """One problem of a batch. What is wrong with it concerns no other item."""

    custom_id: str = Field(min_length=1, max_length=200, description="The caller's name for it, unique in the batch.")
    kind: KindOfJob = Field(description="The endpoint that the body is for.")
    body: dict[str, Any] = Field(
        description="As sent to the endpoint of that name, without `time_limit_s` and `metadata`.",
        json_schema_extra={"anyOf": [{"$ref": f"#/components/schemas/{request.__name__}"} for request in _REQUESTS]},
    )


class BatchRequest(Body):
    """Many problems under one id."""

    items: list[Any] = Field(
        min_length=1,
        description="The items; how many there may be is told by `/v1/capabilities`.",
        json_schema_extra={"items": {"$ref": f"#/components/schemas/{BatchItem.__name__}"}},
    )
    metadata: May[Metadata] = Field(default=None, description="Words of the caller's own, kept with the batch.")


class BatchCounts(Answer):
    """Items by how they have ended; `pending` ones have not."""

    total: int = Field(description="All items.")
    pending: int = Field(description="Those that wait or are being computed.")
    succeeded: int = Field(description="Those with a result.")
    failed: int = Field(description="Those with an error of their own.")
    canceled: int = Field(description="Those that were cancelled before they had a result.")
    expired: int = Field(description="Those whose deadline passed.")


class BatchLinks(Answer):
    """Where to go on."""

    self: str = Field(description="The batch.")
    results: str = Field(description="The results, as a stream of lines.")
    cancel: May[str] = Field(default=None, description="POST there to end it; while it has not ended.")
    retry: May[str] = Field(default=None, description="POST there to try those again that were not computed.")
    retry_of: May[str] = Field(default=None, description="The batch that this one tries again.")


class Batch(Answer):
    """Many problems under one id. It has succeeded when each item has an answer or an error of its own."""

    id: str = Field(description="The batch's own.")
    state: StateOfJob = Field(description="The last four are final.")
    created_at: datetime = Field(description="When it was accepted.")
    started_at: May[datetime] = Field(default=None, description="When its first item was begun.")
    finished_at: May[datetime] = Field(default=None, description="When its last item ended.")
    expires_at: May[datetime] = Field(default=None, description="When it is removed, with its results.")
    counts: BatchCounts
    progress: Progress
    metadata: May[Metadata] = Field(default=None, description="The caller's own words, as sent.")
    links: BatchLinks


class BatchLine(Answer):
    """What became of one item: either `outcome` and `result`, or `error`."""

    custom_id: str = Field(description="The caller's name for the item.")
    status: int = Field(description="The HTTP status that the item would have had by itself.")
    outcome: May[str] = Field(default=None, description="As of a job: `optimal`, `feasible`, `infeasible`, ...")
    result: May[AnyResult] = Field(default=None, description="What its endpoint would have answered.")
    error: May[BatchError] = Field(default=None, description="What is wrong with it.")
