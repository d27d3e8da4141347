"""The norms of a function and of a network, with a skip connection.

Three numbers that are easily mixed up: the *parameter norm* `1/2 ||theta||^2` of given parameters; the *path norm*,
which rebalancing each neuron reaches; and the *representational cost* of the function, the least parameter norm of all
networks of any width that represent it. Each is at most the one before it.
"""

from dataclasses import dataclass

from workers.minnorm.checks import check_results
from workers.minnorm.network import Network
from workers.minnorm.piecewise_linear import PiecewiseLinear


@dataclass(frozen=True)
class FunctionNorm:
    """Representational cost of a function, and the network that attains it."""

    representational_cost: float
    network: Network


@dataclass(frozen=True)
class NetworkNorms:
    """The three norms of a network, the function it computes, and the least network for that function."""

    representational_cost: float
    network: Network
    parameter_norm: float
    path_norm: float
    function: PiecewiseLinear


def function_norm(function: PiecewiseLinear, penalise_biases: bool) -> FunctionNorm:
    """Least parameter norm over all networks with a skip connection that represent `function`. O(kinks).

    `int sqrt(1 + x^2) d|f''|` when biases are penalised [Boursier, Flammarion, NeurIPS 2023, Theorem 1], `int d|f''|`
    when they are free [Savarese et al., COLT 2019].
    """
    cost = function.weighted_variation if penalise_biases else function.total_variation
    network = Network.of(function, penalise_biases)
    check_results(cost, network.skip_bias)
    return FunctionNorm(cost, network)


def network_norms(network: Network, penalise_biases: bool) -> NetworkNorms:
    """All norms of given parameters; the skip connection never counts. O(m log m) for m neurons."""
    function = network.function()
    least = function_norm(function, penalise_biases)
    parameter_norm, path_norm = network.parameter_norm(penalise_biases), network.path_norm(penalise_biases)
    check_results(parameter_norm, path_norm, function.y0, function.slope0)
    return NetworkNorms(least.representational_cost, least.network, parameter_norm, path_norm, function)
