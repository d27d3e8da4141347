"""Symmetries, by value: changes of the data that must not matter, or matter in a known way."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracles.generated import SHAPES, integers, some
from tests.theorems.answers import answer, value


def between(x: list[float]) -> list[float]:
    """Places at and between the data."""
    return [float(place) for place in np.interp(np.linspace(0, len(x) - 1, 31), np.arange(len(x)), x)]


@pytest.mark.parametrize("shape", SHAPES)
def test_reflection(shape: str) -> None:
    for x, y in some(shape, 30):
        wire, mirrored = answer(x, y), answer([-a for a in x], y)
        assert mirrored["norm"] == pytest.approx(wire["norm"], rel=1e-12, abs=1e-12)
        reach = max(map(abs, y)) + 1.0
        if shape not in {"clustered", "spread", "lopsided"}:
            values = [value(wire, place) for place in between(x)]
            assert [value(mirrored, -place) for place in between(x)] == pytest.approx(values, abs=1e-9 * reach)


@pytest.mark.parametrize("shape", ["convex", "mixed", "integers", "decimals"])
def test_order_and_repetition(shape: str) -> None:
    random = np.random.default_rng(1)
    for x, y in some(shape, 30):
        order = random.permutation(len(x) * 2) % len(x)
        assert answer([x[i] for i in order], [y[i] for i in order]) == answer(x, y)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("factor", [-1.0, 2.0**40, -(2.0**-70)])
def test_scaling_the_ordinates_exactly(shape: str, factor: float) -> None:
    """By a power of two nothing is rounded: same kinks, to the last bit."""
    for x, y in some(shape, 20):
        wire, scaled = answer(x, y), answer(x, [factor * b for b in y])
        assert scaled["function"]["kinks"] == wire["function"]["kinks"]
        assert scaled["norm"] == abs(factor) * wire["norm"]
        assert scaled["certificate"]["dual_values"] == [np.sign(factor) * q for q in wire["certificate"]["dual_values"]]


@pytest.mark.parametrize("factor", [3.7, -1e-7, 1e250])
def test_scaling_the_ordinates(factor: float) -> None:
    for x, y in some("mixed", 20):
        wire, scaled = answer(x, y), answer(x, [factor * b for b in y])
        assert scaled["norm"] == pytest.approx(abs(factor) * wire["norm"], rel=1e-12)


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(-8, 8), st.integers(-100, 100))
def test_an_affine_function_costs_nothing(seed: int, slope: int, level: int) -> None:
    """Integers, so that the sum is exact."""
    x, y = integers(np.random.default_rng(seed), 12)
    wire, tilted = answer(x, y), answer(x, [b + slope * a + level for a, b in zip(x, y, strict=True)])
    assert tilted["norm"] == pytest.approx(wire["norm"], rel=1e-12)
    assert tilted["kink_count"] == wire["kink_count"]
    assert tilted["fewest_kinks"] == wire["fewest_kinks"]
    for place in between(x):
        assert value(tilted, place) == pytest.approx(value(wire, place) + slope * place + level, abs=1e-10)


def test_the_origin_matters() -> None:
    """Translation is no symmetry: biases are penalised."""
    here, there = answer([0.0, 1.0, 2.0], [0.0, 0.0, 1.0]), answer([10.0, 11.0, 12.0], [0.0, 0.0, 1.0])
    assert here["norm"] == pytest.approx(2**0.5)
    assert there["norm"] == pytest.approx(122**0.5)
