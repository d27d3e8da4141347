"""Representational cost [Boursier, Flammarion, NeurIPS 2023, Theorem 1; Savarese et al., COLT 2019].

With a free skip connection, the least parameter norm `1/2 ||theta||^2` over all networks that compute a function with
kinks `tau_k` and slope changes `c_k` is `sum |c_k| sqrt(1 + tau_k^2)` when biases are penalised, `sum |c_k|` when they
are free. One balanced neuron a kink attains it. Every other network has at least that norm: for each neuron
`1/2 (a^2 + |v|^2) >= |a| |v|`, and neurons with one kink only add up to it.
"""

from collections.abc import Callable
from math import hypot

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.minnorm.network import Network
from workers.minnorm.norms import function_norm, network_norms
from workers.minnorm.piecewise_linear import PiecewiseLinear
from workers.minnorm.setting import Setting

Kinks = dict[float, float]

KINKS = st.dictionaries(
    st.integers(-80, 80).map(lambda i: i / 8), st.integers(1, 90).map(lambda i: (i - 45.5) / 7), min_size=1, max_size=6
)
PLACES = np.linspace(-15, 15, 61)


def function_of(kinks: Kinks) -> PiecewiseLinear:
    places = sorted(kinks)
    return PiecewiseLinear.from_numbers(-11.0, 0.5, -1.25, places, [kinks[place] for place in places])


def test_by_hand() -> None:
    """|x| costs 2 with either norm; moved to 3/4 and penalised, it costs 2 * 5/4."""
    assert function_norm(function_of({0.0: 2.0}), Setting(penalise_biases=True)).representational_cost == 2.0
    moved = function_norm(function_of({0.75: 2.0}), Setting(penalise_biases=True))
    assert moved.representational_cost == 2.5
    assert function_norm(function_of({0.75: 2.0}), Setting(penalise_biases=False)).representational_cost == 2.0
    neuron = moved.network
    assert neuron.output_weights[0] == pytest.approx(2.5**0.5)
    assert hypot(neuron.hidden_weights[0], neuron.hidden_biases[0]) == pytest.approx(2.5**0.5)


@settings(deadline=None)  # the first example compiles
@given(KINKS, st.booleans())
def test_the_balanced_network_attains_it(kinks: Kinks, penalise_biases: bool) -> None:
    function = function_of(kinks)
    result = function_norm(function, Setting(penalise_biases))
    cost = sum(abs(change) * (hypot(1.0, place) if penalise_biases else 1.0) for place, change in kinks.items())
    assert result.representational_cost == pytest.approx(cost, rel=1e-14)
    assert result.network.parameter_norm(penalise_biases) == pytest.approx(cost, rel=1e-13)
    assert result.network(PLACES) == pytest.approx(function(PLACES), abs=1e-11)


def rescaled(network: Network) -> Network:
    """Each neuron's input side times 3, its output side divided by 3."""
    return Network(
        3 * network.hidden_weights, 3 * network.hidden_biases, network.output_weights / 3,
        network.skip_weight, network.skip_bias,
    )  # fmt: skip


def split(network: Network) -> Network:
    """Each neuron in two unequal parts, one quarter and three quarters of its output."""
    weights = np.tile(network.hidden_weights, 2)
    biases = np.tile(network.hidden_biases, 2)
    outputs = np.concatenate((0.25 * network.output_weights, 0.75 * network.output_weights))
    return Network(weights, biases, outputs, network.skip_weight, network.skip_bias)


def turned(network: Network) -> Network:
    """Each neuron looks the other way: `relu(z) = relu(-z) + z`; the skip connection takes the `z`."""
    return Network(
        -network.hidden_weights,
        -network.hidden_biases,
        network.output_weights,
        network.skip_weight + float(network.output_weights @ network.hidden_weights),
        network.skip_bias + float(network.output_weights @ network.hidden_biases),
    )


def with_idle_neurons(network: Network) -> Network:
    """Two that cancel, one without output, and a constant one."""
    return Network(
        np.concatenate((network.hidden_weights, [1.0, 1.0, 5.0, 0.0])),
        np.concatenate((network.hidden_biases, [0.5, 0.5, 1.0, 2.0])),
        np.concatenate((network.output_weights, [1.5, -1.5, 0.0, 0.5])),
        network.skip_weight,
        network.skip_bias - 1.0,
    )


@pytest.mark.parametrize("change", [rescaled, split, turned, with_idle_neurons])
@pytest.mark.parametrize("penalise_biases", [True, False])
@settings(deadline=None)  # the first example compiles
@given(kinks=KINKS)
def test_no_other_network_is_smaller(change: Callable[[Network], Network], penalise_biases: bool, kinks: Kinks) -> None:
    function = function_of(kinks)
    least = function_norm(function, Setting(penalise_biases))
    other = change(least.network)
    assert other(PLACES) == pytest.approx(function(PLACES), abs=1e-10)
    norms = network_norms(other, Setting(penalise_biases))
    assert norms.representational_cost == pytest.approx(least.representational_cost, rel=1e-12)
    assert norms.function(PLACES) == pytest.approx(function(PLACES), abs=1e-10)
    assert norms.path_norm >= norms.representational_cost * (1 - 1e-12)
    assert norms.parameter_norm >= norms.path_norm * (1 - 1e-12)


@settings(deadline=None)  # the first example compiles
@given(KINKS)
def test_the_three_norms_differ(kinks: Kinks) -> None:
    balanced = function_norm(function_of(kinks), Setting(penalise_biases=True)).network
    unbalanced = network_norms(rescaled(balanced), Setting(penalise_biases=True))
    assert unbalanced.parameter_norm == pytest.approx(unbalanced.path_norm * (9 + 1 / 9) / 2)
    padded = network_norms(with_idle_neurons(balanced), Setting(penalise_biases=True))
    assert padded.path_norm == pytest.approx(padded.representational_cost + 2 * 1.5 * hypot(1, 0.5) + 0.5 * 2.0)
