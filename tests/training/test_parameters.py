"""Where training starts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.minnorm.setting import Setting
from workers.training.parameters import initial, network, packed, unpacked
from workers.training.recipe import Initialisation, Recipe

PLACES = np.linspace(-3.0, 3.0, 61)
FREE = Setting(penalise_biases=False)


def recipe(width: int, setting: Setting | None = None, **more: object) -> Recipe:
    """With a way to start."""
    return Recipe(width, 0.0, 1, setting or Setting(), initialisation=Initialisation(**more))  # type: ignore[arg-type]


@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=40))
def test_parameters_are_packed_and_unpacked(numbers: list[float]) -> None:
    weights, biases, outputs = np.array(numbers), np.array(numbers) / 3.0, -np.array(numbers)
    theta = packed(weights, biases, outputs)
    parts = unpacked(theta, len(numbers))
    for part, wanted in zip(parts, (weights, biases, outputs, np.zeros(2)), strict=True):
        assert part.tolist() == wanted.tolist()
    assert np.count_nonzero(theta) == sum(np.count_nonzero(part) for part in (weights, biases, outputs))


@pytest.mark.parametrize("scale", [0.1, 1.0, 30.0])
def test_parameters_are_normal_and_independent(scale: float) -> None:
    width = 100_000
    parts = unpacked(initial(recipe(width, scale=scale), 0), width)
    assert parts[3].tolist() == [0.0, 0.0]
    numbers = np.array(parts[:3]) * np.sqrt(width) / scale
    assert numbers.mean(axis=1) == pytest.approx(np.zeros(3), abs=0.02)
    assert np.cov(numbers) == pytest.approx(np.eye(3), abs=0.02)
    assert (numbers**4).mean(axis=1) == pytest.approx(np.full(3, 3.0), abs=0.2)


def test_a_seed_says_all() -> None:
    starts = [initial(recipe(9), seed).tobytes() for seed in (0, 1, 2**62, 0)]
    assert starts[0] == starts[3]
    assert len(set(starts)) == 3


@pytest.mark.parametrize("setting", [Setting(), FREE])
def test_balanced_neurons_compute_the_same(setting: Setting) -> None:
    told = recipe(50, setting, balanced=True)
    as_drawn, balanced = (network(initial(each, 3), each) for each in (recipe(50, setting), told))
    assert balanced(PLACES) == pytest.approx(as_drawn(PLACES), rel=1e-13, abs=1e-15)
    fed = np.hypot(balanced.hidden_weights, balanced.hidden_biases * setting.penalise_biases)
    assert fed == pytest.approx(np.abs(balanced.output_weights), rel=1e-14)
    assert not np.allclose(np.abs(as_drawn.hidden_weights), np.abs(as_drawn.output_weights), rtol=0.1)


@pytest.mark.parametrize("width", [1, 2, 15, 16])
@pytest.mark.parametrize("balanced", [False, True])
def test_neurons_that_cancel(width: int, balanced: bool) -> None:
    """One that is left over has no output."""
    told = recipe(width, zero_output=True, balanced=balanced)
    start = network(initial(told, 1), told)
    assert start(PLACES) == pytest.approx(np.zeros(PLACES.size), abs=1e-15)
    assert np.count_nonzero(start.output_weights) == width // 2 * 2
    assert np.count_nonzero(start.hidden_weights) == np.count_nonzero(start.hidden_biases) == width
    assert len(set(np.abs(start.output_weights).tolist())) == -(-width // 2)
