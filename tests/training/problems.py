"""Objectives as the oracle has them, handed to the code; parameters are one vector of `3 width + 2` numbers."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tests.oracles.training import Method, Objective
from workers.fitting.sample import Sample
from workers.minnorm.setting import Setting
from workers.training.descent import State, descend, differentiate
from workers.training.parameters import packed, unpacked
from workers.training.recipe import Optimiser, Recipe
from workers.training.run import bench, plan

Floats = NDArray[np.float64]

_REFERENCE = Path(__file__).parents[1] / "data" / "pytorch_trainings.json"


def pytorch() -> dict[str, Any]:
    """Gradients and trained parameters by PyTorch; see `tests.oracles.pytorch_trainings`."""
    found: dict[str, Any] = json.loads(_REFERENCE.read_text())
    return found


def objective_of(problem: dict[str, Any]) -> Objective:
    """As the oracle has it."""
    names = "x", "y", "loss", "weight_decay", "penalise_biases", "skip_connection"
    return Objective.of(**{name: problem[name] for name in names})


def sample_of(objective: Objective) -> Sample:
    """The observations."""
    return Sample.from_observations(*_columns(objective))


def recipe_of(objective: Objective, width: int, method: Method | None = None, steps: int = 1, **more: Any) -> Recipe:
    """The same network, objective and method."""
    return Recipe(
        width=width,
        weight_decay=objective.weight_decay,
        steps=steps,
        setting=Setting(objective.penalise_biases, objective.skip_connection),
        loss=objective.loss,
        optimiser=Optimiser(**vars(method)) if method else Optimiser(),
        **more,
    )


def padded(theta: ArrayLike) -> Floats:
    """As the code has them."""
    *neurons, skip = np.split(np.asarray(theta, dtype=float), _ends(theta))
    numbers = packed(*neurons)
    unpacked(numbers, neurons[0].size)[3][:] = skip
    return numbers


def flat(theta: Floats, width: int) -> Floats:
    """As the oracle has them; all else has to be zero."""
    found = np.concatenate(unpacked(theta, width))
    assert np.count_nonzero(theta) == np.count_nonzero(found)
    return found


def gradient_by(is_sorted: bool, objective: Objective, theta: ArrayLike) -> Floats:
    """By one of the kernels."""
    width = _ends(theta)[0]
    recipe, n = recipe_of(objective, width), objective.x.size
    room = bench(n, recipe)
    differentiate(*_columns(objective), plan(recipe, n, is_sorted), padded(theta), room)
    return flat(room.gradient, width)


def trained_by(is_sorted: bool, objective: Objective, theta: ArrayLike, method: Method, steps: int) -> Floats:
    """The parameters after so many steps with one of the kernels."""
    width, n = _ends(theta)[0], objective.x.size
    recipe, start = recipe_of(objective, width, method, steps), padded(theta)
    state = State(start, np.zeros_like(start), np.zeros_like(start), start.copy())
    descend(*_columns(objective), plan(recipe, n, is_sorted), state, bench(n, recipe), 0, steps)
    return flat(state.theta, width)


def some_objectives(seed: int, n: int, width: int) -> Iterator[tuple[Objective, Floats]]:
    """One of each setting and loss, some abscissae repeated; and parameters."""
    random = np.random.default_rng(seed)
    for loss in ("squared", "logistic"):
        for setting in ((True, True), (True, False), (False, True), (False, False)):
            x, y = random.normal(size=n), random.normal(size=n)
            x[n // 2] = x[0]
            theta = random.normal(scale=width**-0.5, size=3 * width + 2)
            theta[3 * width :] *= setting[1]
            labels = np.where(y > 0.0, 1.0, -1.0)
            yield Objective.of(x, labels if loss == "logistic" else y, loss, 0.02, *setting), theta


def _ends(theta: ArrayLike) -> list[int]:
    width = (np.size(theta) - 2) // 3
    return [width, 2 * width, 3 * width]


def _columns(objective: Objective) -> tuple[Floats, Floats]:
    """The observations by ascending abscissa."""
    order = np.argsort(objective.x, kind="stable")
    return objective.x[order].astype(float), objective.y[order].astype(float)
