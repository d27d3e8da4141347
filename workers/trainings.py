"""Trainings: from their wire form to networks in training, and back."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from workers import encoding
from workers.fitting.sample import Sample
from workers.memory import FORGETFUL, Memory
from workers.minnorm.dataset import Dataset, Transformation
from workers.minnorm.errors import MinnormError
from workers.minnorm.setting import Setting
from workers.payloads import Problem
from workers.training import recipe as limits
from workers.training.descent import CONVERGED, DIVERGED
from workers.training.effective import tolerance
from workers.training.optimum import Optimum, optimum
from workers.training.recipe import Initialisation, Optimiser, Recipe
from workers.training.run import HISTORY, Rooms, Run, cost_ns
from workers.training.stability import largest_stable_step
from workers.training.train import Rhythm, packed, train, unpack

Outcome = str
Tell = Callable[[Mapping[str, Any]], None]

SAVED_EVERY_S = 3.0
SAVED_BYTES_A_SECOND = 4e6
"""So that the ledger, which writes down all that it is told, does not grow faster than this."""
PROVED = 1e-9
"""The relative gap at which a trained network counts as the best of all."""

_OF_RECIPE = ("width", "weight_decay", "steps", "loss", "tolerance", "snapshots", "frames")


def solve(problem: Problem, tell: Tell, memory: Memory = FORGETFUL) -> tuple[Outcome, dict[str, Any]]:
    """How a training ends, and the wire form of its result. Raises `MinnormError`."""
    sample, recipe, transformation = posed(problem)
    best = _optimum(sample, recipe, tell) if problem.get("compare", True) else "It was not asked for."
    rooms = Rooms(sample.y.size, recipe)
    runs = [Run(sample, recipe, seed, rooms=rooms) for seed in problem.get("seeds", [0])]
    if memory.saved is not None:
        unpack(memory.saved, runs)
    has_ended = train(runs, _Watch(runs, best, tell, memory))
    wire = _wire(sample, runs, best, _advice(sample, recipe, runs) if has_ended else {})
    return _outcome(runs, wire, has_ended), wire | encoding.transformation_wire(transformation)


def check(problem: Problem) -> None:
    """Raise what `solve` would raise about the numbers of a problem, without training; but for an overflow later on."""
    posed(problem)


def effort(problem: Problem) -> int:
    """As `compute.effort`: 2.5 us are a point. The global optimum is not counted, nor that two seeds share the time."""
    n, width = int(problem["x"].size), int(problem.get("width", 200))
    steps = int(problem.get("steps", 100_000)) * len(problem.get("seeds", [0]))
    return int(steps * min(cost_ns(n, width, is_sorted) for is_sorted in (False, True)) / 2500.0)


def posed(problem: Problem) -> tuple[Sample, Recipe, Transformation | None]:
    """The observations, and how to train. Raises `MinnormError`."""
    x, transformation = problem["x"], None
    if problem.get("standardise", False):
        given = np.asarray(x, dtype=np.float64)
        _, transformation = Dataset.from_points(given, np.zeros_like(given)).standardised()
        x = (given - transformation.shift) / transformation.scale
    sample = Sample.from_observations(x, problem["y"])
    recipe = Recipe(
        **{name: problem[name] for name in _OF_RECIPE if name in problem},
        setting=Setting(problem.get("penalise_biases", True), problem.get("skip_connection", True)),
        optimiser=Optimiser(**problem.get("optimiser", {})),
        initialisation=Initialisation(**problem.get("initialisation", {})),
    )
    limits.check(sample, recipe, list(problem.get("seeds", [0])))
    return sample, recipe, transformation


def _optimum(sample: Sample, recipe: Recipe, tell: Tell) -> Optimum | str:
    """The global optimum, or why there is none."""
    tell({"fraction": 0.0, "phase": "optimum"})
    try:
        return optimum(sample, recipe)
    except MinnormError as error:
        return str(error)


class _Watch:
    """Tells of the progress, and has the networks saved from time to time."""

    def __init__(self, runs: Sequence[Run], best: Optimum | str, tell: Tell, memory: Memory) -> None:
        self._runs = runs
        self._bound = {"bound": best.lower_bound} if isinstance(best, Optimum) else {}
        self._tell = tell
        self._memory = memory
        self._rhythm = Rhythm(SAVED_EVERY_S, SAVED_BYTES_A_SECOND)

    def __call__(self) -> None:
        steps = [run.recipe.steps if run.ended else run.step for run in self._runs]
        fraction = sum(steps) / sum(run.recipe.steps for run in self._runs)
        objective = min(run.objective for run in self._runs)
        told = {"fraction": fraction, "phase": "training", "step": max(steps), "objective": objective}
        self._tell(told | self._bound)
        if self._rhythm.is_due:
            state = packed(self._runs)
            self._memory.save(state)
            self._rhythm.saved(len(state))


def _advice(sample: Sample, recipe: Recipe, runs: Sequence[Run]) -> dict[str, Any]:
    """For all that have diverged, from the first of them: they differ in nothing but their seed."""
    diverged = next((run for run in runs if run.status == DIVERGED), None)
    if diverged is None:
        return {}
    size = largest_stable_step(sample, recipe, diverged.seed)
    words = "The objective grew without bound, or ended above where it began: the step size is too large."
    return {"reason": words} | ({} if size is None else {"largest_stable_step": size})


def _wire(sample: Sample, runs: Sequence[Run], best: Optimum | str, advice: Mapping[str, Any]) -> dict[str, Any]:
    told = [_run_wire(run, advice) for run in runs]
    chosen = min(range(len(runs)), key=lambda place: (runs[place].status == DIVERGED, told[place]["objective"]))
    wire: dict[str, Any] = {
        "kernel": "sorted" if runs[0].plan.is_sorted else "direct",
        "kink_tolerance": tolerance(float(sample.x[0]), float(sample.x[-1])),
        "runs": told,
        "best": chosen,
    }
    if isinstance(best, str):
        return wire | {"optimum_missing": best}
    if best.lower_bound > 0.0:
        wire["best_relative_gap"] = (told[chosen]["objective"] - best.lower_bound) / best.lower_bound
    return wire | {"optimum": _optimum_wire(best)}


def _outcome(runs: Sequence[Run], wire: Mapping[str, Any], has_ended: bool) -> Outcome:
    if not has_ended:
        return "time_limit"
    if all(run.status == DIVERGED for run in runs):
        return "numerical_failure"
    return "optimal" if wire.get("best_relative_gap", np.inf) <= PROVED else "feasible"


def _run_wire(run: Run, advice: Mapping[str, Any]) -> dict[str, Any]:
    point = run.point()
    function, deviation = run.function()
    wire = {
        "seed": run.seed,
        "outcome": _ending(run),
        "steps": run.step,
        "network": encoding.network_wire(run.network),
        "function": encoding.function_wire(function),
        "deviation": deviation,
        **vars(point),
        "kink_count": int(function.kinks.size),
        "history": _history_wire(run),
        "frames": [{"step": step, "function": encoding.function_wire(frame)} for step, frame in run.frames],
    }
    return wire | ({"advice": dict(advice)} if run.status == DIVERGED and advice else {})


def _ending(run: Run) -> str:
    if run.status == DIVERGED:
        return "diverged"
    if run.status == CONVERGED:
        return "converged"
    return "finished" if run.ended else "stopped"


def _history_wire(run: Run) -> dict[str, Any]:
    """In columns; steps and kinks are counted."""
    columns = dict(zip(HISTORY, run.history.T, strict=True))
    return {
        name: np.ascontiguousarray(column.astype(np.int64) if name in ("step", "kink_count") else column)
        for name, column in columns.items()
    }


def _optimum_wire(best: Optimum) -> dict[str, Any]:
    wire: dict[str, Any] = {
        "objective": best.objective,
        "lower_bound": best.lower_bound,
        "outcome": best.outcome,
        "loss": best.loss,
    }
    if best.function is not None:
        wire |= {"norm": best.norm, "kink_count": int(best.function.kinks.size)}
        wire["function"] = encoding.function_wire(best.function)
    return wire
