"""Regularised fits as what they are asked to minimise, and seeded problems of every kind."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import cvxpy
import numpy as np
from numpy.typing import NDArray

cp: Any = cvxpy  # its own annotations are incomplete

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Random = np.random.Generator

REGRESSIONS = ("squared", "absolute", "huber")
CLASSIFICATIONS = ("hinge", "logistic", "hard_margin")
LOSSES = (*REGRESSIONS, *CLASSIFICATIONS)
SETTINGS = tuple(product((True, False), (True, False)))
"""Whether biases are penalised, whether there is a skip connection."""

DELTA = 0.4
"""Where Huber's loss becomes linear, of the order of the noise, so that both parts are met."""


@dataclass(frozen=True)
class Problem:
    """Minimise `sum_j weights_j loss(f(x_j), y_j) / sum(weights) + regularisation * cost(f)`.

    With "hard_margin" the cost alone, subject to `y_j f(x_j) >= 1`; `regularisation` is 1 then.
    """

    x: Floats
    y: Floats
    weights: Floats
    loss: str = "squared"
    regularisation: float = 1.0
    penalise_biases: bool = True
    skip_connection: bool = True
    shape: tuple[str, ...] = ()
    delta: float = DELTA

    @property
    def abscissae(self) -> Floats:
        """Distinct and ascending."""
        return np.unique(self.x)

    @property
    def places(self) -> Indices:
        """The distinct abscissa of each observation."""
        return np.searchsorted(self.abscissae, self.x)

    @property
    def shares(self) -> Floats:
        """The weights, summing to one."""
        return self.weights / np.sum(self.weights)

    def loss_of(self, fitted: Floats) -> float:
        """The weighted mean loss of one value an observation; of a hard margin, what the worst one lacks."""
        margins, residuals = self.y * fitted, fitted - self.y
        if self.loss == "hard_margin":
            return float(np.max(1.0 - margins, initial=0.0))
        return float(self.shares @ _losses(self.loss, margins, residuals, self.delta))

    def having(self, **changes: Any) -> "Problem":
        """The same with other members."""
        return replace(self, **changes)


def _losses(name: str, margins: Floats, residuals: Floats, delta: float) -> Floats:
    size = np.abs(residuals)
    by_name = {
        "squared": size**2,
        "absolute": size,
        "huber": np.where(size <= delta, 0.5 * size**2, delta * (size - 0.5 * delta)),
        "hinge": np.maximum(0.0, 1.0 - margins),
        "logistic": np.logaddexp(0.0, -margins),
    }
    return by_name[name]


@dataclass
class Objective:
    """Loss and constraints in cvxpy, of one value a distinct abscissa; all numbers but delta are parameters."""

    count: int
    values: Any
    loss: str
    delta: float
    limits: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.choice = cp.Parameter((self.count, self.values.size), nonneg=True)
        self.y = cp.Parameter(self.count)
        self.shares = cp.Parameter(self.count, nonneg=True)
        self.regularisation = cp.Parameter(nonneg=True)
        # A product of two parameters would have to be compiled anew for each problem: hence a variable in between.
        inner = cp.Variable(self.count)
        fitted = self.choice @ self.values
        labelled = self.loss in CLASSIFICATIONS
        self.limits.append(inner == (cp.multiply(self.y, fitted) if labelled else fitted - self.y))
        if self.loss == "hard_margin":
            self.limits.append(inner >= 1.0)
        self.mean_loss = None if self.loss == "hard_margin" else self.shares @ self._of(inner)

    def value(self, cost: Any) -> Any:
        """What is minimised, given the cost of the function."""
        return cost if self.mean_loss is None else self.mean_loss + self.regularisation * cost

    def _of(self, inner: Any) -> Any:
        by_name = {
            "squared": cp.square,
            "absolute": cp.abs,
            "huber": lambda residual: 0.5 * cp.huber(residual, self.delta),
            "hinge": lambda margin: cp.pos(1.0 - margin),
            "logistic": lambda margin: cp.logistic(-margin),
        }
        return by_name[self.loss](inner)

    def assign(self, problem: Problem) -> None:
        """Give the parameters the numbers of a problem."""
        self.choice.value = np.eye(problem.abscissae.size)[problem.places]
        self.y.value = problem.y
        self.shares.value = problem.shares
        self.regularisation.value = problem.regularisation


def some_problems(
    seed: int,
    count: int,
    loss: str,
    setting: tuple[bool, bool],
    distinct: int = 6,
    ties: int = 0,
    weighted: bool = False,
) -> Iterator[Problem]:
    """Problems with so many distinct abscissae and `ties` more observations; the same ones every time."""
    penalise_biases, skip_connection = setting
    random = np.random.default_rng([seed, LOSSES.index(loss), penalise_biases, skip_connection])
    for _ in range(count):
        x = float(random.choice([-3.0, -0.5, 1.0])) + np.cumsum(random.uniform(0.2, 1.5, distinct))
        x = random.permutation(np.concatenate((x, random.choice(x, ties))))
        y = _ordinates(random, x, loss)
        weights = random.uniform(0.2, 3.0, x.size) if weighted else np.ones(x.size)
        regularisation = 1.0 if loss == "hard_margin" else float(10.0 ** random.uniform(-3.0, -0.5))
        yield Problem(x, y, weights, loss, regularisation, penalise_biases, skip_connection)


def _ordinates(random: Random, x: Floats, loss: str) -> Floats:
    """Noise around a bend or a wave; or labels."""
    if loss in CLASSIFICATIONS:
        return _labels(random, x, noisy=loss != "hard_margin")
    truth = (np.abs(x), np.sin(x), -x)[random.integers(3)] + random.uniform(-2.0, 2.0)
    return np.asarray(truth + random.normal(scale=0.5, size=x.size))


def _labels(random: Random, x: Floats, noisy: bool) -> Floats:
    """Labels that no line separates; the same ones at one abscissa unless they are noisy."""
    distinct, places = np.unique(x, return_inverse=True)
    while True:
        flips = random.uniform(size=x.size) < (0.1 if noisy else 0.0)
        labels: Floats = np.where(flips, -1.0, 1.0) * random.choice([-1.0, 1.0], distinct.size)[places]
        ups, downs = x[labels > 0.0], x[labels < 0.0]
        if min(ups.size, downs.size) and max(ups) > min(downs) and max(downs) > min(ups):
            return labels
