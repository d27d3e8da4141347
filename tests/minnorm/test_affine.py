"""Affine data without a skip connection."""

import numpy as np
import pytest

from tests.oracles.evidence import complaints
from tests.oracles.exact import check_exactly
from tests.oracles.patterns import least_norm_by_patterns
from tests.theorems.answers import answer

LINES = [
    ([1.0, 2.0], [1.0, 2.0]),
    ([1.0, 2.0, 5.0], [-1.0, -2.0, -5.0]),
    ([-0.5, 0.25, 1.5], [4.0, 4.0, 4.0]),
    ([-0.5, 0.25, 1.5], [-4.0, -4.0, -4.0]),
    ([-0.5, 1.5], [2.0, -6.0]),
    ([-0.5, 1.5], [-2.0, 0.0]),
    ([-0.5, 1.5], [0.0, 3.0]),
    ([2.0, 3.0, 4.0], [7.0, 5.0, 3.0]),
    ([-4.0, -3.0], [7.0, 8.0]),
    ([-4.0, 3.0], [7.0, 8.0]),  # more than a right angle
]


@pytest.mark.parametrize(("x", "y"), LINES)
def test_lines(x: list[float], y: list[float]) -> None:
    wire = answer(x, y, skip_connection=False)
    assert wire["norm"] == pytest.approx(least_norm_by_patterns(x, y), rel=1e-6)
    assert not complaints(wire, check_exactly(x, y, wire, skip_connection=False))


@pytest.mark.parametrize("offset", [0.0, 1e3, -1e6, 1.7e9, -1.7e9, 1e12])
@pytest.mark.parametrize("slope", [3.0, -0.25, 0.0])
def test_far_from_zero(offset: float, slope: float) -> None:
    x = [offset + i for i in range(5)]
    wire = answer(x, [slope * i + 1.0 for i in range(5)], skip_connection=False)
    assert wire["certificate"]["relative_gap"] <= 1e-12
    assert wire["certificate"]["max_residual"] <= 1e-15 * (1.0 + abs(slope * offset))


def test_a_million_collinear_points() -> None:
    x = np.arange(1_000_000) * 0.25 + 1.0
    wire = answer(x.tolist(), (2.0 * x + 1.0).tolist(), skip_connection=False)
    assert wire["kink_count"] == 1
    assert wire["norm"] == pytest.approx(5.0**0.5, rel=1e-14)  # |(2, 1)|


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([1.0, 2.0], [1e-20, 1.0]),
        ([0.5, 1.0], [1e-17, 1.0]),
        ([1.0, 2.0, 3.0], [1e-20, 1.0, 2.0]),
        ([-2.0, -1.0], [-1.0, -1e-20]),
    ],
)
def test_lines_that_vanish_at_an_end_but_for_rounding(x: list[float], y: list[float]) -> None:
    """The kink rounds onto the end; which way the neuron faces must not depend on that."""
    wire = answer(x, y, skip_connection=False)
    assert wire["certificate"]["max_residual"] <= 1e-16
    assert wire["certificate"]["relative_gap"] <= 1e-12
