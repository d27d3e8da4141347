"""Active ends: the affine part is free, so an outer slope may differ from the outer chord's.

That pays only where `(x_1, 1)` and `(x_2, 1)` are more than a right angle apart, `1 + x_1 x_2 < 0`; the kink between
them is then at `-1 / x_1`. Never at both ends.
"""

import numpy as np
import pytest

from tests.oracles.cone import least_norm_by_cones
from tests.oracles.generated import from_curvature, one_left, one_right
from tests.theorems.answers import answer, chords


def test_by_hand() -> None:
    """One kink at 0.1 and norm 1.990, where the chords give one kink of 1 at 10 and norm 10.05."""
    wire = answer([-10.0, 10.0, 11.0], [0.0, 0.0, 1.0])
    assert wire["function"]["kinks"] == pytest.approx([0.1], rel=1e-14)
    assert wire["function"]["slope_changes"] == pytest.approx([200 / 101], rel=1e-14)
    assert wire["norm"] == pytest.approx(200 / 101 * 1.01**0.5, rel=1e-14)


@pytest.mark.parametrize("far", [1.0, 3.0, 1e3, 1e6, 1e9])
@pytest.mark.parametrize("curvature", [1.0, -2.5])
def test_three_points(far: float, curvature: float) -> None:
    """Norm `|eps| q` with `q = (x_2 - x_1) / w_1`, where the line through `(x_1, 0)` touches the envelope."""
    points = from_curvature(np.array([-far, 2.0, 3.0]), np.array([curvature]))
    wire = answer(*points)
    assert wire["function"]["kinks"] == pytest.approx([1 / far], rel=1e-6, abs=1e-9)
    assert wire["norm"] == pytest.approx(abs(curvature) * (2.0 + far) / np.hypot(1, far), rel=1e-12)


@pytest.mark.parametrize("side", [one_left, one_right])
@pytest.mark.parametrize("n", [3, 4, 5, 12])
def test_a_kink_of_an_active_end_is_at_its_place(side: object, n: int) -> None:
    random = np.random.default_rng(n)
    active = 0
    for _ in range(100):
        x, y = one_left(random, n) if side is one_left else one_right(random, n)
        end, neighbour = (x[0], x[1]) if side is one_left else (x[-1], x[-2])
        wire = answer(x, y)
        slopes = [wire["function"]["slope0"], *wire["function"]["slope_changes"]]
        outer = slopes[0] if side is one_left else sum(slopes)
        chord = chords(x, y)[0 if side is one_left else -1]
        if abs(outer - chord) > 1e-9 * max(map(abs, slopes)):
            active += 1
            assert 1 + end * neighbour < 0
            kinks = wire["function"]["kinks"]
            assert (kinks[0] if side is one_left else kinks[-1]) == pytest.approx(-1 / end, rel=1e-6, abs=1e-9)
    assert active > 10


def test_at_a_right_angle_the_end_is_not_active() -> None:
    """And just beyond it is, so little that the norm hardly changes."""
    for neighbour in (0.5, 0.5 + 1e-9):
        wire = answer([-2.0, neighbour, 3.0], [0.0, 0.0, 1.0])
        assert wire["norm"] == pytest.approx(0.4 * 1.25**0.5, rel=1e-8)
        assert wire["function"]["kinks"] == pytest.approx([0.5], abs=1e-8)


def test_long_intervals_on_both_sides() -> None:
    """Only one of them can span more than a right angle."""
    random = np.random.default_rng(6)
    for _ in range(50):
        left, right = 10.0 ** random.uniform(0, 3, 2)
        inner = np.sort(random.normal(size=2) / 4)
        points = from_curvature(np.array([-left - 1, *inner, right + 1]), random.uniform(0.1, 2.0, 2))
        assert answer(*points)["norm"] == pytest.approx(least_norm_by_cones(*points), rel=1e-7)
