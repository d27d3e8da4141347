"""Dual values at collinear points keep to the envelope, however the points lie."""

from fractions import Fraction

import numpy as np
import pytest

from tests.oracles.exact import worst_ratio
from tests.oracles.generated import from_curvature
from workers.minnorm.splitting import split_masses


def plateau(random: np.random.Generator) -> tuple[list[float], list[float]]:
    """Some curved points, then many on a line, then curved ones again; steps of very different size."""
    curvature = np.concatenate(
        [random.uniform(-1, 1, 3), np.zeros(random.integers(1, 8)), random.uniform(-1, 1, 3), np.zeros(2)]
    )
    steps = 10.0 ** random.uniform(-3, 2, curvature.size + 1)
    x = np.concatenate(([0.0], np.cumsum(steps)))
    return from_curvature(x - random.uniform(0, 1) * x[-1], curvature)


def test_the_envelope_holds() -> None:
    random = np.random.default_rng(8)
    for _ in range(300):
        x, y = plateau(random)
        curvature = np.concatenate(([0.0], np.diff(np.diff(y) / np.diff(x)), [0.0]))
        curvature[np.abs(curvature) < 1e-9] = 0.0
        dual, _, _ = split_masses(np.array(x), curvature)
        assert worst_ratio([Fraction(a) for a in x], [Fraction(q) for q in dual]) <= 1 + 1e-12


def test_on_the_chord_where_that_keeps_to_the_envelope() -> None:
    """Of different signs on both sides: the chord of `q` crosses zero, and no dual value bends it."""
    x = np.array([-3.0, -1.0, 0.0, 1.0, 3.0])
    dual, _, _ = split_masses(x, np.array([0.0, 1.0, 0.0, -1.0, 0.0]))
    assert dual == pytest.approx(np.array([0.0, 2**0.5, 0.0, -(2**0.5), 0.0]), abs=1e-15)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_on_the_tangents_where_not(sign: float) -> None:
    """Between -1 and 1 with both dual values on the envelope: down along one tangent, up along the other."""
    x = np.array([-3.0, -1.0, -0.5, -0.25, 0.5, 1.0, 3.0])
    dual, _, _ = split_masses(x, sign * np.array([0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0]))
    falling, rising = (2**0.5 * (1 - (x + 1) / 2)), (2**0.5 * (1 - (1 - x) / 2))
    upper = np.maximum(falling, rising)
    assert sign * dual[[1, 2, 4, 5]] == pytest.approx(upper[[1, 2, 4, 5]])
    assert sign * dual[3] == pytest.approx(min(falling[3], rising[3]))  # next to where the tangents cross


def test_all_points_on_a_line() -> None:
    dual, from_left, from_right = split_masses(np.array([-5.0, 1.0, 9.0, 10.0]), np.zeros(4))
    assert not np.any(dual)
    assert not np.any(from_left)
    assert not np.any(from_right)
