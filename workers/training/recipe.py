"""What is trained, and how; and what can be wrong with that."""

from dataclasses import field

import numpy as np

from workers.fitting.losses import Loss
from workers.fitting.sample import Sample
from workers.immutable import immutable
from workers.minnorm.checks import check_magnitude
from workers.minnorm.errors import NotPositive, OutOfRange
from workers.minnorm.setting import Setting

METHODS = ("gradient_descent", "momentum", "adam")
SCHEDULES = ("constant", "cosine")
LOSSES = ("squared", "logistic")

MOST_NEURONS = 100_000
"""Width of a network."""
MOST_SEEDS = 100
MOST_IN_ALL = 1_000_000
"""Neurons of all the networks that are trained in one go: 72 MB with all that Adam keeps."""
MOST_STEPS = 1_000_000_000
MOST_SNAPSHOTS = 1_000
MOST_FRAMES = 100
MOST_NEURONS_IN_FRAMES = 5_000_000
SCALES = (1e-100, 1e100)
"""Beyond, products of parameters vanish or overflow from the start."""


@immutable
class Optimiser:
    """A gradient method. `t` counts the steps from 0, `g` is the gradient, `eta` the step size.

    gradient_descent
        `theta -= eta g`.
    momentum
        `v = momentum v + g`, then `theta -= eta v` (heavy ball) or `theta -= eta (g + momentum v)` (Nesterov).
    adam
        `m = beta1 m + (1 - beta1) g`, `v = beta2 v + (1 - beta2) g^2`, both divided by `1 - beta^(t + 1)`, then
        `theta -= eta m / (sqrt(v) + epsilon)`.

    With the schedule `cosine` the step size of all steps but the first is smaller: `eta / 2 (1 + cos(pi t / steps))`.
    """

    name: str = "gradient_descent"
    step_size: float = 0.01
    schedule: str = "constant"
    momentum: float = 0.9
    nesterov: bool = False
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8


@immutable
class Initialisation:
    """Where training starts: all parameters are normal with standard deviation `scale / sqrt(width)`.

    The line of a skip connection starts at zero. If `balanced`, each neuron is then rescaled so that its output weight
    is as large as what feeds it: `|a| = ||(w, b)||`, or `|w|` if biases are free. If `zero_output`, neurons come in
    pairs that differ in the sign of `a` only, so that the network starts as the zero function; one left over has `a`
    zero.
    """

    scale: float = 1.0
    balanced: bool = False
    zero_output: bool = False


@immutable
class Recipe:
    """A network, its objective `mean loss + weight_decay / 2 ||theta||^2`, and how it is minimised.

    Training ends after `steps`, or once the norm of the gradient is at most `tolerance`, if that is positive; it is
    looked at every 100 steps. `snapshots` are taken at about so many geometrically spaced steps, `frames` of them with
    the function.
    """

    width: int
    weight_decay: float
    steps: int
    setting: Setting = field(default_factory=Setting)
    loss: str = "squared"
    tolerance: float = 0.0
    optimiser: Optimiser = field(default_factory=Optimiser)
    initialisation: Initialisation = field(default_factory=Initialisation)
    snapshots: int = 30
    frames: int = 0


def check(sample: Sample, recipe: Recipe, seeds: list[int]) -> None:
    """Raise what is wrong with numbers that have the right type, one by one in range or not."""
    _check_range("/width", recipe.width, 1, MOST_NEURONS)
    _check_range("/steps", recipe.steps, 1, MOST_STEPS)
    _check_range("/snapshots", recipe.snapshots, 0, MOST_SNAPSHOTS)
    _check_range("/frames", recipe.frames, 0, min(MOST_FRAMES, recipe.snapshots))
    _check_range("/seeds", len(seeds), 1, min(MOST_SEEDS, max(1, MOST_IN_ALL // recipe.width)))
    _check_range("/frames", recipe.frames * recipe.width * len(seeds), 0, MOST_NEURONS_IN_FRAMES)
    for pointer, number in (("/weight_decay", recipe.weight_decay), ("/tolerance", recipe.tolerance)):
        check_magnitude(np.array([number]), pointer, scalar=True)
        _check_range(pointer, number, 0.0, np.inf)
    _check_range("/initialisation/scale", recipe.initialisation.scale, *SCALES)
    optimiser = recipe.optimiser
    for pointer, number in (("/optimiser/step_size", optimiser.step_size), ("/optimiser/epsilon", optimiser.epsilon)):
        check_magnitude(np.array([number]), pointer, scalar=True)
        if number <= 0.0:
            raise NotPositive("This has to be positive.", pointer)
    for name in ("momentum", "beta1", "beta2"):
        if not 0.0 <= getattr(optimiser, name) < 1.0:
            raise OutOfRange("This is at least 0 and less than 1.", f"/optimiser/{name}")
    Loss(recipe.loss).check(sample)


def _check_range(pointer: str, number: float, least: float, most: float) -> None:
    if not least <= number <= most:
        raise OutOfRange(f"{number} is not between {least} and {most}.", pointer)
