"""From a problem to its answer, by kind: the gateway calls `answer` on what is small, the runner on more."""

from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np

from workers import encoding, fits, payloads, trainings
from workers.fitting import fit, losses, shape
from workers.immutable import immutable
from workers.memory import FORGETFUL, Memory
from workers.minnorm import ENGINE
from workers.minnorm.certificate import LONG
from workers.minnorm.dataset import Dataset, Transformation
from workers.minnorm.errors import Unsupported
from workers.minnorm.interpolate import Interpolation, check_objective, interpolate
from workers.minnorm.network import Network
from workers.minnorm.norms import function_norm, network_norms
from workers.minnorm.piecewise_linear import PiecewiseLinear
from workers.minnorm.polynomial import PiecewisePolynomial, polynomial_norm
from workers.minnorm.setting import Setting
from workers.minnorm.verify import Claims, Question, verify
from workers.minnorm.without_skip import MOST_POINTS
from workers.payloads import Problem
from workers.training import recipe

Tell = Callable[[Mapping[str, Any]], None]
"""Takes the progress of a computation: a `fraction` from 0 to 1 if it is known, and anything else worth showing."""

FITS = ("regressions", "classifications")
"""Kinds of problems that are regularised fits."""
TRAININGS = "trainings"
"""The kind that trains networks."""
OBJECTIVES = ("norm", "kinks", "lp")
LOSSES = {
    "regressions": losses.OF_VALUES,
    "classifications": losses.OF_LABELS,
    TRAININGS: recipe.LOSSES,
}
SHAPES = shape.SHAPES
MOST_WITHOUT_SKIP = MOST_POINTS
"""Points of an interpolation that needs a cone program."""
MOST_OF_FIT = fit.MOST_POINTS
"""Observations of a fit that needs one."""

_EXPLAINED = 1000
"""Up to so many points an answer lists the runs unless told otherwise: a record each, where all else is columns."""
_PARABOLAS = {"breakpoints": [0.0, 1.0, 2.0], "coefficients": [[1.0, -1.0], [0.0, 2.0], [0.0, 1.0]]}
_OBSERVATIONS = {"x": [-2.0, -1.0, 0.0, 1.0, 1.5, 3.0], "y": [1.0, -1.0, -1.0, -1.0, 1.0, 1.0]}
_SHORT = {"count": 2, "ratio": 0.1}
_CONES = Setting(penalise_biases=True, skip_connection=False)

__all__ = ["ENGINE", "MOST_WITHOUT_SKIP", "Answer", "Tell", "answer", "check", "effort", "offered", "warm_up"]


@immutable
class Answer:
    """How the mathematics ended, and the wire form of the result."""

    outcome: str
    wire: Any

    @property
    def result(self) -> bytes:
        """The result as JSON."""
        return payloads.dumps(self.wire)


def _say_nothing(_: Mapping[str, Any]) -> None:
    """For those who do not follow the progress."""


def answer(kind: str, problem: Problem, tell: Tell = _say_nothing, memory: Memory = FORGETFUL) -> Answer:
    """Solve a problem whose fields are known to be well-formed. Raises `MinnormError` where its numbers are not."""
    if kind in FITS:
        outcome, wire = fits.solve(problem, tell)
        return Answer(outcome, wire)
    if kind == TRAININGS:
        outcome, wire = trainings.solve(problem, tell, memory)
        return Answer(outcome, wire)
    return _SOLVERS[kind](problem)


def is_linear(kind: str, problem: Problem) -> bool:
    """Whether a problem is solved in linear time by compiled code: in little more time than reading it takes."""
    if kind == "norms":
        return "piecewise_polynomial" not in problem
    return kind == "interpolations" and not _needs_cones(problem)


def check(kind: str, problem: Problem) -> None:
    """Raise what `answer` would raise about the numbers of a problem, without solving it."""
    _CHECKS[kind](problem)


def effort(kind: str, problem: Problem) -> int:
    """How many points a usual interpolation has that takes about as long: 2.5 us each.

    That is the length of the longest column but for some kinds of problems. Regressions, classifications and trainings
    have measures of their own. Penalised biases without a skip connection may need a cone program: 30 ms for 20 points,
    0.2 to 1 s for 1,000, 1 to 10 s for 3,000. Whether they do is not known beforehand. Piecewise polynomials are
    integrated in panels, one for each zero of a polynomial of their degree.
    """
    if kind in FITS:
        return fits.effort(problem)
    if kind == TRAININGS:
        return trainings.effort(problem)
    needs_cones = _needs_cones(problem)
    if kind == "interpolations":
        points = int(problem["x"].size)
        return 6_000 + 100 * points + points * points // 10 if needs_cones and points <= MOST_WITHOUT_SKIP else points
    longest = encoding.longest(problem)
    if "piecewise_polynomial" in problem:
        powers = len(problem["piecewise_polynomial"]["coefficients"])
        return int(longest * (1 + powers**3 // 500 + (12 if needs_cones else 0)))
    return int(longest)


def _needs_cones(problem: Problem) -> bool:
    """Whether it may take a cone program."""
    return (
        problem.get("penalise_biases", True)
        and not problem.get("skip_connection", True)
        and problem.get("objective", "norm") == "norm"
    )


def offered() -> Iterator[tuple[Setting, list[str]]]:
    """The settings, and what interpolations can minimise in each of them."""
    for penalise_biases, skip_connection in product((True, False), repeat=2):
        setting = Setting(penalise_biases, skip_connection)
        yield setting, [objective for objective in OBJECTIVES if _is_offered(setting, objective)]


def _is_offered(setting: Setting, objective: str) -> bool:
    try:
        check_objective(setting, objective, 0.5 if objective == "lp" else None)
    except Unsupported:
        return False
    return True


def warm_up() -> None:
    """Load or compile everything that is compiled, so that no caller waits for it."""
    points = {"x": [-1.0, -2.0, 0.0, 1.0, 1.5, 3.0], "y": [0.0, 1.0, 0.5, 0.0, 2.0, 1.0]}  # in no order
    convex = {"x": [0.0, 1.0, 2.0, 4.0], "y": [0.0, 1.0, 3.0, 9.0]}
    for setting, objectives in offered():
        for objective in objectives:
            asked = {**vars(setting), "objective": objective, **({"p": 0.5} if objective == "lp" else {})}
            solved = payloads.loads(answer("interpolations", {**points, **asked}).result)
            claims = {name: solved[name] for name in ("function", "network", "certificate")}
            answer("verifications", {**points, **asked, **claims})
            answer("verifications", {**points, **asked, "network": solved["network"]})
        answer("interpolations", {**convex, **vars(setting)})  # without a skip connection it needs the cone program
        _warm_up_fits(setting)
        answer("norms", {**vars(setting), "network": solved["network"]})
        answer("norms", {**vars(setting), "piecewise_polynomial": _PARABOLAS})
    zigzag = np.arange(float(LONG))  # its certificate is computed in parts
    answer("interpolations", {"x": zigzag, "y": zigzag % 2.0})
    for width in (1, 1000):  # with either kernel
        answer(TRAININGS, {**_OBSERVATIONS, "width": width, "weight_decay": 1e-3, "steps": 1, "compare": False})


def _warm_up_fits(setting: Setting) -> None:
    """A fit to values and one to labels, what verifies them, and a path."""
    for loss in ("squared", "hinge"):
        question = {**_OBSERVATIONS, **vars(setting), "loss": loss, "regularisation": 0.01, "gap": 1e-6}
        solved = payloads.loads(answer(FITS[loss == "hinge"], question).result)
        claims = {name: solved[name] for name in ("function", "network", "certificate")}
        answer("verifications", question | claims)
    answer("regressions", {**_OBSERVATIONS, **vars(setting), "loss": "squared", "path": _SHORT, "gap": 1e-6})


def _interpolation(problem: Problem) -> Answer:
    question, data, transformation = _posed(problem)
    result = interpolate(data, question.setting, question.objective, question.p)
    explain = problem.get("explain")
    wire = encoding.interpolation_wire(result, data.x.size <= _EXPLAINED if explain is None else explain)
    return Answer(_outcome(result), wire | encoding.transformation_wire(transformation))


def _outcome(result: Interpolation) -> str:
    """Optimal is what interpolates, and is proved to be the best that does."""
    if result.is_proved:
        return "optimal"
    return "feasible" if result.interpolates else "numerical_failure"


def _posed(problem: Problem) -> tuple[Question, Dataset, Transformation | None]:
    """What is asked, and about which points."""
    setting = _setting(problem)
    question = Question(setting, problem.get("objective", "norm"), problem.get("p"))
    check_objective(setting, question.objective, question.p)
    return question, *_data(problem)


def _solvable(problem: Problem) -> None:
    """Raise what is wrong; that a cone program is needed which would be too large, shows only when it is."""
    question, data, _ = _posed(problem)
    if data.x.size > MOST_POINTS and question.setting == _CONES and question.objective == "norm":
        interpolate(data, question.setting)


def _data(problem: Problem) -> tuple[Dataset, Transformation | None]:
    """The points, standardised if the problem says so."""
    data = Dataset.from_points(problem["x"], problem["y"])
    return data.standardised() if problem.get("standardise", False) else (data, None)


def _norm(problem: Problem) -> Answer:
    measured, setting = _function_or_network(problem), _setting(problem)
    if isinstance(measured, Network):
        return Answer("optimal", encoding.norm_wire(network_norms(measured, setting)))
    if isinstance(measured, PiecewiseLinear):
        return Answer("optimal", encoding.norm_wire(function_norm(measured, setting)))
    return Answer("optimal", encoding.norm_wire(polynomial_norm(measured, setting)))


def _function_or_network(problem: Problem) -> PiecewiseLinear | PiecewisePolynomial | Network:
    if "function" in problem:
        return encoding.function_from(problem["function"])
    if "piecewise_polynomial" in problem:
        return encoding.polynomial_from(problem["piecewise_polynomial"])
    return encoding.network_from(problem["network"], skip_connection=_setting(problem).skip_connection)


def _setting(problem: Problem) -> Setting:
    return Setting(problem.get("penalise_biases", True), problem.get("skip_connection", True))


def _verification(problem: Problem) -> Answer:
    if "loss" in problem:
        return Answer("optimal", fits.verify(problem))
    question, data, transformation, claims = _claims(problem)
    verdict = verify(data, claims, problem.get("tolerance"), question)
    return Answer("optimal", encoding.verdict_wire(verdict) | encoding.transformation_wire(transformation))


def _check_verification(problem: Problem) -> None:
    if "loss" in problem:
        fits.claimed(problem)
    else:
        _claims(problem)


def _claims(problem: Problem) -> tuple[Question, Dataset, Transformation | None, Claims]:
    question, data, transformation = _posed(problem)
    function, network = problem.get("function"), problem.get("network")
    certificate = problem.get("certificate") or {}
    claims = Claims(
        function=None if function is None else encoding.function_from(function),
        network=None if network is None else encoding.network_from(network),
        dual=encoding.dual_from(certificate, data.x) if "dual_values" in certificate else None,
        **{name: problem.get(name) for name in ("norm", "objective_value", "kink_count")},
        **{name: certificate.get(name) for name in ("lower_bound", "relative_gap", "max_residual")},
    )
    return question, data, transformation, claims


_SOLVERS: Mapping[str, Callable[[Problem], Answer]] = {
    "interpolations": _interpolation,
    "norms": _norm,
    "verifications": _verification,
}
_CHECKS: Mapping[str, Callable[[Problem], object]] = {
    "interpolations": _solvable,
    **dict.fromkeys(FITS, fits.checked),
    TRAININGS: trainings.check,
    "norms": _function_or_network,
    "verifications": _check_verification,
}
