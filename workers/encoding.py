"""Records to JSON and back: the one codec, for the gateway, the queue and the runner."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import orjson

from workers.minnorm.certificate import Certificate
from workers.minnorm.errors import MinnormError
from workers.minnorm.interpolate import Interpolation
from workers.minnorm.network import Network
from workers.minnorm.norms import FunctionNorm, NetworkNorms
from workers.minnorm.piecewise_linear import PiecewiseLinear
from workers.minnorm.verify import Verdict

Problem = Mapping[str, Any]
"""The fields of a request by their wire names; columns are arrays or lists."""


def dumps(value: Any) -> bytes:
    """JSON, floats shortest-round-trip, NumPy arrays as columns."""
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)


def loads(payload: bytes) -> Any:
    """The value that `dumps` wrote."""
    return orjson.loads(payload)


def function_from(wire: Problem, pointer: str = "/function") -> PiecewiseLinear:
    """A function from its wire form; errors point below `pointer`."""
    with _below(pointer):
        return PiecewiseLinear.from_numbers(**wire)


def network_from(wire: Problem, pointer: str = "/network") -> Network:
    """A network from its wire form; errors point below `pointer`."""
    with _below(pointer):
        return Network.from_numbers(**wire)


@contextmanager
def _below(pointer: str) -> Iterator[None]:
    """Errors inside point below `pointer`."""
    try:
        yield
    except MinnormError as error:
        error.pointer = pointer + error.pointer
        raise


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
    """The wire form of a network."""
    return {
        "hidden_weights": network.hidden_weights,
        "hidden_biases": network.hidden_biases,
        "output_weights": network.output_weights,
        "skip_weight": network.skip_weight,
        "skip_bias": network.skip_bias,
    }


def certificate_wire(certificate: Certificate) -> dict[str, Any]:
    """The wire form of a certificate."""
    return {
        "dual_values": certificate.dual_values,
        "lower_bound": certificate.lower_bound,
        "relative_gap": certificate.relative_gap,
        "max_residual": certificate.max_residual,
    }


def interpolation_wire(result: Interpolation) -> dict[str, Any]:
    """The wire form of an interpolation; least norm with penalised biases is always unique."""
    return {
        "function": function_wire(result.function),
        "network": network_wire(result.network),
        "norm": result.norm,
        "kink_count": result.kink_count,
        "fewest_kinks": result.fewest_kinks,
        "is_sparsest": result.is_sparsest,
        "is_unique": True,
        "certificate": certificate_wire(result.certificate),
    }


def norm_wire(result: FunctionNorm | NetworkNorms) -> dict[str, Any]:
    """The wire form of the norms of a function or of a network."""
    wire = {"representational_cost": result.representational_cost, "network": network_wire(result.network)}
    if isinstance(result, NetworkNorms):
        wire["parameter_norm"] = result.parameter_norm
        wire["path_norm"] = result.path_norm
        wire["function"] = function_wire(result.function)
    return wire


def verdict_wire(verdict: Verdict) -> dict[str, Any]:
    """The wire form of a verdict; what is not determined is left out."""
    wire = {name: value for name, value in vars(verdict).items() if value is not None}
    wire["violations"] = [
        {name: value for name, value in vars(violation).items() if value is not None}
        for violation in verdict.violations
    ]
    return wire
