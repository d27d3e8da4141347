"""The least norm is the least total cost over all ways to split the curvatures between neighbouring intervals.

And it is the limit of linear programs over kinks on finer and finer grids. Both are solved by others' software; the
grid's value is proved to be within a factor of the least norm.
"""

import pytest

from tests.oracles.cone import least_norm_by_cones
from tests.oracles.generated import SHAPES, some
from tests.oracles.grid import bound_by_grid
from tests.theorems.answers import answer


def test_the_rivals_by_hand() -> None:
    points = [-10.0, 10.0, 11.0], [0.0, 0.0, 1.0]
    assert least_norm_by_cones(*points) == pytest.approx(200 / 101 * 1.01**0.5, rel=1e-9)
    lower, upper = bound_by_grid(*points)
    assert lower <= 200 / 101 * 1.01**0.5 <= upper
    assert upper - lower < 1e-5


def test_a_finer_grid_is_closer() -> None:
    points = next(some("convex", 1))
    widths = [upper - lower for lower, upper in (bound_by_grid(*points, places=p) for p in (100, 1000))]
    assert widths[1] < widths[0] / 50  # the error is O(h^2)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_cone_program_agrees(shape: str) -> None:
    for x, y in some(shape, 30):
        assert answer(x, y)["norm"] == pytest.approx(least_norm_by_cones(x, y), rel=1e-6, abs=1e-12), (x, y)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_linear_program_agrees(shape: str) -> None:
    """Up to 1e-6 for the tolerance of its solver."""
    for x, y in some(shape, 15):
        lower, upper = bound_by_grid(x, y, places=1000)
        assert lower * (1 - 1e-6) - 1e-12 <= answer(x, y)["norm"] <= upper * (1 + 1e-6) + 1e-12, (x, y)
