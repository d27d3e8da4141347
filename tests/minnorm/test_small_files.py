"""Checks, weights, counting and the arithmetic of pairs: what is too small for a file of its own."""

from fractions import Fraction
from math import hypot

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracles.generated import SHAPES, some
from workers.minnorm.checks import check_magnitude, column
from workers.minnorm.chords import count_runs
from workers.minnorm.compiled import compiled
from workers.minnorm.dataset import Dataset
from workers.minnorm.doubles import LARGEST, two_product, two_sum
from workers.minnorm.errors import MinnormError, NotFinite, Overflow
from workers.minnorm.weight import weight, weighted_sum

NUMBERS = st.floats(-1e100, 1e100).filter(lambda number: number == 0.0 or abs(number) > 1e-100)


@compiled
def exact_sum(a: float, b: float) -> tuple[float, float]:
    return two_sum(a, b)


@compiled
def exact_product(a: float, b: float) -> tuple[float, float]:
    return two_product(a, b)


@settings(deadline=None)  # the first call may compile
@given(NUMBERS, NUMBERS)
def test_pairs_are_exact(a: float, b: float) -> None:
    high, low = exact_sum(a, b)
    assert high == a + b
    assert Fraction(high) + Fraction(low) == Fraction(a) + Fraction(b)
    high, low = exact_product(a, b)
    assert high == a * b
    assert Fraction(high) + Fraction(low) == Fraction(a) * Fraction(b)


@pytest.mark.parametrize("x", [0.0, -0.75, 3.0, 1e10, -1e149, 1e151, -1e280])
def test_weight(x: float) -> None:
    assert weight(x) == pytest.approx(hypot(1.0, x), rel=2**-52)


def test_a_weighted_sum_loses_no_digits() -> None:
    changes = np.array([1e16, 1.0, -1.0, 1.0])
    assert weighted_sum(changes, np.zeros(4)) == 1e16 + 3
    assert weighted_sum(np.array([]), np.array([])) == 0.0


@pytest.mark.parametrize(
    ("curvature", "longest", "fewest"),
    [
        ([0.0, 0.0], 0, 0),
        ([0.0, 1.0, 0.0], 1, 1),
        ([0.0, 1.0, 2.0, 0.0], 2, 1),
        ([0.0, 1.0, 2.0, 1.0, 0.0], 3, 2),
        ([0.0, 1.0, -2.0, -1.0, 0.0], 2, 2),
        ([0.0, 1.0, 0.0, 2.0, 0.0], 0, 2),
        ([0.0, 1.0, 1.0, 1.0, 1.0, -1.0, 0.0], 4, 3),
        ([0.0, -5e-324, -5e-324, 5e-324, 0.0], 2, 2),
    ],
)
def test_runs_are_counted(curvature: list[float], longest: int, fewest: int) -> None:
    assert count_runs(np.array(curvature)) == (longest, fewest)


@pytest.mark.parametrize("shape", SHAPES)
def test_runs_are_counted_alike_as_the_curvature_is_taken(shape: str) -> None:
    """Compiled code makes room for the longest run, and looks no more whether it is enough."""
    for x, y in some(shape, 50):
        if (found := Dataset.from_points(x, y).curvature()) is not None:
            assert found[1:] == count_runs(found[0])


def test_columns() -> None:
    assert column([1, 2], "/x").tolist() == [1.0, 2.0]
    assert column(np.arange(6)[::2], "/x").flags.c_contiguous
    with pytest.raises(NotFinite) as caught:
        column([0.0, float("nan"), float("inf")], "/x")
    assert caught.value.pointer == "/x/1"


def test_the_largest_magnitude() -> None:
    check_magnitude(np.array([np.nextafter(LARGEST, 0), -np.nextafter(LARGEST, 0)]), "/x")
    check_magnitude(np.array([]), "/x")
    for wrong in (LARGEST, -LARGEST):
        with pytest.raises(Overflow) as caught:
            check_magnitude(np.array([0.0, wrong]), "/x")
        assert caught.value.pointer == "/x/1"
    with pytest.raises(NotFinite) as refused:
        check_magnitude(np.array([np.nan]), "/x0", scalar=True)
    assert refused.value.pointer == "/x0"


def test_errors_survive_a_queue() -> None:
    error = MinnormError("A message.", "/x/3")
    assert (str(error), error.pointer, error.code) == ("A message.", "/x/3", "invalid-problem")
    assert str(type(error)(*error.args)) == "A message."
