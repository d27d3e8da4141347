"""Writing an interpolator down so that the numbers themselves interpolate."""

import numpy as np
import pytest

from workers.minnorm.piecewise_linear import PiecewiseLinear
from workers.minnorm.placement import place_kinks


def place(x: list[float], y: list[float], left: list[float], right: list[float]) -> PiecewiseLinear:
    arrays = [np.array(column) for column in (x, y, left, right)]
    slope0, kinks, changes = place_kinks(arrays[0], arrays[1], arrays[2], arrays[3])
    return PiecewiseLinear(x[0], y[0], slope0, kinks, changes)


def test_a_point_that_shares_with_nobody_has_its_kink_at_itself() -> None:
    function = place([0.0, 1.0, 2.0], [0.0, 0.0, 1.0], [0.0] * 3, [0.0] * 3)
    assert function.kinks.tolist() == [1.0]
    assert function.slope_changes.tolist() == [1.0]


def test_two_masses_meet_at_their_centre() -> None:
    function = place([-2.0, -1.0, 1.0, 2.0], [1.0, 0.0, 0.0, 3.0], [0.0, 1.0, 0.0, 0.0], [0.0, 3.0, 0.0, 0.0])
    assert function.slope0 == -1.0
    assert function.kinks.tolist() == [0.5]
    assert function.slope_changes.tolist() == [4.0]


def test_shares_of_an_end_change_the_outer_slope() -> None:
    left = place([-2.0, 1.0, 2.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0])
    assert (left.slope0, left.kinks.tolist(), left.slope_changes.tolist()) == (-1.0, [-0.5], [2.0])
    right = place([-2.0, -1.0, 2.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0])
    assert (right.slope0, right.kinks.tolist(), right.slope_changes.tolist()) == (-1.0, [0.5], [2.0])


def test_rounding_does_not_add_up() -> None:
    """A hundred thousand random points, each with its own kink."""
    random = np.random.default_rng(1)
    x, y = np.cumsum(random.uniform(0.2, 2.0, 100_000)), random.normal(size=100_000)
    slope0, kinks, changes = place_kinks(x, y, np.zeros_like(x), np.zeros_like(x))
    residuals = PiecewiseLinear(x[0], y[0], slope0, kinks, changes).residuals(x, y)
    scale = np.max(np.abs(y)) + np.max(np.abs(np.diff(y) / np.diff(x))) * x[-1]
    assert np.max(np.abs(residuals)) <= 2 * 2**-53 * scale


def test_kinks_that_round_to_one_place_are_one() -> None:
    x = [1.0, 1.0 + 2**-52, 1.0 + 2**-51, 1.0 + 3 * 2**-52, 2.0]
    function = place(x, [0.0, 0.0, 2**-52, 2**-50, 3.0], [0.0, 0.5, 0.5, 0.0, 0.0], [0.0, 0.5, 1.5, 0.0, 0.0])
    assert np.all(np.diff(function.kinks) > 0.0)
    assert np.max(np.abs(function.residuals(np.array(x), np.array([0.0, 0.0, 2**-52, 2**-50, 3.0])))) <= 2**-50


def test_no_kink_without_a_change() -> None:
    """A curvature lost beside a slope of 1e100."""
    function = place([-2.0, -1.0, 0.0, 1.0, 2.0], [1e100, 1.0, 0.3, 0.3, 0.0], [0.0] * 5, [0.0] * 5)
    assert np.all(function.slope_changes != 0.0)


@pytest.mark.parametrize("far", [1e6, 1e9, 1e12])
def test_a_kink_near_zero_keeps_its_digits_beside_a_far_point(far: float) -> None:
    """At about 0.1; in units of the far abscissa's last place it would miss the far point."""
    function = place([-2.0, -1.0, far], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 1.1 / far, 0.0])
    assert function.kinks[0] == pytest.approx(0.1, rel=1e-5, abs=1e-15 * far)
    assert abs(function.residuals(np.array([far]), np.array([0.0]))[0]) <= 2**-50


def test_rounding_does_not_add_up_along_a_convex_run() -> None:
    """A hundred thousand kinks, one between every two points, whose slope changes all have one sign."""
    random = np.random.default_rng(2)
    x = np.cumsum(random.uniform(0.2, 2.0, 100_000)) * 1e-5
    slopes = np.linspace(-1.0, 1.0, x.size - 1) + random.uniform(-1e-6, 1e-6, x.size - 1)
    y = np.concatenate(([0.0], np.cumsum(slopes * np.diff(x))))
    half = np.concatenate(([0.0], np.diff(np.diff(y) / np.diff(x)) / 2, [0.0]))
    slope0, kinks, changes = place_kinks(x, y, half, np.concatenate((half[1:], [0.0])))
    residuals = PiecewiseLinear(x[0], y[0], slope0, kinks, changes).residuals(x, y)
    assert np.max(np.abs(residuals)) <= 2 * 2**-53 * (np.max(np.abs(y)) + x[-1])
