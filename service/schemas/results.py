"""Results, as the OpenAPI document shows them; those of trainings have a file of their own."""

from typing import Annotated, Literal

from pydantic import Field

from service.columns import Column
from service.schemas.fields import Answer, May
from service.schemas.parts import Certificate, Function, Network, Transformation
from service.schemas.trainings import TrainingResult

Indices = list[int]
Pair = Annotated[list[float], Field(min_length=2, max_length=2)]


class Run(Answer):
    """A stretch of neighbouring points at which the data curve the same way. Runs do not interact.

    Points are counted from 0 in ascending order of x, equal ones once. A point on the chord of its neighbours ends
    a run.
    """

    first: int = Field(description="The first of its points.")
    last: int = Field(description="The last of its points.")
    sign: Literal[-1, 1] = Field(description="1 where the slope rises, -1 where it falls.")
    kinks: int = Field(description="How many kinks the function has there.")


class SolutionSet(Answer):
    """All interpolators of least norm, where there are many (biases free). They agree wherever nothing is said here."""

    intervals: Indices = Field(
        description="Intervals between points in which they differ, each by the index of its left point."
    )
    apex_x: Column = Field(
        description="For each of these intervals, the third corner of the triangle in which the graphs stay; the other "
        "two are the points. Every point of the triangle is reached."
    )
    apex_y: Column = Field(description="Its ordinate.")
    left_slopes: Pair = Field(description="Smallest and largest slope left of all points.")
    right_slopes: Pair = Field(description="Smallest and largest slope right of all points.")
    sparsest: Function = Field(description="One of them with the fewest kinks.")
    sparsest_kink_count: int = Field(description="How many that are.")
    sparsest_is_unique: bool = Field(description="Whether no other one has so few kinks.")


class InterpolationResult(Answer):
    """The best interpolator in the setting, for the objective, and the proof of it."""

    function: Function
    network: Network = Field(description="A network of this function that attains the norm.")
    norm: float = Field(
        description="Representational cost of the function in the setting: the least 1/2 ||theta||^2 of all its "
        "networks. For the objective `norm`, the least of all networks through the points."
    )
    objective_value: float = Field(description="What is minimised: the norm, the number of kinks, or the sum for `lp`.")
    kink_count: int = Field(description="Number of kinks of the function.")
    fewest_kinks: int = Field(description="The least number of kinks of any interpolator, whatever its norm.")
    is_sparsest: bool = Field(description="Whether these two are equal.")
    is_unique: bool = Field(description="Whether it is known that no other interpolator is as good.")
    certificate: Certificate
    solution_set: May[SolutionSet] = Field(
        default=None, description="All that are as good, where they are many and have free biases."
    )
    runs: May[list[Run]] = Field(default=None, description="If `explain` asks for it.")
    transformation: May[Transformation] = Field(default=None, description="If `standardise` asks for it.")


class Fitted(Answer):
    """A fit for one regularisation, and the proof of it."""

    function: Function
    norm: float = Field(description="Representational cost of the function in the setting.")
    loss: float = Field(description="Weighted mean of the loss over the observations; 0 for a hard margin.")
    objective: float = Field(description="`loss + regularisation * norm`, or the norm for a hard margin.")
    kink_count: int = Field(description="Number of kinks of the function.")
    certificate: Certificate


class PointOfPath(Fitted):
    """One of the fits for several regularisations."""

    regularisation: float = Field(description="What the norm counts for.")
    outcome: Literal["optimal", "feasible"] = Field(description="As of a job.")


class FitResult(Fitted):
    """The best function for one regularisation."""

    network: Network = Field(description="A network of the function that attains the norm.")
    regularisation: May[float] = Field(default=None, description="What the norm counts for; not with a hard margin.")
    fitted: Column = Field(description="The function at each observation, in the order in which they were sent.")
    transformation: May[Transformation] = Field(default=None, description="If `standardise` asks for it.")


class _Path(Answer):
    affine_from: float = Field(
        description="A regularisation from which on the fit pays for nothing: with a skip connection it is a straight "
        "line, without one constant or zero. For the squared loss with a skip connection, and no monotone shape, it is "
        "the smallest such one; otherwise it may be larger than that."
    )
    transformation: May[Transformation] = Field(default=None, description="If `standardise` asks for it.")


class PathResult(_Path):
    """The fits for several regularisations."""

    path: list[PointOfPath] = Field(description="In the order of the request; of `path`, descending.")


class Validation(Answer):
    """What fits to a part of the observations lose on the rest, for each regularisation."""

    regularisations: Column = Field(description="As in `path`.")
    mean_loss: Column = Field(description="Mean over the folds of the mean loss on what was left out.")
    standard_error: Column = Field(description="Of this mean over the folds.")
    chosen: int = Field(description="Index of the regularisation that was chosen by the rule.")


class _Chosen(Answer):
    cross_validation: Validation


class ChosenResult(_Chosen, PathResult, FitResult):
    """The fit that cross-validation has chosen, beside the others."""


class _Separation(Answer):
    decision_boundaries: Column = Field(description="Where the function changes its sign, ascending.")
    accuracy: float = Field(description="Weighted share of the observations whose label has the function's sign.")


class SeparationResult(_Separation, FitResult):
    """The best separating function for one regularisation, or of hard margin."""


class PointOfSeparations(_Separation, PointOfPath):
    """One of the separating functions for several regularisations."""


class SeparationPathResult(_Path):
    """The separating functions for several regularisations."""

    path: list[PointOfSeparations] = Field(description="In the order of the request; of `path`, descending.")


class ChosenSeparationResult(_Chosen, SeparationPathResult, SeparationResult):
    """The separating function that cross-validation has chosen, beside the others."""


class Conflict(Answer):
    """Observations with both labels at one abscissa."""

    x: float = Field(description="The abscissa.")
    indices: Indices = Field(description="Of the observations there, as they were sent.")


class InfeasibleResult(Answer):
    """Why no function separates the labels, with the outcome `infeasible`."""

    reason: str = Field(description="In words.")
    conflict: Conflict
    transformation: May[Transformation] = Field(default=None, description="If `standardise` asks for it.")


RegressionResult = ChosenResult | FitResult | PathResult
ClassificationResult = ChosenSeparationResult | SeparationResult | SeparationPathResult | InfeasibleResult


class NormResult(Answer):
    """The norms; the last three for a network only."""

    representational_cost: float = Field(description="Least 1/2 ||theta||^2 of all networks that compute the function.")
    network: May[Network] = Field(
        default=None, description="A network that attains it. A spline has none: its networks only come ever closer."
    )
    is_attained: May[bool] = Field(
        default=None,
        description="Without a skip connection: whether a network attains the cost at all. With free biases a constant "
        "costs nothing in the limit, but no network of it does; the one given comes within rounding.",
    )
    dual: May[Pair] = Field(
        default=None,
        description="Without a skip connection, biases penalised: the evidence that no network costs less, a vector z "
        "for the affine part (docs/mathematics.md).",
    )
    parameter_norm: May[float] = Field(default=None, description="1/2 ||theta||^2 of the given parameters.")
    path_norm: May[float] = Field(
        default=None, description="What it becomes when each neuron is rebalanced: sum |a| ||(w, b)||."
    )
    function: May[Function] = Field(default=None, description="The function that the given network computes.")


class Violation(Answer):
    """Something claimed that does not hold."""

    code: Literal[
        "interpolation",
        "network",
        "skip_connection",
        "norm",
        "parameter_norm",
        "objective_value",
        "loss",
        "objective",
        "margin",
        "shape",
        "kink_count",
        "max_residual",
        "lower_bound",
        "relative_gap",
        "dual_end",
        "dual_total",
        "dual_envelope",
        "slope_multipliers",
    ] = Field(
        description="`interpolation`: a point is missed. `network`: it computes something else than the function. "
        "`skip_connection`: it has one. `parameter_norm`: it does not attain the norm. `margin`: a hard margin is not "
        "kept. `shape`: it is not increasing, decreasing, convex or concave as it has to be. `dual_end`: "
        "the dual is not what it must be at an end. `dual_total`: the multipliers do not add up to zero where they "
        "must. `dual_envelope`: the dual is too large. `slope_multipliers`: one is negative, or out of place. All "
        "others: that number is not as claimed."
    )
    amount: float = Field(description="By how much.")
    detail: str = Field(description="What exactly, in words.")
    index: May[int] = Field(default=None, description="Of the point, in ascending order of x, equal ones once.")


class VerificationResult(Answer):
    """What holds of the claims. Fields that the claims do not determine are left out."""

    violations: list[Violation] = Field(description="Everything that does not hold; empty if all of it does.")
    interpolates: May[bool] = Field(default=None, description="Whether all residuals are within the tolerance.")
    max_residual: May[float] = Field(default=None, description="The largest residual.")
    norm: May[float] = Field(default=None, description="Representational cost of the function in the setting.")
    objective_value: May[float] = Field(
        default=None, description="The number of kinks, or the sum for `lp`; left out where the objective is the norm."
    )
    loss: May[float] = Field(default=None, description="Of a fit: mean loss of the function; 0 for a hard margin.")
    objective: May[float] = Field(
        default=None,
        description="Of a fit: `loss + regularisation * norm`. Left out, like the loss, if a hard margin is not kept.",
    )
    lower_bound: May[float] = Field(
        default=None, description="What the certificate proves, after correction for what is wrong with it."
    )
    relative_gap: May[float] = Field(default=None, description="Between the objective and this bound.")
    tolerance: float = Field(
        description="The largest residual (of a fit: lack of a margin or shape) that counted as none."
    )
    transformation: May[Transformation] = Field(default=None, description="If `standardise` asks for it.")


AnyResult = (
    InterpolationResult | RegressionResult | ClassificationResult | NormResult | VerificationResult | TrainingResult
)
