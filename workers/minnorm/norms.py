"""The norms of a function and of a network, with a skip connection.

Three numbers that are easily mixed up: the *parameter norm* `1/2 ||theta||^2` of given parameters; the *path norm*,
which rebalancing each neuron reaches; and the *representational cost* of the function, the least parameter norm of all
networks of any width that represent it. Each is at most the one before it.
"""

from dataclasses import dataclass

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
    return FunctionNorm(cost, Network.of(function, penalise_biases))


def network_norms(network: Network, penalise_biases: bool) -> NetworkNorms:
    """All norms of given parameters; the skip connection never counts. O(m log m) for m neurons."""
    function = network.function()
    least = function_norm(function, penalise_biases)
    return NetworkNorms(
        representational_cost=least.representational_cost,
        network=least.network,
        parameter_norm=network.parameter_norm(penalise_biases),
        path_norm=network.path_norm(penalise_biases),
        function=function,
    )
