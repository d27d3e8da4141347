"""Both steps in one: the bits are those of one after the other."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.minnorm.test_splitting import drawn
from tests.oracles.generated import SHAPES, from_curvature, some
from workers.minnorm.chords import count_runs, curvatures
from workers.minnorm.least_norm import solve
from workers.minnorm.placement import place_kinks
from workers.minnorm.splitting import split_masses

Floats = NDArray[np.float64]


def one_after_the_other(x: Floats, y: Floats, curvature: Floats) -> tuple[Floats, float, Floats, Floats]:
    """With the shares and the kinks in arrays of their own."""
    dual, from_left, from_right = split_masses(x, curvature)
    least = sum((float(share) for share in curvature * dual), 0.0)
    return dual, *place_kinks(x, y, from_left, from_right, least)


def same_bits(x: Floats, y: Floats) -> bool:
    """Whether kinks that are written over the shares they are made of are those that they would be elsewhere."""
    curvature = curvatures(x, y)
    together, apart = solve(x, y, curvature, count_runs(curvature)[0]), one_after_the_other(x, y, curvature)
    return all(
        np.asarray(one).tobytes() == np.asarray(other).tobytes() for one, other in zip(together, apart, strict=True)
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_kinks_may_take_the_place_of_shares(shape: str) -> None:
    for points in some(shape, 100):
        x, y = (np.array(column) for column in points)
        assert same_bits(x, y)


def test_kinks_may_take_the_place_of_shares_of_any_size() -> None:
    active = 0
    for seed in range(500):
        x, curvature = drawn(seed)
        assert same_bits(x, np.array(from_curvature(x, curvature[1:-1])[1]))
        active += 1.0 + x[0] * x[1] < 0.0 or 1.0 + x[-1] * x[-2] < 0.0
    assert active > 25
