"""The interpolator is unique, with at most one kink an interval and none outside the data [Boursier, Flammarion, 2023].

Proved anew for each example from its dual: `q` touches the envelope `sqrt(1 + t^2)` at most once an interval, every
minimiser has its kinks where it touches, and if the hat functions of the inner points are linearly independent at these
places, only one choice of slope changes interpolates.
"""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.oracles.generated import SHAPES, convex, from_curvature, mixed, some
from tests.theorems.answers import answer, curvatures

Floats = NDArray[np.float64]


def touching(x: Floats, q: Floats) -> Floats:
    """All places where `|q| = sqrt(1 + t^2)`, to 1e-12: data, or `t = m / k` in an interval where `q = m t + k`."""
    slope = np.diff(q) / np.diff(x)
    level = q[:-1] - slope * x[:-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        inside = slope / level
    places = np.concatenate((x, inside[(x[:-1] < inside) & (inside < x[1:])]))
    ratios = np.abs(np.interp(places, x, q)) / np.hypot(1.0, places)
    return np.unique(np.round(places[ratios > 1 - 1e-12], 9))


def hats(x: Floats, places: Floats) -> Floats:
    """Values of the inner points' hat functions (rows) at places (columns)."""
    return np.array([np.interp(places, x, unit) for unit in np.eye(x.size)[1:-1]])


@pytest.mark.parametrize("shape", [convex, mixed])
def test_only_one_function_is_optimal(shape: Any) -> None:
    random = np.random.default_rng(11)
    for n in (3, 5, 8, 13, 21) * 6:
        x, y = shape(random, n)
        wire = answer(x, y)
        touched = touching(np.array(x), np.array(wire["certificate"]["dual_values"]))
        assert touched == pytest.approx(np.array(wire["function"]["kinks"]), abs=1e-6)
        assert np.linalg.matrix_rank(hats(np.array(x), touched), tol=1e-9) == touched.size


@pytest.mark.parametrize("shape", SHAPES)
def test_one_kink_an_interval_and_none_outside(shape: str) -> None:
    for x, y in some(shape, 100):
        kinks = np.array(answer(x, y)["function"]["kinks"])
        assert kinks.size <= len(x) - 1
        assert np.all((kinks >= x[0]) & (kinks <= x[-1]))
        inside = kinks[~np.isin(kinks, x)]
        assert np.unique(np.searchsorted(x, inside)).size == inside.size


def random_rival(random: np.random.Generator, x: Floats, masses: Floats) -> float:
    """Norm of an interpolator that splits each point's curvature at random."""
    share = random.uniform(size=masses.size)
    share[random.uniform(size=masses.size) < 0.3] = random.choice([0.0, 1.0])
    to_left, to_right = share * masses, (1 - share) * masses
    ends = np.stack((x, np.ones_like(x)))
    left = np.concatenate((to_left, [0.0]))  # what interval i gets from its right end
    right = np.concatenate(([0.0], to_right))
    same = left * right >= 0.0  # masses of different sign do not meet in one kink
    together = np.hypot(*(left * ends[:, 1:] + right * ends[:, :-1]))
    apart = np.abs(left) * np.hypot(1, x[1:]) + np.abs(right) * np.hypot(1, x[:-1])
    return float(np.sum(np.where(same, together, apart)))


@pytest.mark.parametrize("shape", [convex, mixed])
def test_no_random_interpolator_is_smaller(shape: Any) -> None:
    random = np.random.default_rng(12)
    for _ in range(20):
        x, y = shape(random, 12)
        least = answer(x, y)["norm"]
        masses = np.array(curvatures(x, y))
        assert min(random_rival(random, np.array(x), masses) for _ in range(50)) >= least * (1 - 1e-13)


def test_a_point_may_share_with_both_sides() -> None:
    """More kinks than pairs of points: the masses 2 and 3 of four points meet in three kinks."""
    x, y = from_curvature(np.array([-3.0, -1.5, -0.4, 0.5, 1.6, 3.0]), np.array([1.0, 1.0, 1.0, 1.0]))
    assert answer(x, y)["kink_count"] == 3


@pytest.mark.parametrize(
    "shape", ["convex", "integers", "decimals", "plateaus", "symmetric", "alternating", "both_sides"]
)
def test_no_kink_is_rounding_noise(shape: str) -> None:
    """Ties and shares that vanish leave no tiny kinks; these data have none of their own."""
    for x, y in some(shape, 200):
        changes = np.abs(answer(x, y)["function"]["slope_changes"])
        if changes.size:
            assert np.min(changes) > 1e-12 * np.max(changes), (x, y)
