"""The verb: properties of its record."""

import doctest

import numpy as np
import pytest

from workers.minnorm import interpolate as module
from workers.minnorm.dataset import Dataset
from workers.minnorm.interpolate import interpolate


def test_its_example() -> None:
    assert doctest.testmod(module).failed == 0


def test_two_points_are_a_line() -> None:
    answer = interpolate(Dataset.from_points([1.0, 3.0], [1.0, 5.0]))
    assert (answer.norm, answer.kink_count, answer.fewest_kinks, answer.is_sparsest) == (0.0, 0, 0, True)
    assert answer.function([0.0]) == [-1.0]
    assert answer.certificate.relative_gap == 0.0
    assert answer.network.hidden_weights.size == 0


def test_the_network_attains_the_norm() -> None:
    random = np.random.default_rng(1)
    data = Dataset.from_points(np.cumsum(random.uniform(0.2, 2.0, 50)) - 20, random.normal(size=50))
    answer = interpolate(data)
    assert answer.network.parameter_norm(penalise_biases=True) == pytest.approx(answer.norm, rel=1e-13)
    assert answer.network(data.x) == pytest.approx(data.y, abs=1e-11)


def test_the_data_are_left_alone() -> None:
    data = Dataset.from_points([-10.0, 10.0, 11.0, 12.0], [0.0, 0.0, 1.0, 5.0])
    x, y = data.x.copy(), data.y.copy()
    interpolate(data)
    assert np.array_equal(data.x, x)
    assert np.array_equal(data.y, y)


def test_a_curvature_too_small_for_a_double_makes_no_kink() -> None:
    """Beside a slope of 1e141 the others vanish; what is counted is what is there."""
    x = [-2.0, -1.0, 0.0, 1.0, 2.0, 3.0]
    answer = interpolate(Dataset.from_points(x, [5.3e141, 4.9e126, 8.2e44, 0.3, 0.3, 0.0]))
    assert answer.fewest_kinks <= answer.kink_count
    assert np.all(answer.function.slope_changes != 0.0)


@pytest.mark.parametrize("far", [1e150, 1e200, 1e280])
def test_abscissae_of_any_size(far: float) -> None:
    """No overflow, no NaN; what double precision cannot certify is told in the gap."""
    answer = interpolate(Dataset.from_points([-far, -far / 2, 0.0, far], [1.0, 0.0, 1.0, 5.0]))
    assert np.isfinite(answer.norm)
    assert 0.0 <= answer.certificate.relative_gap <= 1.0
    assert np.all(np.isfinite(answer.certificate.dual_values))
    assert answer.certificate.max_residual < 1e-13


@pytest.mark.parametrize("scale", [1e-310, 1e-200, 1e280])
def test_ordinates_of_any_size(scale: float) -> None:
    answer = interpolate(Dataset.from_points([-1.5, -1.0, 0.0, 0.25, 2.0], scale * np.array([7, -3, -3, 4, 2])))
    assert answer.norm == pytest.approx(82.03976955807153 * scale, rel=1e-9)
    assert answer.function.kinks == pytest.approx([-5 / 12, 0.25])


def test_a_tail_keeps_its_kinks() -> None:
    """Slopes fall from 1 to 1e-304; what is lost of the first ones must not drown the last."""
    x = np.linspace(0.0, 700.0, 2001)
    answer = interpolate(Dataset.from_points(x, np.exp(-x)))
    assert answer.fewest_kinks == 1000
    assert answer.function.kinks[-1] > 699.0
    assert answer.function.slope_changes[-1] < 1e-300
