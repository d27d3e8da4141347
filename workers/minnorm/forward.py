"""What a network computes, with twice the digits: neurons that cancel leave what their products round."""

import numpy as np
from numpy.typing import NDArray

from workers.minnorm.compiled import compiled, inlined
from workers.minnorm.doubles import pair_sum, two_product, two_sum
from workers.minnorm.network import Network

Floats = NDArray[np.float64]

_NEAR = 4.0 * 2.0**-53


def network_residuals(network: Network, x: Floats, y: Floats) -> Floats:
    """`network(x) - y` at ascending `x`, rounded once. O(n + m log m) for m neurons.

    Neurons that face right are added up in the order of their kinks, each weight and each bias apart, and those that
    face left likewise from the other end. One whose kink is a point within rounding is computed there by itself.
    """
    high, low = -y, np.zeros_like(y)
    weights, biases, outputs = network.hidden_weights, network.hidden_biases, network.output_weights
    constant = (weights == 0.0) & (biases > 0.0)
    _add_line(network.skip_weight, network.skip_bias, x, high, low)
    _add_constants(biases[constant], outputs[constant], high, low)
    right, left = weights > 0.0, weights < 0.0
    _add_hinges(*_ordered(weights[right], biases[right], outputs[right]), x, high, low)
    mirrored = _ordered(-weights[left], biases[left], outputs[left])
    backwards = -x[::-1]
    _add_hinges(*mirrored, np.ascontiguousarray(backwards), high[::-1], low[::-1])
    return high + low


def _ordered(weights: Floats, biases: Floats, outputs: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """By kink, and the kinks."""
    kinks = -biases / weights
    order = np.argsort(kinks, kind="stable")
    return kinks[order], weights[order], biases[order], outputs[order]


@compiled
def _add_line(slope: float, level: float, x: Floats, high: Floats, low: Floats) -> None:
    for i in range(x.size):
        rise, rise_low = two_product(slope, x[i])
        value, error = two_sum(rise, level)
        high[i], low[i] = pair_sum(high[i], low[i], value, error + rise_low)


@compiled
def _add_constants(biases: Floats, outputs: Floats, high: Floats, low: Floats) -> None:
    total, total_low = 0.0, 0.0
    for j in range(biases.size):
        value, value_low = two_product(outputs[j], biases[j])
        total, total_low = pair_sum(total, total_low, value, value_low)
    for i in range(high.size):
        high[i], low[i] = pair_sum(high[i], low[i], total, total_low)


@inlined
def _hinge(weight: float, bias: float, output: float, x: float) -> tuple[float, float]:
    """One neuron that may be active."""
    rise, rise_low = two_product(weight, x)
    inner, error = two_sum(rise, bias)
    error += rise_low
    if inner + error <= 0.0:
        return 0.0, 0.0
    value, value_low = two_product(output, inner)
    return value, value_low + output * error


@compiled
def _add_hinges(
    kinks: Floats, weights: Floats, biases: Floats, outputs: Floats, x: Floats, high: Floats, low: Floats
) -> None:
    """Add the neurons that face right, ascending by kink, at ascending x."""
    slope, slope_low, level, level_low = 0.0, 0.0, 0.0, 0.0
    k = 0
    for i in range(x.size):
        while k < kinks.size and kinks[k] < x[i] - _NEAR * max(abs(kinks[k]), abs(x[i])):
            value, value_low = two_product(outputs[k], weights[k])
            slope, slope_low = pair_sum(slope, slope_low, value, value_low)
            value, value_low = two_product(outputs[k], biases[k])
            level, level_low = pair_sum(level, level_low, value, value_low)
            k += 1
        rise, rise_low = two_product(slope, x[i])
        value, value_low = pair_sum(level, level_low, rise, rise_low + slope_low * x[i])
        near = k
        while near < kinks.size and kinks[near] <= x[i] + _NEAR * max(abs(kinks[near]), abs(x[i])):
            one, one_low = _hinge(weights[near], biases[near], outputs[near], x[i])
            value, value_low = pair_sum(value, value_low, one, one_low)
            near += 1
        high[i], low[i] = pair_sum(high[i], low[i], value, value_low)
