"""Records to JSON and back: the one codec, for the gateway, the queue and the runner."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workers.fitting.bound import Witness
from workers.fitting.fit import Fit
from workers.fitting.judge import Verdict as FitVerdict
from workers.minnorm.certificate import Dual
from workers.minnorm.checks import check_magnitude, column
from workers.minnorm.dataset import Transformation
from workers.minnorm.errors import MinnormError
from workers.minnorm.interpolate import Interpolation
from workers.minnorm.network import Network, line_on_the_left
from workers.minnorm.norms import FunctionNorm, NetworkNorms, network_of
from workers.minnorm.piecewise_linear import PiecewiseLinear
from workers.minnorm.polynomial import PiecewisePolynomial, SplineNorm
from workers.minnorm.solution_set import SolutionSet
from workers.minnorm.verify import Verdict
from workers.payloads import Problem, dumps

Floats = NDArray[np.float64]
LONG = 50_000
"""Numbers of a column that is long: about a megabyte as a text."""
PIECE = 5_000
"""Numbers of a column that are written and sent at once: a tenth of a millisecond, 125 KB at most."""

_FAR_FROM_OVERFLOW = 2.0**500
"""Of kinks and slope changes below it, no weight or bias of the network overflows: it is a product with a root."""


class Deferred:
    """A column that is computed when it is written or shown: tables of points do not show a network."""

    def __init__(self, column: Callable[[], Floats]) -> None:
        self._column = column

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Floats:
        """The column, as NumPy asks for it."""
        return np.array(self._column(), dtype, copy=copy)


def computed(value: Any) -> Any:
    """A wire form with all columns computed; what only those that were not have needed is let go of with it."""
    if isinstance(value, dict):
        return {name: computed(part) for name, part in value.items()}
    return np.asarray(value) if isinstance(value, Deferred) else value


def pieces(value: Any) -> Iterator[bytes]:
    """The text that `dumps` would write, in pieces: long columns are cut, so that none takes longer than a ms."""
    if isinstance(value, dict):
        for count, (name, part) in enumerate(value.items()):
            yield (b"," if count else b"{") + dumps(name) + b":"
            yield from pieces(part)
        yield b"}" if value else b"{}"
    elif isinstance(value, np.ndarray) and value.size > PIECE:
        for start in range(0, value.size, PIECE):
            yield (b"," if start else b"[") + dumps(value[start : start + PIECE])[1:-1]
        yield b"]"
    else:
        yield dumps(value)


_NESTED = (dict, list)


def columns(problem: Problem | list[Any], pointer: str = "") -> Iterator[tuple[str, Any]]:
    """All arrays in a problem, by their JSON pointers."""
    for name, value in enumerate(problem) if isinstance(problem, list) else problem.items():
        if isinstance(value, np.ndarray):
            yield f"{pointer}/{name}", value
        elif isinstance(value, _NESTED):
            yield from columns(value, f"{pointer}/{name}")


def longest(problem: Problem) -> int:
    """Numbers in the longest array of a problem."""
    found = 0
    for value in problem.values():
        if isinstance(value, np.ndarray):
            found = max(found, value.size)
        elif isinstance(value, _NESTED):
            found = max([found, *(column.size for _, column in columns({"": value}))])
    return found


def function_from(wire: Problem, pointer: str = "/function") -> PiecewiseLinear:
    """A function from its wire form; errors point below `pointer`."""
    with _below(pointer):
        return PiecewiseLinear.from_numbers(**wire)


def network_from(wire: Problem, pointer: str = "/network", skip_connection: bool = True) -> Network:
    """A network from its wire form; errors point below `pointer`."""
    with _below(pointer):
        return Network.from_numbers(**wire, skip_connection=skip_connection)


def polynomial_from(wire: Problem, pointer: str = "/piecewise_polynomial") -> PiecewisePolynomial:
    """A piecewise polynomial from its wire form; errors point below `pointer`."""
    with _below(pointer):
        return PiecewisePolynomial.from_numbers(**wire)


@contextmanager
def _below(pointer: str) -> Iterator[None]:
    """Errors inside point below `pointer`."""
    try:
        yield
    except MinnormError as error:
        error.pointer = pointer + error.pointer
        raise


def dual_from(certificate: Problem, like: Floats) -> Dual:
    """A dual from the wire form of its certificate: one number for each of the abscissae `like`."""
    values = column(certificate["dual_values"], "/certificate/dual_values", like=like)
    total = certificate.get("dual_total", 0.0)
    check_magnitude(np.array([total]), "/certificate/dual_total", scalar=True)
    return Dual(values, total)


def witness_from(certificate: Problem, like: Floats) -> Witness:
    """What a fit's certificate rests on, from its wire form."""
    multipliers = certificate.get("slope_multipliers")
    if multipliers is not None:
        multipliers = column(multipliers, "/certificate/slope_multipliers", like=np.append(like, 0.0))
    low = certificate.get("dual_low")
    if low is not None:
        low = column(low, "/certificate/dual_low", like=like)
    return Witness(dual_from(certificate, like), multipliers, low)


def function_wire(function: PiecewiseLinear) -> dict[str, Any]:
    """The wire form of a function."""
    return {
        "x0": function.x0,
        "y0": function.y0,
        "slope0": function.slope0,
        "kinks": function.kinks,
        "slope_changes": function.slope_changes,
    }


def network_wire(network: Network) -> dict[str, Any]:
    """The wire form of a network; without a skip connection there is no skip pair."""
    wire: dict[str, Any] = {
        "hidden_weights": network.hidden_weights,
        "hidden_biases": network.hidden_biases,
        "output_weights": network.output_weights,
    }
    if network.skip_connection:
        wire |= {"skip_weight": network.skip_weight, "skip_bias": network.skip_bias}
    return wire


def _network_of(result: Interpolation) -> dict[str, Any]:
    """The wire form of its network, computed later if it is large and cannot fail."""
    function, setting = result.function, result.setting
    if not (_is_large_and_moderate(function) and setting.skip_connection):
        return network_wire(result.network)

    @cache
    def network() -> Network:
        return network_of(function, setting)  # what else was found along with it need not wait for that

    skip_weight, skip_bias = line_on_the_left(function)
    return {
        "hidden_weights": Deferred(lambda: network().hidden_weights),
        "hidden_biases": Deferred(lambda: network().hidden_biases),
        "output_weights": Deferred(lambda: network().output_weights),
        "skip_weight": skip_weight,
        "skip_bias": skip_bias,
    }


def _is_large_and_moderate(function: PiecewiseLinear) -> bool:
    kinks, changes = function.kinks, function.slope_changes
    if kinks.size <= LONG:
        return False
    extremes = (kinks[0], kinks[-1], changes.min(), changes.max())  # kinks ascend
    return all(abs(number) < _FAR_FROM_OVERFLOW for number in extremes)


def certificate_wire(result: Interpolation) -> dict[str, Any]:
    """The wire form of a certificate; the dual has a total only where that may differ from zero."""
    certificate, setting = result.certificate, result.setting
    wire: dict[str, Any] = {"dual_values": certificate.dual.values}
    if result.objective == "norm" and setting.penalise_biases and not setting.skip_connection:
        wire["dual_total"] = certificate.dual.total
    return wire | {
        "lower_bound": certificate.lower_bound,
        "relative_gap": certificate.relative_gap,
        "max_residual": certificate.max_residual,
    }


def interpolation_wire(result: Interpolation, explain: bool = True) -> dict[str, Any]:
    """The wire form of an interpolation: the runs if asked for, and all solutions where there are many."""
    wire: dict[str, Any] = {
        "function": function_wire(result.function),
        "network": _network_of(result),
        "norm": result.norm,
        "objective_value": result.objective_value,
        "kink_count": result.kink_count,
        "fewest_kinks": result.fewest_kinks,
        "is_sparsest": result.is_sparsest,
        "is_unique": result.is_unique,
        "certificate": certificate_wire(result),
    }
    if result.solution_set is not None:
        wire["solution_set"] = solution_set_wire(result.solution_set)
    if explain:
        wire["runs"] = [
            {"first": first, "last": last, "sign": sign, "kinks": kinks}
            for first, last, sign, kinks in result.runs.tolist()
        ]
    return wire


def fit_wire(result: Fit) -> dict[str, Any]:
    """The wire form of a fit, without its network and its fitted values."""
    return {
        "function": function_wire(result.function),
        "norm": result.norm,
        "loss": result.loss,
        "objective": result.objective,
        "kink_count": result.kink_count,
        "certificate": fit_certificate_wire(result),
    }


def fit_certificate_wire(result: Fit) -> dict[str, Any]:
    """The wire form of a fit's certificate; the dual has a total only where that may differ from zero."""
    certificate, setting = result.certificate, result.task.setting
    wire: dict[str, Any] = {"dual_values": certificate.witness.dual.values}
    if setting.penalise_biases and not setting.skip_connection:
        wire["dual_total"] = certificate.witness.dual.total
    if certificate.witness.slope_multipliers is not None:
        wire["slope_multipliers"] = certificate.witness.slope_multipliers
    if certificate.witness.low is not None:
        wire["dual_low"] = certificate.witness.low
    return wire | {"lower_bound": certificate.lower_bound, "relative_gap": certificate.relative_gap}


def solution_set_wire(solutions: SolutionSet) -> dict[str, Any]:
    """The wire form of a set of solutions, in columns."""
    return {
        "intervals": solutions.intervals,
        "apex_x": solutions.apex_x,
        "apex_y": solutions.apex_y,
        "left_slopes": solutions.left_slopes,
        "right_slopes": solutions.right_slopes,
        "sparsest": function_wire(solutions.sparsest),
        "sparsest_kink_count": solutions.sparsest_kink_count,
        "sparsest_is_unique": solutions.sparsest_is_unique,
    }


def transformation_wire(transformation: Transformation | None) -> dict[str, Any]:
    """How the abscissae were standardised, if they were, as part of a result."""
    return {} if transformation is None else {"transformation": vars(transformation)}


def norm_wire(result: FunctionNorm | NetworkNorms | SplineNorm) -> dict[str, Any]:
    """The wire form of the norms of a function or of a network."""
    wire: dict[str, Any] = {"representational_cost": result.representational_cost}
    if isinstance(result, SplineNorm):
        return wire
    wire["network"] = network_wire(result.network)
    if not result.network.skip_connection:
        wire["is_attained"] = result.is_attained
    if result.dual is not None:
        wire["dual"] = result.dual
    if isinstance(result, NetworkNorms):
        wire["parameter_norm"] = result.parameter_norm
        wire["path_norm"] = result.path_norm
        wire["function"] = function_wire(result.function)
    return wire


def verdict_wire(verdict: Verdict | FitVerdict) -> dict[str, Any]:
    """The wire form of a verdict; what is not determined is left out."""
    wire = {name: value for name, value in vars(verdict).items() if value is not None}
    wire["violations"] = [
        {name: value for name, value in vars(violation).items() if value is not None}
        for violation in verdict.violations
    ]
    return wire
