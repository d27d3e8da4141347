"""The wire: request bodies, and the shapes of answers as the OpenAPI document shows them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from service.columns import Column, Points


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


Absent = SkipJsonSchema[None]
"""May be left out; is never null on the wire."""
OPTIONAL = Field(default=None, json_schema_extra=_without_default)
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]


class Body(BaseModel):
    """Base of everything a caller sends: unknown fields and nulls are refused, numbers are strict."""

    model_config = ConfigDict(extra="forbid", strict=True, arbitrary_types_allowed=True)

    @model_validator(mode="before")
    @classmethod
    def _no_nulls(cls, fields: Any) -> Any:
        if isinstance(fields, dict):
            for name, value in fields.items():
                if value is None:
                    raise PydanticCustomError("null", "{name} is null; leave it out instead", {"name": name})
        return fields

    def problem(self) -> dict[str, Any]:
        """The fields that were given, by their wire names, columns as arrays."""
        return {
            name: value.problem() if isinstance(value, Body) else value
            for name, value in self
            if value is not None
        }


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
    lower_bound: Number | Absent = OPTIONAL
    relative_gap: Number | Absent = OPTIONAL
    max_residual: Number | Absent = OPTIONAL


class _Setting(Body):
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

    function: Function | Absent = OPTIONAL
    network: Network | Absent = OPTIONAL

    @model_validator(mode="after")
    def _exactly_one(self) -> "NormRequest":
        if (self.function is None) == (self.network is None):
            raise PydanticCustomError("exactly_one", "give exactly one of function and network")
        return self


class VerificationRequest(_Data):
    """Data, and anything that is claimed about their minimum-norm interpolation."""

    function: Function | Absent = OPTIONAL
    network: Network | Absent = OPTIONAL
    certificate: Certificate | Absent = OPTIONAL
    norm: Number | Absent = OPTIONAL
    tolerance: Annotated[Number, Field(ge=0)] | Absent = Field(
        default=None,
        json_schema_extra=_without_default,
        description="Largest residual that counts as interpolation; by default 64 units of rounding of the data's scale.",
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
    parameter_norm: float | Absent = Field(
        default=None, json_schema_extra=_without_default, description="1/2 ||theta||^2 of the given parameters."
    )
    path_norm: float | Absent = Field(
        default=None, json_schema_extra=_without_default, description="What rebalancing each neuron reaches."
    )
    function: Function | Absent = OPTIONAL


class Violation(_Answer):
    """Something claimed that does not hold."""

    code: Literal[
        "interpolation", "network", "norm", "lower_bound", "dual_end", "dual_envelope", "bound_above_norm"
    ]
    amount: float
    detail: str
    index: int | Absent = Field(
        default=None, json_schema_extra=_without_default, description="Of the point, in ascending order of x."
    )


class VerificationResult(_Answer):
    """What holds of the claims. Fields that the claims do not determine are left out."""

    violations: list[Violation]
    interpolates: bool | Absent = OPTIONAL
    max_residual: float | Absent = OPTIONAL
    norm: float | Absent = OPTIONAL
    lower_bound: float | Absent = OPTIONAL
    relative_gap: float | Absent = OPTIONAL
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
    errors: list[ErrorItem] | Absent = OPTIONAL


class Progress(_Answer):
    """How far a running job is."""

    fraction: float | Absent = OPTIONAL
    phase: str | Absent = OPTIONAL


class JobError(_Answer):
    """Why a job failed."""

    code: str
    detail: str
    pointer: str | Absent = OPTIONAL


class Links(_Answer):
    """Where to go on; absent for an answer that was given at once and is kept nowhere."""

    self: str | Absent = OPTIONAL
    result: str | Absent = OPTIONAL


class Job(_Answer):
    """A piece of work and, once it has succeeded, its result. Fields that do not apply yet are left out."""

    id: str
    kind: Literal["interpolations", "norms", "verifications"]
    state: Literal["queued", "running", "succeeded", "failed", "canceled", "expired"]
    outcome: (
        Literal["optimal", "feasible", "infeasible", "time_limit", "numerical_failure"] | Absent
    ) = Field(default=None, json_schema_extra=_without_default, description="How the mathematics ended.")
    created_at: datetime
    started_at: datetime | Absent = OPTIONAL
    finished_at: datetime | Absent = OPTIONAL
    expires_at: datetime | Absent = OPTIONAL
    progress: Progress | Absent = OPTIONAL
    error: JobError | Absent = OPTIONAL
    digest: str = Field(description="Names the problem: kind, numbers, options and engine.")
    engine: str | Absent = OPTIONAL
    timings_ms: dict[str, float] | Absent = OPTIONAL
    links: Links


class InterpolationJob(Job):
    """The job of an interpolation."""

    result: InterpolationResult | Absent = OPTIONAL


class NormJob(Job):
    """The job of a norm."""

    result: NormResult | Absent = OPTIONAL


class VerificationJob(Job):
    """The job of a verification."""

    result: VerificationResult | Absent = OPTIONAL


class AnyJob(Job):
    """A job of any kind."""

    result: InterpolationResult | NormResult | VerificationResult | Absent = OPTIONAL


class Health(_Answer):
    """Whether something works, and if not, why."""

    status: Literal["ok", "unready"]
    detail: str | Absent = OPTIONAL


class Limits(_Answer):
    """The limits in force."""

    max_body_bytes: int = Field(description="Longest request body.")
    max_points: int = Field(description="Most numbers in a column.")
    max_wait_s: float = Field(description="Longest wait that `Prefer: wait=N` is granted.")
    largest_at_once: int = Field(description="Problems with more numbers in a column are queued.")


class Capabilities(_Answer):
    """What this service can do."""

    engine: str
    kinds: list[str]
    limits: Limits
