"""From a problem to its answer, by kind: the gateway calls `answer` on what is small, the runner on more."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from workers import encoding
from workers.encoding import Problem
from workers.minnorm import ENGINE
from workers.minnorm.checks import column
from workers.minnorm.dataset import Dataset
from workers.minnorm.errors import Unsupported
from workers.minnorm.interpolate import interpolate
from workers.minnorm.network import Network
from workers.minnorm.norms import function_norm, network_norms
from workers.minnorm.piecewise_linear import PiecewiseLinear
from workers.minnorm.verify import Claims, verify

Tell = Callable[[Mapping[str, Any]], None]
"""Takes the progress of a computation: a `fraction` from 0 to 1 if it is known, and anything else worth showing."""

__all__ = ["ENGINE", "Answer", "Tell", "answer", "check", "warm_up"]


@dataclass(frozen=True)
class Answer:
    """How the mathematics ended, and the result as JSON."""

    outcome: str
    result: bytes


def _say_nothing(_: Mapping[str, Any]) -> None:
    """For those who do not follow the progress."""


def answer(kind: str, problem: Problem, tell: Tell = _say_nothing) -> Answer:  # noqa: ARG001 - all are done in no time
    """Solve a problem whose fields are known to be well-formed. Raises `MinnormError` where its numbers are not."""
    return _SOLVERS[kind](problem)


def check(kind: str, problem: Problem) -> None:
    """Raise what `answer` would raise about the numbers of a problem, without solving it."""
    _CHECKS[kind](problem)


def warm_up() -> None:
    """Load or compile everything that is compiled, so that no caller waits for it."""
    points = {"x": [-2.0, -1.0, 0.0, 1.0, 1.5, 3.0], "y": [1.0, 0.0, 0.5, 0.0, 2.0, 1.0]}
    solved = encoding.loads(answer("interpolations", points).result)
    answer("norms", {"network": solved["network"]})
    parts = {name: solved[name] for name in ("function", "network", "certificate")}
    answer("verifications", {**points, **parts})
    answer("interpolations", {"x": [0.0, 1.0, 2.0, 3.0], "y": [0.0, 1.0, 2.0, 4.0]})


def _answer(wire: dict[str, Any], outcome: str = "optimal") -> Answer:
    return Answer(outcome, encoding.dumps(wire))


def _interpolation(problem: Problem) -> Answer:
    result = interpolate(_points(problem))
    return _answer(encoding.interpolation_wire(result), "optimal" if result.is_proved else "feasible")


def _points(problem: Problem) -> Dataset:
    _refuse_unsupported(problem, ("penalise_biases", True), ("skip_connection", True), ("objective", "norm"))
    return Dataset.from_points(problem["x"], problem["y"])


def _norm(problem: Problem) -> Answer:
    measured = _function_or_network(problem)
    norms = network_norms if isinstance(measured, Network) else function_norm
    return _answer(encoding.norm_wire(norms(measured, problem.get("penalise_biases", True))))  # type: ignore[arg-type]


def _function_or_network(problem: Problem) -> PiecewiseLinear | Network:
    _refuse_unsupported(problem, ("skip_connection", True))
    if "function" in problem:
        return encoding.function_from(problem["function"])
    return encoding.network_from(problem["network"])


def _verification(problem: Problem) -> Answer:
    data, claims = _claims(problem)
    return _answer(encoding.verdict_wire(verify(data, claims, problem.get("tolerance"))))


def _claims(problem: Problem) -> tuple[Dataset, Claims]:
    data = _points(problem)
    function, network = problem.get("function"), problem.get("network")
    certificate = problem.get("certificate") or {}
    dual = certificate.get("dual_values")
    return data, Claims(
        function=None if function is None else encoding.function_from(function),
        network=None if network is None else encoding.network_from(network),
        dual_values=None if dual is None else column(dual, "/certificate/dual_values", like=data.x),
        norm=problem.get("norm"),
        lower_bound=certificate.get("lower_bound"),
    )


def _refuse_unsupported(problem: Problem, *offered: tuple[str, Any]) -> None:
    for name, only in offered:
        if problem.get(name, only) != only:
            raise Unsupported(f"Only {name} = {str(only).lower()} is offered so far.", f"/{name}")


_SOLVERS: Mapping[str, Callable[[Problem], Answer]] = {
    "interpolations": _interpolation,
    "norms": _norm,
    "verifications": _verification,
}
_CHECKS: Mapping[str, Callable[[Problem], object]] = {
    "interpolations": _points,
    "norms": _function_or_network,
    "verifications": _claims,
}
