"""Regressions, classifications and the verification of either: from their wire form to fits, and back."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workers import encoding
from workers.fitting.fit import Fit, Task, check, fit
from workers.fitting.judge import Claims, judge
from workers.fitting.losses import Loss
from workers.fitting.path import follow, grid, least_affine
from workers.fitting.sample import Sample
from workers.fitting.shape import Shape
from workers.fitting.validation import cross_validate
from workers.immutable import immutable
from workers.minnorm.dataset import Dataset, Transformation
from workers.minnorm.errors import OutOfRange
from workers.minnorm.setting import Setting
from workers.payloads import Problem

Floats = NDArray[np.float64]
Tell = Callable[[Mapping[str, Any]], None]
Outcome = str


def solve(problem: Problem, tell: Tell) -> tuple[Outcome, dict[str, Any]]:
    """How a regression or classification ends, and the wire form of its result. Raises `MinnormError`."""
    sample, task, transformation = posed(problem)
    outcome, wire = _several(problem, sample, task, tell) if is_of_several(problem) else _one(problem, sample, task)
    return outcome, wire | encoding.transformation_wire(transformation)


def posed(problem: Problem) -> tuple[Sample, Task, Transformation | None]:
    """The observations and what is asked about them. Raises `MinnormError`."""
    loss = Loss.of(problem["loss"], problem.get("huber_delta"))
    shape = Shape.of(problem.get("shape", ()))
    x, transformation = _standardised(problem["x"]) if problem.get("standardise", False) else (problem["x"], None)
    sample = Sample.from_observations(x, problem["y"], problem.get("weights"))
    _check_folds(problem, sample)
    regularisation = None if is_of_several(problem) else problem.get("regularisation")
    return sample, Task(loss, regularisation, _setting(problem), shape), transformation


def _check_folds(problem: Problem, sample: Sample) -> None:
    """Here, and not only when all fits to the whole sample have been computed."""
    if (folds := problem.get("cross_validation", {}).get("folds", 0)) > sample.y.size:
        message = f"{folds} folds of {sample.y.size} observations: some would be empty."
        raise OutOfRange(message, "/cross_validation/folds")


def checked(problem: Problem) -> None:
    """Raise what `solve` would raise about the numbers of a problem, without solving it."""
    sample, task, _ = posed(problem)
    if is_of_several(problem):
        task = replace(task, regularisation=1.0 if "path" in problem else float(np.max(problem["regularisation"])))
    check(sample, task, problem["gap"])


def is_of_several(problem: Problem) -> bool:
    """Whether a problem asks for several fits."""
    return "path" in problem or isinstance(problem.get("regularisation"), list | np.ndarray)


def effort(problem: Problem) -> int:
    """As `compute.effort`, of a problem whose columns are arrays.

    Measured for one fit with squared loss, a skip connection and no shape: 1 to 6 ms, and 1 to 5 us a point. For all
    others, by the cone program: 10 to 40 ms, and 0.3 to 1.5 ms a point, twice that a point if the line is paid for, and
    less than half of it if biases are free.
    """
    points, setting = int(problem["x"].size), _setting(problem)
    if problem["loss"] == "squared" and setting.skip_connection and not problem.get("shape"):
        each = 2_000 + 2 * points
    elif setting.penalise_biases:
        each = 12_000 + (200 if setting.skip_connection else 400) * points
    else:
        each = 8_000 + 80 * points
    return each * _fits_in(problem)


def _fits_in(problem: Problem) -> int:
    """How many fits a problem needs."""
    count = problem["path"]["count"] if "path" in problem else np.size(problem.get("regularisation", 0.0))
    return int(count * (1 + problem.get("cross_validation", {}).get("folds", 0)))


def _setting(problem: Problem) -> Setting:
    return Setting(problem.get("penalise_biases", True), problem.get("skip_connection", True))


def _standardised(x: Any) -> tuple[Floats, Transformation]:
    """The abscissae, standardised as those of points are: by their distinct values."""
    given = np.asarray(x, dtype=np.float64)
    _, transformation = Dataset.from_points(given, np.zeros_like(given)).standardised()
    return (given - transformation.shift) / transformation.scale, transformation


def _one(problem: Problem, sample: Sample, task: Task) -> tuple[Outcome, dict[str, Any]]:
    found = fit(sample, task, problem["gap"])
    if found.conflict is not None:
        conflict = {"x": found.conflict.x, "indices": found.conflict.indices}
        return found.outcome, {"reason": found.conflict.reason, "conflict": conflict}
    return found.outcome, _fit_wire(found, sample)


@immutable
class _Wanted:
    """The regularisations of a problem: each once, descending, and where each one of the caller's is among them."""

    descending: Floats
    place: NDArray[np.intp]

    @classmethod
    def of(cls, problem: Problem, sample: Sample, task: Task) -> "_Wanted":
        asked = problem.get("path")
        given = problem["regularisation"] if asked is None else grid(sample, task, asked["count"], asked["ratio"])
        negative, place = np.unique(-np.asarray(given, dtype=np.float64), return_inverse=True)
        return cls(-negative, place)


def _several(problem: Problem, sample: Sample, task: Task, tell: Tell) -> tuple[Outcome, dict[str, Any]]:
    """A fit for each regularisation, told in the order of the caller; and the one that is chosen, if one is."""
    wanted, asked = _Wanted.of(problem, sample, task), problem.get("cross_validation")
    share = 1.0 if asked is None else 1.0 / (asked["folds"] + 1)
    fits = follow(sample, task, wanted.descending, _part(tell, 0.0, share), problem["gap"])
    wire: dict[str, Any] = {
        "path": [_point_wire(fits[index], sample) for index in wanted.place],
        "affine_from": least_affine(sample, task),
    }
    if asked is not None:
        validation = _validation_wire(asked, sample, task, wanted, _part(tell, share, 1.0))
        chosen = fits[wanted.place[validation["chosen"]]]
        wire |= _fit_wire(chosen, sample) | {"cross_validation": validation}
    return "optimal" if all(found.outcome == "optimal" for found in fits) else "feasible", wire


def _validation_wire(asked: Problem, sample: Sample, task: Task, wanted: _Wanted, tell: Tell) -> dict[str, Any]:
    """What the choice rests on, and the index of the caller's regularisation that is chosen."""
    found = cross_validate(sample, task, wanted.descending, asked["folds"], asked["seed"], tell)
    best = found.chosen
    if asked["rule"] == "one_standard_error":
        enough = found.mean_loss <= found.mean_loss[best] + found.standard_error[best]
        best = int(np.argmax(enough))  # the first one, as they descend
    return {
        "regularisations": wanted.descending[wanted.place],
        "mean_loss": found.mean_loss[wanted.place],
        "standard_error": found.standard_error[wanted.place],
        "chosen": int(np.flatnonzero(wanted.place == best)[0]),
    }


def _part(tell: Tell, start: float, end: float) -> Tell:
    """Tells the progress of a part as that of the whole."""

    def scaled(progress: Mapping[str, Any]) -> None:
        fraction = start + (end - start) * progress.get("fraction", 0.0)
        tell({**progress, "fraction": fraction})

    return scaled


def _fit_wire(found: Fit, sample: Sample) -> dict[str, Any]:
    """A fit as an answer of its own."""
    wire = encoding.fit_wire(found) | {"network": encoding.network_wire(found.network), "fitted": found.fitted}
    if found.task.regularisation is not None:
        wire["regularisation"] = found.task.regularisation
    return wire | _separation_wire(found, sample)


def _point_wire(found: Fit, sample: Sample) -> dict[str, Any]:
    """A fit as one of several."""
    told = {"regularisation": found.task.regularisation, "outcome": found.outcome}
    return told | encoding.fit_wire(found) | _separation_wire(found, sample)


def _separation_wire(found: Fit, sample: Sample) -> dict[str, Any]:
    """How a fit to labels separates them."""
    if not found.task.loss.is_of_labels:
        return {}
    wrong = np.sign(found.fitted[sample.order]) != sample.y
    accuracy = max(0.0, 1.0 - float(np.sum(sample.weights[wrong])))
    return {"decision_boundaries": found.boundaries, "accuracy": accuracy}


def verify(problem: Problem) -> dict[str, Any]:
    """The verdict on claims about a fit, in wire form. Raises `MinnormError`."""
    sample, task, transformation, claims = claimed(problem)
    verdict = judge(sample, task, claims, problem.get("tolerance"))
    return encoding.verdict_wire(verdict) | encoding.transformation_wire(transformation)


def claimed(problem: Problem) -> tuple[Sample, Task, Transformation | None, Claims]:
    """What is claimed about which fit. Raises `MinnormError`."""
    sample, task, transformation = posed(problem)
    task.loss.check(sample)
    function, network = problem.get("function"), problem.get("network")
    certificate = problem.get("certificate") or {}
    claims = Claims(
        function=None if function is None else encoding.function_from(function),
        network=None if network is None else encoding.network_from(network),
        witness=encoding.witness_from(certificate, sample.x) if "dual_values" in certificate else None,
        norm=problem.get("norm"),
        loss=problem.get("loss_value"),
        objective=problem.get("objective_value"),
        kink_count=problem.get("kink_count"),
        lower_bound=certificate.get("lower_bound"),
        relative_gap=certificate.get("relative_gap"),
    )
    return sample, task, transformation, claims
