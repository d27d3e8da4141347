"""The function that is told of a network: how far it is from the network, and which kinks it has."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from workers.minnorm.network import Network
from workers.training.effective import effective, tolerance

Floats = NDArray[np.float64]

FIRST, LAST = -2.0, 3.0
NUMBERS = st.one_of(st.floats(-2.0, 2.0), st.sampled_from([0.0, 1.0, -1.0, 1e-200, 5e-324]))


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """Many of the neurons have kinks close together, or the same one, and pull to both sides."""
    neurons = []
    for _ in range(draw(st.integers(1, 25))):
        w, a = draw(NUMBERS), draw(NUMBERS)
        b = draw(st.one_of(NUMBERS, st.sampled_from([w, 0.0, -0.5 * w, -2.0 * w])))
        neurons.append((w, b + draw(st.sampled_from([0.0, 0.0, 1e-3, -1e-6])), a))
    weights, biases, outputs = np.array(neurons).T
    return Network(weights, biases, outputs, draw(NUMBERS), draw(NUMBERS))


@settings(max_examples=300, deadline=None)
@given(networks())
@example(Network(np.ones(3), np.array([0.0, 0.0, -0.5]), np.array([1.0, -1.0, 2.0])))
@example(Network(np.array([1e-200, 1.0]), np.array([0.0, -0.5]), np.array([1e-200, 2.0])))
def test_is_as_far_from_the_network_as_it_says(network: Network) -> None:
    function, deviation = effective(network, FIRST, LAST)
    assert np.all(np.diff(function.kinks) >= 0.0)
    assert np.all((function.kinks >= FIRST) & (function.kinks <= LAST))
    assert np.isfinite(function.slope_changes).all()
    bending = network.hidden_weights != 0.0
    with np.errstate(over="ignore"):
        kinks = -network.hidden_biases[bending] / network.hidden_weights[bending]
    inside = kinks[(kinks >= FIRST) & (kinks <= LAST)]
    places = np.concatenate((np.linspace(FIRST, LAST, 101), inside, function.kinks))
    reach = 3.0 * np.abs(network.hidden_weights) + np.abs(network.hidden_biases)
    size = 1.0 + float(np.abs(network.output_weights) @ reach)
    farthest = np.max(np.abs(function(places) - network(places)))
    assert farthest == pytest.approx(deviation, abs=1e-13 * size)


@settings(max_examples=300, deadline=None)
@given(networks())
def test_what_it_leaves_out_is_little(network: Network) -> None:
    """Merging moves slope changes by the tolerance at most, and leaving out takes their ten-thousandth part."""
    _, deviation = effective(network, FIRST, LAST)
    steepness = float(np.abs(network.output_weights) @ np.abs(network.hidden_weights))
    assert deviation <= steepness * (tolerance(FIRST, LAST) + 2e-4 * (LAST - FIRST)) + 1e-12


def facing(kinks: list[float], changes: list[float]) -> Network:
    """One neuron a kink, by turns to the right and to the left."""
    signs = np.where(np.arange(len(kinks)) % 2, -1.0, 1.0)
    return Network(signs, -signs * np.array(kinks), np.array(changes))


def test_kinks_within_the_tolerance_are_one_at_their_centre() -> None:
    function, deviation = effective(facing([0.5, 0.51, 2.0], [1.0, 3.0, -1.0]), FIRST, LAST)
    assert function.kinks == pytest.approx([0.5075, 2.0])
    assert function.slope_changes == pytest.approx([4.0, -1.0])
    assert deviation == pytest.approx(0.0075)  # at 0.5075, where the first kink has risen so far


def test_kinks_further_apart_are_two() -> None:
    width = tolerance(FIRST, LAST)
    function, deviation = effective(facing([0.5, 0.5 + 1.01 * width], [1.0, 3.0]), FIRST, LAST)
    assert function.kinks == pytest.approx([0.5, 0.5 + 1.01 * width])
    assert deviation == pytest.approx(0.0, abs=1e-14)


@pytest.mark.parametrize("back", [-100.0, -99.0, -101.0])
def test_a_step_stays_a_step(back: float) -> None:
    """Two kinks that pull to both sides make a ramp, which no single kink does, not even one far away."""
    function, deviation = effective(facing([0.5, 0.51], [100.0, back]), FIRST, LAST)
    assert function.kinks == pytest.approx([0.5, 0.51])
    assert function.slope_changes == pytest.approx([100.0, back])
    assert deviation == pytest.approx(0.0, abs=1e-12)


def test_kinks_that_no_observation_has_seen_are_not_told() -> None:
    function, deviation = effective(facing([-2.5, 3.5, 1.0], [1.0, 2.0, 3.0]), FIRST, LAST)
    assert function.kinks.tolist() == [1.0]
    assert deviation == pytest.approx(0.0, abs=1e-14)


def test_neurons_that_have_died_take_no_kink_away() -> None:
    """One that has decayed until its slope change underflows, and a pair that cancels."""
    network = Network(
        np.array([1e-200, 1.0, 1.0, 1.0]), np.array([0.0, 0.25, 0.25, -0.5]), np.array([1e-200, 1.0, -1.0, 2.0])
    )
    function, deviation = effective(network, FIRST, LAST)
    assert function.kinks.tolist() == [0.5]
    assert function.slope_changes.tolist() == [2.0]
    assert deviation == pytest.approx(0.0, abs=1e-14)


def test_only_what_is_hardly_noticed_is_left_out() -> None:
    """The ten-thousandth part of all slope changes."""
    function, deviation = effective(facing([-1.0, 0.0, 1.0], [1.0, 5e-5, 2e-4]), FIRST, LAST)
    assert function.kinks == pytest.approx([-1.0, 1.0])
    assert deviation == pytest.approx(3.0 * 5e-5)


def test_a_line_has_no_kinks() -> None:
    function, deviation = effective(Network(np.zeros(1), np.ones(1), np.ones(1), 2.0, 3.0), FIRST, LAST)
    assert function.kinks.size == 0
    assert (function([0.0, 1.0]).tolist(), deviation) == ([4.0, 6.0], 0.0)
