"""The norms of a function and of a network.

Three numbers that are easily mixed up: the *parameter norm* `1/2 ||theta||^2` of given parameters; the *path norm*,
which rebalancing each neuron reaches; and the *representational cost* of the function, the least parameter norm of all
networks of any width that represent it. Each is at most the one before it.
"""

import math

import numpy as np
from numpy.typing import NDArray

from workers.immutable import immutable
from workers.minnorm.checks import check_results
from workers.minnorm.network import Network, balanced, line_on_the_left
from workers.minnorm.piecewise_linear import PiecewiseLinear
from workers.minnorm.setting import Setting
from workers.minnorm.weight import weighted_sum
from workers.minnorm.zonotope import Line, face, line_norm

Floats = NDArray[np.float64]
Neurons = tuple[Floats, Floats, Floats]
"""Hidden weights, hidden biases, output weights."""

_NONE = (np.zeros(0), np.zeros(0), np.zeros(0))
_ROOT3 = math.sqrt(3.0)


@immutable
class FunctionNorm:
    """Representational cost of a function, and the network that attains it.

    `is_attained` is false where the cost is an infimum that no network attains, which happens only with free biases and
    no skip connection; then the network's parameter norm exceeds it by less than rounding, or, if the cost is zero,
    by `2**-55` of the constant. `dual` is the evidence that no network costs less, with penalised biases and no
    skip connection: see `zonotope`.
    """

    representational_cost: float
    network: Network
    is_attained: bool = True
    dual: Line | None = None


@immutable
class NetworkNorms:
    """The three norms of a network, the function it computes, and the least network for that function."""

    representational_cost: float
    network: Network
    is_attained: bool
    dual: Line | None
    parameter_norm: float
    path_norm: float
    function: PiecewiseLinear


def function_norm(function: PiecewiseLinear, setting: Setting) -> FunctionNorm:
    """Least parameter norm over all networks that represent `function`, in any of the four settings.

    With a skip connection `int sqrt(1 + x^2) d|f''|` when biases are penalised [Boursier, Flammarion, NeurIPS 2023,
    Theorem 1], `int d|f''|` when they are free [Savarese et al., COLT 2019]. Without one and with free biases
    `max(int d|f''|, |f'(-inf) + f'(inf)|)` [Savarese et al.]; with penalised ones see `zonotope`. Raises `Overflow`.

    Notes
    -----
    O(kinks) with a skip connection, O(kinks log kinks) without.

    Examples
    --------
    >>> identity = PiecewiseLinear.from_numbers(0.0, 0.0, 1.0, [], [])
    >>> [function_norm(identity, Setting(skip_connection=skip)).representational_cost for skip in (True, False)]
    [0.0, 2.0]
    """
    return _least(function, line_on_the_left(function), setting)


def network_of(function: PiecewiseLinear, setting: Setting) -> Network:
    """The network of `function_norm`; of a function whose norm is known, with a skip connection, nothing else."""
    if not setting.skip_connection:
        return function_norm(function, setting).network
    neurons = balanced(function.kinks, function.slope_changes, setting.penalise_biases)
    return Network(*neurons, *line_on_the_left(function))


def network_norms(network: Network, setting: Setting) -> NetworkNorms:
    """All norms of given parameters; a skip connection never counts. O(m log m) for m neurons."""
    function = network.function()
    least = _least(function, network.line_on_the_left(), setting)
    parameter_norm = network.parameter_norm(setting.penalise_biases)
    path_norm = network.path_norm(setting.penalise_biases)
    check_results(parameter_norm, path_norm, function.y0, function.slope0)
    return NetworkNorms(
        least.representational_cost, least.network, least.is_attained, least.dual, parameter_norm, path_norm, function
    )


def _least(function: PiecewiseLinear, line: Line, setting: Setting) -> FunctionNorm:
    """The norm of the function with these kinks that is `line` left of them."""
    if not setting.skip_connection:
        return _least_without_skip(function, line, setting.penalise_biases)
    cost = function.weighted_variation if setting.penalise_biases else function.total_variation
    check_results(cost, *line)
    neurons = balanced(function.kinks, function.slope_changes, setting.penalise_biases)
    return FunctionNorm(cost, Network(*neurons, *line))


def _least_without_skip(function: PiecewiseLinear, line: Line, penalise_biases: bool) -> FunctionNorm:
    real = function.slope_changes != 0.0
    kinks, changes = function.kinks[real], function.slope_changes[real]
    cost = float(weighted_sum(changes, kinks))
    check_results(cost, *line)  # bounds all that follows
    with np.errstate(over="ignore", invalid="ignore"):  # the results are checked below
        facing = face(kinks, changes, line, penalise_biases)
        if penalise_biases:
            cost += line_norm(*facing.line)
            rest = _cheapest_line(facing.line)
        else:
            cost = function.total_variation + 2.0 * abs(facing.line[0])
            rest = _line_with_free_biases(facing.line, cost)
    check_results(cost, *np.concatenate(rest).tolist())
    is_attained = penalise_biases or facing.line[0] != 0.0 or facing.line[1] == 0.0
    left = facing.left_shares
    right_facing = _shared(kinks, changes * (1.0 - left), penalise_biases, 1.0)
    left_facing = _shared(kinks, changes * left, penalise_biases, -1.0)
    weights, biases, outputs = _joined(right_facing, left_facing, rest)
    network = Network(weights, biases, outputs, skip_connection=False)
    return FunctionNorm(cost, network, is_attained, facing.dual)


def _shared(kinks: Floats, changes: Floats, penalise_biases: bool, facing: float) -> Neurons:
    """One neuron a kink, of those that have a share."""
    real = changes != 0.0
    return balanced(kinks[real], changes[real], penalise_biases, facing)


def _cheapest_line(line: Line) -> Neurons:
    """A line from a pair of opposite neurons and a constant one, biases penalised: its norm is `line_norm`."""
    slope, intercept = line
    lifted = math.copysign(min(abs(intercept), abs(slope) / _ROOT3), intercept)
    constant = intercept - lifted
    pair = _pair(slope, lifted, math.hypot(slope, lifted))
    return _joined(pair, _constant(constant, math.sqrt(abs(constant))))


def _line_with_free_biases(line: Line, cost: float) -> Neurons:
    """A line from a pair of opposite neurons, whose bias is free.

    A constant alone needs a neuron without hidden weight. Its bias is free and its output weight may be as small as
    one likes, but not zero: here its square is `2**-53` of the cost at most.
    """
    slope, intercept = line
    if slope != 0.0:
        return _pair(slope, intercept, abs(slope))
    _, exponent = math.frexp(math.sqrt(cost or abs(intercept)))
    return _constant(intercept, math.ldexp(1.0, exponent - 28))


def _pair(slope: float, intercept: float, length: float) -> Neurons:
    """Two opposite neurons whose sum is a line; `length` is the norm of its counted part."""
    if slope == 0.0:
        return _NONE
    root = math.sqrt(length)
    inner = np.array([slope, -slope]) / root, np.array([intercept, -intercept]) / root
    return inner[0], inner[1], np.array([root, -root])


def _constant(value: float, output: float) -> Neurons:
    """One neuron without hidden weight."""
    if value == 0.0:
        return _NONE
    return np.zeros(1), np.array([abs(value) / output]), np.array([math.copysign(output, value)])


def _joined(*neurons: Neurons) -> Neurons:
    weights, biases, outputs = (np.concatenate(parts) for parts in zip(*neurons, strict=True))
    return weights, biases, outputs
