"""The wire: request bodies, and the shapes of answers as the OpenAPI document shows them."""

from datetime import datetime
from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, model_validator
from pydantic_core import CoreSchema, PydanticCustomError

from service.columns import Column, Points


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


class _NotNull:
    """Makes `T | None` accept a T only: None is how Python sees that the field was left out."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return handler.generate_schema(reduce(or_, (kind for kind in get_args(source) if kind is not type(None))))


T = TypeVar("T")
May = Annotated[T | None, _NotNull(), Field(json_schema_extra=_without_default)]
"""A field that may be left out, and is never null on the wire."""
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]


OPTIONS = ("time_limit_s", "metadata")
"""Fields of a request about its job; they do not change the answer."""


class Body(BaseModel):
    """Base of everything a caller sends: unknown fields and nulls are refused, numbers are strict."""

    model_config = ConfigDict(extra="forbid", strict=True, arbitrary_types_allowed=True)

    def problem(self) -> dict[str, Any]:
        """The fields that were given, by their wire names, columns as arrays."""
        return {
            name: value.problem() if isinstance(value, Body) else value
            for name, value in self
            if value is not None and name not in OPTIONS
        }

    def options(self) -> dict[str, Any]:
        """What concerns the job, and not the problem."""
        return {name: value for name, value in self if value is not None and name in OPTIONS}


class Function(Body):
    """`f(x) = y0 + slope0 (x - x0) + sum_k slope_changes[k] relu(x - kinks[k])`; kinks ascend, not left of x0."""

    x0: Number
    y0: Number
    slope0: Number
    kinks: Column
    slope_changes: Column


class Network(Body):
    """`f(x) = skip_weight x + skip_bias + sum_j output_weights[j] relu(hidden_weights[j] x + hidden_biases[j])`."""

    hidden_weights: Column
    hidden_biases: Column
    output_weights: Column
    skip_weight: Number = 0.0
    skip_bias: Number = 0.0


class Certificate(Body):
    """Evidence of optimality; see the guide on checking it.

    `dual_values[i]` is the dual function q at the i-th distinct abscissa in ascending order. q is linear between them,
    zero at both ends, and never exceeds `sqrt(1 + x^2)` in magnitude; `sum_i (curvature of the data at i) * q_i` is
    then a lower bound on the norm of every interpolator.
    """

    dual_values: Column
    lower_bound: May[Number] = None
    relative_gap: May[Number] = None
    max_residual: May[Number] = None


Word = Annotated[str, Field(max_length=500)]
Metadata = Annotated[dict[Annotated[str, Field(max_length=64)], Word], Field(max_length=16)]


class _Setting(Body):
    time_limit_s: May[Annotated[Number, Field(gt=0)]] = Field(
        default=None, description="Longest time that one attempt may compute, if the problem is queued."
    )
    metadata: May[Metadata] = Field(default=None, description="Words of the caller's own, kept with the job.")
    penalise_biases: bool = Field(default=True, description="Whether the hidden biases count in the norm.")
    skip_connection: bool = Field(
        default=True, description="Whether a free affine term is added. Only true is offered so far."
    )


class _Data(_Setting):
    x: Points = Field(description="Abscissae, dimensionless, in any order.")
    y: Points = Field(description="Ordinates. Equal abscissae must have equal ordinates.")


class InterpolationRequest(_Data):
    """Points to interpolate with the least norm."""

    objective: Literal["norm", "kinks", "lp"] = Field(
        default="norm", description='What is minimised. Only "norm" is offered so far.'
    )


class NormRequest(_Setting):
    """A function or a network, exactly one of them."""

    function: May[Function] = None
    network: May[Network] = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "NormRequest":
        if (self.function is None) == (self.network is None):
            raise PydanticCustomError("exactly_one", "give exactly one of function and network")
        return self


class VerificationRequest(_Data):
    """Data, and anything that is claimed about their minimum-norm interpolation."""

    function: May[Function] = None
    network: May[Network] = None
    certificate: May[Certificate] = None
    norm: May[Number] = None
    tolerance: May[Annotated[Number, Field(ge=0)]] = Field(
        default=None,
        description="Largest residual that counts as interpolation; default: 64 units of rounding of the data's scale.",
    )

    @model_validator(mode="after")
    def _something_claimed(self) -> "VerificationRequest":
        if self.function is None and self.network is None and self.certificate is None:
            raise PydanticCustomError("nothing_claimed", "give a function, a network or a certificate")
        return self


class _Answer(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)


class InterpolationResult(_Answer):
    """The interpolator of least norm."""

    function: Function
    network: Network = Field(description="A network that attains the norm: one balanced neuron a kink.")
    norm: float = Field(description="Least parameter norm 1/2 ||theta||^2 of all networks through the points.")
    kink_count: int
    fewest_kinks: int = Field(description="The least number of kinks of any interpolator.")
    is_sparsest: bool
    is_unique: bool
    certificate: Certificate


class NormResult(_Answer):
    """The norms; the last three for a network only."""

    representational_cost: float = Field(description="Least parameter norm of all networks of this function.")
    network: Network = Field(description="A network that attains it.")
    parameter_norm: May[float] = Field(default=None, description="1/2 ||theta||^2 of the given parameters.")
    path_norm: May[float] = Field(default=None, description="What rebalancing each neuron reaches.")
    function: May[Function] = None


class Violation(_Answer):
    """Something claimed that does not hold."""

    code: Literal["interpolation", "network", "norm", "lower_bound", "dual_end", "dual_envelope"]
    amount: float
    detail: str
    index: May[int] = Field(default=None, description="Of the point, in ascending order of x.")


class VerificationResult(_Answer):
    """What holds of the claims. Fields that the claims do not determine are left out."""

    violations: list[Violation]
    interpolates: May[bool] = None
    max_residual: May[float] = None
    norm: May[float] = None
    lower_bound: May[float] = None
    relative_gap: May[float] = None
    tolerance: float


class ErrorItem(_Answer):
    """One thing wrong with a request."""

    pointer: str = Field(description="JSON pointer (RFC 6901) to the place; empty for the whole body.")
    code: str
    detail: str


class Problem(_Answer):
    """A problem document (RFC 9457)."""

    type: str = Field(description="Address of a page about this kind of problem.")
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    retryable: bool
    errors: May[list[ErrorItem]] = None


class Progress(_Answer):
    """How far a running job is."""

    fraction: May[float] = Field(default=None, description="From 0 to 1; never goes backwards.")
    step: May[int] = None
    phase: May[str] = None


class JobError(_Answer):
    """Why a job failed."""

    code: str
    detail: str
    pointer: May[str] = None


class Links(_Answer):
    """Where to go on; absent for an answer that was given at once and is kept nowhere."""

    self: May[str] = None
    result: May[str] = None
    events: May[str] = None
    cancel: May[str] = None
    retry: May[str] = None
    retry_of: May[str] = None


KindOfJob = Literal["interpolations", "norms", "verifications"]
StateOfJob = Literal["queued", "running", "canceling", "succeeded", "failed", "canceled", "expired"]


class Job(_Answer):
    """A piece of work and, once it has succeeded, its result. Fields that do not apply yet are left out."""

    id: str
    kind: KindOfJob
    state: StateOfJob
    outcome: May[Literal["optimal", "feasible", "infeasible", "time_limit", "numerical_failure"]] = Field(
        default=None, description="How the mathematics ended."
    )
    created_at: datetime
    started_at: May[datetime] = None
    finished_at: May[datetime] = None
    expires_at: May[datetime] = None
    progress: May[Progress] = None
    error: May[JobError] = None
    digest: str = Field(description="Names the problem: kind, numbers, options and engine.")
    cached: May[Literal[True]] = Field(default=None, description="Answered from the result of an equal problem.")
    metadata: May[Metadata] = None
    engine: May[str] = None
    timings_ms: May[dict[str, float]] = None
    links: Links


class InterpolationJob(Job):
    """The job of an interpolation."""

    result: May[InterpolationResult] = None


class NormJob(Job):
    """The job of a norm."""

    result: May[NormResult] = None


class VerificationJob(Job):
    """The job of a verification."""

    result: May[VerificationResult] = None


class AnyJob(Job):
    """A job of any kind."""

    result: May[InterpolationResult | NormResult | VerificationResult] = None


class JobPage(_Answer):
    """A part of the caller's jobs, newest first; a filtered page may be short although more follow."""

    jobs: list[Job]
    next_cursor: May[int] = Field(default=None, description="For the next page; absent on the last one.")


class BatchItem(Body):
    """One problem of a batch. What is wrong with it concerns no other item."""

    custom_id: str = Field(min_length=1, max_length=200, description="The caller's name for it, unique in the batch.")
    kind: KindOfJob
    body: dict[str, Any] = Field(
        description="As sent to the endpoint of that name, without `time_limit_s` and `metadata`.",
        json_schema_extra={
            "anyOf": [
                {"$ref": f"#/components/schemas/{request.__name__}"}
                for request in (InterpolationRequest, NormRequest, VerificationRequest)
            ]
        },
    )


class BatchRequest(Body):
    """Many problems under one id."""

    items: list[Any] = Field(
        min_length=1,
        description="The items; how many there may be is told by `/v1/capabilities`.",
        json_schema_extra={"items": {"$ref": f"#/components/schemas/{BatchItem.__name__}"}},
    )
    metadata: May[Metadata] = Field(default=None, description="Words of the caller's own, kept with the batch.")


class BatchCounts(_Answer):
    """Items by how they have ended; `pending` ones have not."""

    total: int
    pending: int
    succeeded: int
    failed: int
    canceled: int
    expired: int


class BatchLinks(_Answer):
    """Where to go on."""

    self: str
    results: str
    cancel: May[str] = None
    retry: May[str] = None
    retry_of: May[str] = None


class Batch(_Answer):
    """Many problems under one id. It has succeeded when each item has an answer or an error of its own."""

    id: str
    state: StateOfJob
    created_at: datetime
    started_at: May[datetime] = None
    finished_at: May[datetime] = None
    expires_at: May[datetime] = None
    counts: BatchCounts
    progress: Progress
    metadata: May[Metadata] = None
    links: BatchLinks


class BatchError(_Answer):
    """A problem document without the request that it answers."""

    type: str
    title: str
    status: int
    detail: str
    retryable: bool
    errors: May[list[ErrorItem]] = Field(
        default=None, description="The pointers are into the item: `/body/x/3`; empty for the item as a whole."
    )


class BatchLine(_Answer):
    """What became of one item: either `outcome` and `result`, or `error`."""

    custom_id: str
    status: int = Field(description="The HTTP status that the item would have had by itself.")
    outcome: May[str] = None
    result: May[InterpolationResult | NormResult | VerificationResult] = None
    error: May[BatchError] = None


class Worker(_Answer):
    """A worker as the ledger sees it: live if its heartbeat is in time."""

    name: str
    state: Literal["live", "stalled"]
    silent_s: float = Field(description="Since its last heartbeat.")


class Health(_Answer):
    """Whether something works, and if not, why."""

    status: Literal["ok", "unready"]
    detail: May[str] = None
    workers: May[list[Worker]] = None


class Limits(_Answer):
    """The limits in force."""

    max_body_bytes: int = Field(description="Longest request body.")
    max_batch_bytes: int = Field(description="Longest body of a batch that is sent as application/x-ndjson.")
    max_batch_items: int = Field(description="Most items of a batch.")
    max_points: int = Field(description="Most numbers in a column.")
    max_wait_s: float = Field(description="Longest wait that `Prefer: wait=N` is granted.")
    largest_at_once: int = Field(description="Problems with more numbers in a column are queued.")


class Capabilities(_Answer):
    """What this service can do."""

    engine: str
    kinds: list[str]
    limits: Limits
