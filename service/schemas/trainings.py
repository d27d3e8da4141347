"""Trainings: what is asked, and what is answered."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from service.columns import Column, Points
from service.schemas.fields import Answer, Body, May, Number, Positive, refusal
from service.schemas.parts import Function, Network, Transformation
from service.schemas.questions import Observations, Options, Setting, Standardised
from workers.training import recipe

OptimiserName = Literal["gradient_descent", "momentum", "adam"]
ScheduleName = Literal["constant", "cosine"]
TrainingLoss = Literal["squared", "logistic"]
Share = Annotated[Number, Field(ge=0, lt=1)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]

_OWN: dict[OptimiserName, tuple[str, ...]] = {
    "gradient_descent": (),
    "momentum": ("momentum", "nesterov"),
    "adam": ("beta1", "beta2", "epsilon"),
}
"""Fields of an optimiser that no other one has."""


class Optimiser(Body):
    """A gradient method: g is the gradient over all observations, eta the step size, t counts the steps from 0."""

    name: OptimiserName = Field(
        default="gradient_descent",
        description="`gradient_descent`: theta -= eta g. `momentum`: v = momentum v + g, theta -= eta v. `adam`: "
        "m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2, both divided by 1 - beta^(t + 1), and "
        "theta -= eta m / (sqrt(v) + epsilon).",
    )
    step_size: Positive = Field(default=0.01, description="Eta: how far a step goes.")
    schedule: ScheduleName = Field(
        default="constant", description="`cosine`: eta falls to zero over all steps, as eta/2 (1 + cos(pi t / steps))."
    )
    momentum: May[Share] = Field(
        default=None, description="Only of `momentum`, 0.9 by default: how much of the last step is in the next one."
    )
    nesterov: May[bool] = Field(
        default=None, description="Only of `momentum`, false by default: theta -= eta (g + momentum v) instead."
    )
    beta1: May[Share] = Field(
        default=None, description="Only of `adam`, 0.9 by default: how slowly the mean of the gradients follows."
    )
    beta2: May[Share] = Field(
        default=None, description="Only of `adam`, 0.999 by default: how slowly the mean of their squares follows."
    )
    epsilon: May[Positive] = Field(
        default=None, description="Only of `adam`, 1e-8 by default: added to the root of that mean."
    )

    @model_validator(mode="after")
    def _only_its_own(self) -> "Optimiser":
        for optimiser, fields in _OWN.items():
            for name in fields:
                if optimiser != self.name and getattr(self, name) is not None:
                    raise refusal("extra_forbidden", f"Only for the optimiser {optimiser}", name)
        return self

    def problem(self) -> dict[str, Any]:
        """All that the optimiser needs, and nothing of the others."""
        return {name: getattr(_DEFAULTS, name) for name in _OWN[self.name]} | super().problem()


_DEFAULTS = recipe.Optimiser()


class Initialisation(Body):
    """Where a training starts. The line of a skip connection starts at zero."""

    scale: Annotated[Number, Field(ge=recipe.SCALES[0], le=recipe.SCALES[1])] = Field(
        default=1.0, description="All parameters of neurons are normal, of standard deviation scale / sqrt(width)."
    )
    balanced: bool = Field(
        default=False,
        description="Rescale each neuron so that |a| = ||(w, b)||, or |w| if biases are free; it computes the same.",
    )
    zero_output: bool = Field(
        default=False,
        description="Neurons come in pairs that differ in the sign of a only, so that the network starts as zero.",
    )


class TrainingRequest(Options, Standardised, Setting, Observations):
    """Observations, a network, its objective, and how it is to be trained."""

    y: Points = Field(description="Ordinates; with the loss `logistic`, labels: -1 or 1.")
    loss: TrainingLoss = Field(
        default="squared", description="Of an observation. `squared`: (f - y)^2. `logistic`: log(1 + exp(-y f))."
    )
    weight_decay: Annotated[Number, Field(ge=0)] = Field(
        default=1e-3,
        description="What is minimised is `mean loss + weight_decay * 1/2 ||theta||^2`, where biases count only if "
        "they are penalised, and a skip connection never does. At zero, the loss alone.",
    )
    width: Annotated[int, Field(ge=1, le=recipe.MOST_NEURONS)] = Field(default=200, description="Number of neurons.")
    steps: Annotated[int, Field(ge=1, le=recipe.MOST_STEPS)] = Field(
        default=100_000, description="After so many steps a training ends. Each looks at all observations."
    )
    tolerance: Annotated[Number, Field(ge=0)] = Field(
        default=0.0,
        description="It ends earlier once the norm of the gradient is at most this, which is looked at every 100 "
        "steps. Zero: never.",
    )
    optimiser: Optimiser = Field(
        default_factory=Optimiser, description="Gradient descent of constant step size 0.01 by default."
    )
    initialisation: Initialisation = Field(
        default_factory=Initialisation, description="Normal, of standard deviation 1 / sqrt(width) by default."
    )
    seeds: list[Seed] = Field(
        default=[0],
        min_length=1,
        max_length=recipe.MOST_SEEDS,
        description=f"One training each, all different. Width times their number is at most {recipe.MOST_IN_ALL:,}.",
        json_schema_extra={"uniqueItems": True},
    )
    snapshots: Annotated[int, Field(ge=0, le=recipe.MOST_SNAPSHOTS)] = Field(
        default=30, description="At how many steps, spread geometrically, the history is written; fewer if steps are."
    )
    frames: Annotated[int, Field(ge=0, le=recipe.MOST_FRAMES)] = Field(
        default=0,
        description="At how many of the snapshots the function is kept as well. Times width and the number of seeds, "
        f"at most {recipe.MOST_NEURONS_IN_FRAMES:,}.",
    )
    compare: bool = Field(default=True, description="Whether to compute the global optimum, and to compare with it.")

    @model_validator(mode="after")
    def _within_limits(self) -> "TrainingRequest":
        neurons = self.width * len(self.seeds)
        if len(set(self.seeds)) < len(self.seeds):
            raise refusal("duplicate", "Seeds have to differ", "seeds")
        if neurons > recipe.MOST_IN_ALL:
            raise refusal("too_large", f"Width times seeds is at most {recipe.MOST_IN_ALL:,}", "seeds")
        if self.frames > self.snapshots:
            raise refusal("too_large", "Frames are some of the snapshots", "frames")
        if self.frames * neurons > recipe.MOST_NEURONS_IN_FRAMES:
            most = f"{recipe.MOST_NEURONS_IN_FRAMES:,}"
            raise refusal("too_large", f"Frames times width times seeds is at most {most}", "frames")
        return self


class TrainingHistory(Answer):
    """The numbers of a network on its way, in columns of one number a snapshot."""

    step: list[int] = Field(description="How many steps had been taken.")
    objective: Column = Field(description="`mean loss + weight_decay * parameter_norm`.")
    loss: Column = Field(description="Mean loss.")
    parameter_norm: Column = Field(description="1/2 ||theta||^2.")
    kink_count: list[int] = Field(description="Number of kinks of the function, as in `runs`.")


class TrainingFrame(Answer):
    """The function of a network on its way."""

    step: int = Field(description="How many steps had been taken.")
    function: Function


class TrainingAdvice(Answer):
    """What to do about a divergence."""

    reason: str = Field(description="Why it has diverged.")
    largest_stable_step: May[float] = Field(
        default=None,
        description="The largest of the step sizes eta/2, eta/4, ... with which a short trial did not diverge; absent "
        "if none was found.",
    )


class TrainingRun(Answer):
    """What became of one seed."""

    seed: int = Field(description="As asked.")
    outcome: Literal["finished", "converged", "diverged", "stopped"] = Field(
        description="`finished`: all steps are taken. `converged`: the gradient is within the tolerance. `diverged`: "
        "the objective grew without bound, or ended above where it began; the network is the last one that was looked "
        "at and had finite numbers. `stopped`: the time was up."
    )
    steps: int = Field(description="How many were taken.")
    network: Network = Field(description="The trained network, neuron by neuron.")
    function: Function = Field(
        description="What it computes from the smallest to the largest abscissa, with kinks merged that are closer "
        "than `kink_tolerance`, and without those that hardly matter."
    )
    deviation: float = Field(description="How far this function is from the network's at most, on the same interval.")
    objective: float = Field(description="`loss + weight_decay * parameter_norm`.")
    loss: float = Field(description="Mean loss over the observations.")
    parameter_norm: float = Field(description="1/2 ||theta||^2 of the network; free biases do not count.")
    gradient_norm: float = Field(description="Of the gradient of the objective.")
    kink_count: int = Field(description="Number of kinks of the function.")
    history: TrainingHistory
    frames: list[TrainingFrame] = Field(description="As many as were asked for, or fewer if there are fewer snapshots.")
    advice: May[TrainingAdvice] = Field(default=None, description="If it has diverged.")


class TrainingOptimum(Answer):
    """The best that a network of any width can do for the same objective."""

    objective: float = Field(description="The least objective; without weight decay, the least loss.")
    lower_bound: float = Field(description="What is proved: no network of any width has an objective below.")
    outcome: Literal["optimal", "feasible"] = Field(description="Whether it is proved to be the best, as of a fit.")
    loss: float = Field(description="Mean loss of the best function.")
    norm: May[float] = Field(
        default=None, description="Its representational cost; without weight decay, the least of all that are best."
    )
    kink_count: May[int] = Field(default=None, description="Number of its kinks.")
    function: May[Function] = Field(
        default=None, description="The best function; absent, like the two before, where none attains the least loss."
    )


class TrainingResult(Answer):
    """Trained networks, and how far they are from the global optimum."""

    kernel: Literal["direct", "sorted"] = Field(
        description="How gradients were computed: by pairs of neuron and observation, or by prefix sums over sorted "
        "observations. What is faster depends on their numbers."
    )
    kink_tolerance: float = Field(description="Kinks that are closer than this count as one.")
    runs: list[TrainingRun] = Field(description="One a seed, in the order of the request.")
    best: int = Field(description="Index of the run with the least objective.")
    best_relative_gap: May[float] = Field(
        default=None,
        description="(objective of the best run - lower bound) / lower bound; absent without an optimum, or if the "
        "bound is zero.",
    )
    optimum: May[TrainingOptimum] = Field(default=None, description="Absent if it was not asked for, or is not known.")
    optimum_missing: May[str] = Field(default=None, description="Why it is absent.")
    transformation: May[Transformation] = Field(default=None, description="If `standardise` asks for it.")
