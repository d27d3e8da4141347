"""What can be found wrong with somebody's claims, whatever the question that they are an answer to."""

import math

import numpy as np
from numpy.typing import NDArray

from workers.immutable import immutable
from workers.minnorm.forward import network_residuals
from workers.minnorm.network import Network
from workers.minnorm.piecewise_linear import PiecewiseLinear
from workers.minnorm.setting import Setting

Floats = NDArray[np.float64]

CLAIM = 1e-9
"""The relative error at which a stated number is false."""

_ROUNDING = 64.0 * 2.0**-53


@immutable
class Violation:
    """One thing that does not hold: what, at which index (of the sorted points), by how much."""

    code: str
    amount: float
    detail: str
    index: int | None = None


def skip_pair(network: Network | None, setting: Setting) -> list[Violation]:
    """A skip connection where there is none; the network is judged as it computes all the same."""
    if network is None or setting.skip_connection:
        return []
    size = max(abs(network.skip_weight), abs(network.skip_bias))
    return [Violation("skip_connection", size, "The setting has no skip connection.")] if size > 0.0 else []


def not_attained(parameter_norm: float, norm: float, rounding: float) -> list[Violation]:
    """A network that does not attain the norm of the function it is given for.

    A constant costs nothing if biases are free, but only in the limit: a network of it has a tiny norm.
    """
    difference = abs(parameter_norm - norm)
    if difference <= CLAIM * max(parameter_norm, norm) or (norm == 0.0 and difference <= rounding):
        return []
    return [Violation("parameter_norm", difference, f"The network has {parameter_norm}, its function {norm}.")]


def of_network(allowed: float, function: PiecewiseLinear) -> float:
    """A network's numbers are rounded once more than a function's: each kink adds an error of random sign."""
    return allowed * (1.0 + math.sqrt(function.kinks.size))


def disagreement(
    function: PiecewiseLinear | None, network: Network | None, x: Floats, allowed: float
) -> list[Violation]:
    """A network that computes something else than the function beside it, at the data `x` or anywhere else."""
    if function is None or network is None:
        return []
    other = network.function()
    places = np.concatenate((x, function.kinks, other.kinks))
    low, high = float(places.min()), float(places.max())
    width = max(high - low, 1.0)
    places = np.unique(np.concatenate((places, [low - width, high + width])))  # also where both are affine
    values = function(places)
    differences = np.abs(network_residuals(network, places, values))
    excess = differences - of_network(allowed, other) - _ROUNDING * np.abs(values)
    # Outside of the data all slopes' rounding counts, and without a skip connection the slope itself is such a sum.
    outside = np.maximum(0.0, np.maximum(x[0] - places, places - x[-1]))
    excess -= of_network(_ROUNDING * (abs(other.slope0) + other.total_variation), other) * outside
    worst = int(np.argmax(excess))
    if excess[worst] <= 0.0:
        return []
    detail = f"Network and function differ at x = {places[worst]}."
    return [Violation("network", float(differences[worst]), detail)]


def outside_envelope(ratio: float, where: int, points: int, penalise_biases: bool) -> list[Violation]:
    """A dual that leaves its envelope, most in the interval `where` (see `certificate.worst_ratio`)."""
    if ratio <= 1.0 + CLAIM:
        return []
    envelope = "sqrt(1 + x^2)" if penalise_biases else "1"
    detail = f"{_place(where, points)} the dual exceeds {envelope}, {ratio:.9g} times at most."
    return [Violation("dual_envelope", ratio - 1.0, detail, max(where, 0))]


def _place(interval: int, n: int) -> str:
    if interval < 0:
        return "Left of all points"
    return "Between this point and the next" if interval < n - 1 else "Right of all points"


def claimed_wrongly(name: str, claimed: float | None, computed: float, scale: float | None = None) -> list[Violation]:
    """A stated number that is not what it should be, relative to `scale`, or else to the larger of the two."""
    size = max(abs(computed), abs(claimed or 0.0)) if scale is None else scale
    if claimed is None or abs(claimed - computed) <= CLAIM * size:
        return []
    return [Violation(name, abs(claimed - computed), f"Stated as {claimed}, but {computed} by recomputation.")]


def claimed_above(name: str, claimed: float | None, most: float) -> list[Violation]:
    """A stated bound that is larger than what is proved."""
    return claimed_wrongly(name, claimed, most) if claimed is not None and claimed > most else []


def claimed_below(name: str, claimed: float | None, computed: float, allowed: float) -> list[Violation]:
    """A stated error that is smaller than it is, by more than what recomputation may add."""
    return claimed_wrongly(name, claimed, computed) if claimed is not None and claimed < computed - allowed else []
