"""Answers as tables: a few columns to paste into a spreadsheet, and everything that is one number as a note beside."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from service.refusals import InputNotKept, NotAcceptable
from workers import encoding
from workers.minnorm.dataset import ascends
from workers.minnorm.piecewise_linear import PiecewiseLinear
from workers.payloads import Problem

TableName = Literal["points", "kinks", "network", "path", "history", "violations"]
TABLE_NAMES: tuple[TableName, ...] = get_args(TableName)

Result = Mapping[str, Any]
Columns = dict[str, Any]
Floats = NDArray[np.float64]

_POINTS_OF_PATH = ("regularisation", "outcome", "norm", "loss", "objective", "kink_count", "accuracy")
_NEURON = {"hidden_weight": "hidden_weights", "hidden_bias": "hidden_biases", "output_weight": "output_weights"}
_FLAT = ("certificate", "function", "network", "transformation")
"""Parts of a result whose numbers have names of their own; those of other parts are told with the part's name."""


def usual(kind: str, result: Result) -> TableName:
    """The table of those who name none."""
    if kind == "norms":
        return "network"
    return "path" if "path" in result and "function" not in result else "points"


def columns_of(name: TableName, kind: str, problem: Problem | None, result: Result) -> Columns:
    """A table of an answer.

    Raises
    ------
    NotAcceptable
        The answer has no such table.
    InputNotKept
        The table needs the problem, which is not there.
    """
    columns = _TABLES[name](kind, problem, result)
    if columns is None:
        raise NotAcceptable(f"This answer has no table `{name}`.")
    return columns


def notes_of(job: Mapping[str, Any]) -> dict[str, Any]:
    """What is one number, word or truth in a job and its result, by name."""
    told = {name: value for name, value in job.items() if _is_scalar(value)}
    for name, value in job["result"].items():
        if _is_scalar(value):
            told[name] = value
        elif isinstance(value, dict):
            prefix = "" if name in _FLAT else f"{name}."
            told |= {prefix + inner: part for inner, part in value.items() if _is_scalar(part)}
    return told


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float | np.generic)


def _points(kind: str, problem: Problem | None, result: Result) -> Columns | None:
    """The data, what the function makes of them, and what the certificate says of them; in the caller's order."""
    if problem is None:
        raise InputNotKept("The points of the job are not kept; its other tables can still be had.")
    if "x" not in problem:
        return None
    columns = {name: np.asarray(problem[name], float) for name in ("x", "y", "weights") if name in problem}
    x = _abscissae(columns["x"], result)
    if kind == "trainings":
        columns["fitted"] = _values(result["runs"][result["best"]], x)
        if "function" in result.get("optimum", {}):
            columns["optimum"] = _values(result["optimum"], x)
        return columns
    source = problem if kind == "verifications" else result
    if "fitted" in result:
        columns["fitted"] = result["fitted"]
    elif "function" in source or "network" in source:
        columns["fitted"] = _values(source, x)
    return columns | _dual(source.get("certificate", {}), columns["x"], x)


def _abscissae(x: Floats, result: Result) -> Floats:
    """As the answer speaks of them."""
    moved = result.get("transformation")
    return x if moved is None else (x - moved["shift"]) / moved["scale"]


def _dual(certificate: Result, *abscissae: Floats) -> Columns:
    """The dual at each point. It has a number for each distinct abscissa: as sent, or as standardised."""
    dual = np.asarray(certificate.get("dual_values", ()), float)
    for x in abscissae:
        if x.size == dual.size and ascends(x):  # as most data are sent; sorting them takes longer
            return {"dual": dual}
        distinct, place = np.unique(x, return_inverse=True)
        if distinct.size == dual.size:
            return {"dual": dual[place]}
    return {}


def _values(source: Result, x: Floats) -> Floats:
    function = _function(source)
    return function.at_ascending(x) if ascends(x) else function(x)


def _function(source: Result) -> PiecewiseLinear:
    """The function of an answer, or of a problem that has been solved: nobody needs to check it again."""
    if "function" in source:
        wire = source["function"]
        kinks, changes = np.asarray(wire["kinks"], float), np.asarray(wire["slope_changes"], float)
        return PiecewiseLinear(float(wire["x0"]), float(wire["y0"]), float(wire["slope0"]), kinks, changes)
    return encoding.network_from(source["network"]).function()


def _owner(kind: str, problem: Problem | None, result: Result, part: str) -> Result | None:
    """Where the function or the network of an answer is: in it, in its best run, or in what it was asked about."""
    places = (result["runs"][result["best"]],) if kind == "trainings" else (result, problem or {})
    return next((place for place in places if part in place), None)


def _kinks(kind: str, problem: Problem | None, result: Result) -> Columns | None:
    """Where the function starts, and its kinks: the corners of its graph, each with the slope to its right."""
    owner = _owner(kind, problem, result, "function")
    if owner is None:
        return None
    function = _function(owner)
    x = np.concatenate(([function.x0], function.kinks))
    changes = np.concatenate(([0.0], function.slope_changes))
    return {"x": x, "value": function(x), "slope_change": changes, "slope": function.slope0 + np.cumsum(changes)}


def _network(kind: str, problem: Problem | None, result: Result) -> Columns | None:
    """A neuron a line."""
    owner = _owner(kind, problem, result, "network")
    if owner is None:
        return None
    return {name: np.asarray(owner["network"][column], float) for name, column in _NEURON.items()}


def _path(kind: str, problem: Problem | None, result: Result) -> Columns | None:  # noqa: ARG001
    """A regularisation a line."""
    fits = result.get("path")
    if fits is None:
        return None
    columns: Columns = {name: [fit[name] for fit in fits] for name in _POINTS_OF_PATH if name in fits[0]}
    columns |= {name: [fit["certificate"][name] for fit in fits] for name in ("lower_bound", "relative_gap")}
    validation = result.get("cross_validation", {})
    return columns | {name: validation[name] for name in ("mean_loss", "standard_error") if name in validation}


def _history(kind: str, problem: Problem | None, result: Result) -> Columns | None:  # noqa: ARG001
    """A snapshot of a training a line, seed by seed."""
    if kind != "trainings":
        return None
    runs = result["runs"]
    seeds = [run["seed"] for run in runs for _ in run["history"]["step"]]
    names = ("step", "objective", "loss", "parameter_norm", "kink_count")
    return {"seed": seeds} | {name: [value for run in runs for value in run["history"][name]] for name in names}


def _violations(kind: str, problem: Problem | None, result: Result) -> Columns | None:  # noqa: ARG001
    """A line for everything that does not hold."""
    if kind != "verifications":
        return None
    return {name: [found.get(name) for found in result["violations"]] for name in ("code", "amount", "index", "detail")}


_TABLES: Mapping[TableName, Callable[[str, Problem | None, Result], Columns | None]] = {
    "points": _points,
    "kinks": _kinks,
    "network": _network,
    "path": _path,
    "history": _history,
    "violations": _violations,
}
