"""Health, limits, and what is offered."""

from typing import Literal

from pydantic import Field

from service.schemas.fields import Answer, May
from service.schemas.jobs import KindOfJob
from service.schemas.requests import ClassificationLoss, Objective, RegressionLoss, ShapeName
from service.schemas.trainings import OptimiserName, ScheduleName, TrainingLoss


class Worker(Answer):
    """A worker as the ledger sees it: live if its heartbeat is in time."""

    name: str = Field(description="The worker's own.")
    state: Literal["live", "stalled"] = Field(description="Whether its heartbeat is in time.")
    silent_s: float = Field(description="Since its last heartbeat.")


class Health(Answer):
    """Whether something works, and if not, why."""

    status: Literal["ok", "unready"] = Field(description="The short answer.")
    detail: May[str] = Field(default=None, description="Why not.")
    workers: May[list[Worker]] = Field(default=None, description="Those that the ledger knows.")
    unserved: May[list[str]] = Field(default=None, description="Queues that no live worker serves, if there are any.")


class Limits(Answer):
    """The limits in force."""

    max_body_bytes: int = Field(description="Longest request body.")
    max_batch_bytes: int = Field(description="Longest body of a batch that is sent as application/x-ndjson.")
    max_batch_items: int = Field(description="Most items of a batch.")
    max_points: int = Field(description="Most numbers in a column.")
    max_levels: int = Field(description="Most objects and lists within each other in a body.")
    max_points_without_skip: int = Field(
        description="Most points of an interpolation with penalised biases and no skip connection, if it needs a cone "
        "program. Data that turn to and fro often do not."
    )
    max_points_of_fit: int = Field(
        description="Most different abscissae of a regression or classification that needs a cone program: all but the "
        "squared loss with a skip connection and no shape."
    )
    max_regularisations: int = Field(description="Most fits that one regression or classification asks for.")
    max_folds: int = Field(description="Most folds of a cross-validation.")
    max_powers: int = Field(description="Most rows of coefficients of a piecewise polynomial.")
    max_width: int = Field(description="Most neurons of a network that is trained.")
    max_neurons: int = Field(description="Most neurons of one training: width times the number of seeds.")
    max_steps: int = Field(description="Most steps of a training.")
    max_seeds: int = Field(description="Most seeds of a training.")
    max_snapshots: int = Field(description="Most snapshots of a training.")
    max_frames: int = Field(description="Most frames of a training.")
    max_wait_s: float = Field(description="Longest wait that `Prefer: wait=N` is granted.")
    largest_at_once: int = Field(
        description="Problems with more numbers in a column are queued, and those that take as long for other reasons; "
        "but for those that take linear time."
    )
    largest_linear_at_once: int = Field(
        description="Interpolations that need no cone program, and norms of functions and networks, with more numbers "
        "in a column are queued; smaller ones only while others keep this gateway busy, or with an `Idempotency-Key`."
    )


class Offered(Answer):
    """A setting, and what interpolations in it can minimise."""

    penalise_biases: bool = Field(description="Whether the hidden biases count in the norm.")
    skip_connection: bool = Field(description="Whether there is a straight line that costs nothing.")
    objectives: list[Objective] = Field(description="What can be minimised.")


class Losses(Answer):
    """What a fit or a trained network may lose, by the kind of problem."""

    regressions: list[RegressionLoss] = Field(description="Of values.")
    classifications: list[ClassificationLoss] = Field(description="Of labels.")
    trainings: list[TrainingLoss] = Field(description="Of values, or of labels.")


class Capabilities(Answer):
    """What this service can do."""

    engine: str = Field(description="Name and version of what computes.")
    kinds: list[KindOfJob] = Field(
        description="The kinds of problems: each is an endpoint, and a kind of a batch's items."
    )
    settings: list[Offered] = Field(description="The settings, each with its objectives.")
    losses: Losses
    shapes: list[ShapeName] = Field(description="What regressions and classifications may ask of their functions.")
    optimisers: list[OptimiserName] = Field(description="How networks are trained.")
    schedules: list[ScheduleName] = Field(description="How their step sizes change.")
    limits: Limits
