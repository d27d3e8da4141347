"""Data that enter: sorted, merged, refused; and which points count as collinear."""

import numpy as np
import pytest
from numpy.typing import ArrayLike

from workers.minnorm.dataset import Dataset
from workers.minnorm.errors import (
    ConflictingValues,
    LengthMismatch,
    MinnormError,
    NotFinite,
    Overflow,
    TooFewPoints,
)


def test_points_are_sorted_and_equal_ones_merged() -> None:
    data = Dataset.from_points([2, 1, 2, 0, 1], [4.0, 1.0, 4.0, 0.0, 1.0])
    assert data.x.tolist() == [0.0, 1.0, 2.0]
    assert data.y.tolist() == [0.0, 1.0, 4.0]
    assert data.x.dtype == data.y.dtype == np.float64


def test_zeros_of_both_signs_are_one_abscissa() -> None:
    assert Dataset.from_points([-0.0, 0.0, 1.0], [1.0, 1.0, 2.0]).x.tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("x", "y", "error", "pointer"),
    [
        ([], [], TooFewPoints, "/x"),
        ([1.0], [1.0], TooFewPoints, "/x"),
        ([1.0, 1.0], [2.0, 2.0], TooFewPoints, "/x"),
        ([1.0, 0.0, 1.0], [2.0, 0.0, 3.0], ConflictingValues, "/y/2"),
        ([0.0, float("nan")], [0.0, 1.0], NotFinite, "/x/1"),
        ([0.0, 1.0], [float("inf"), 1.0], NotFinite, "/y/0"),
        ([0.0, 1.0], [0.0, -float("inf")], NotFinite, "/y/1"),
        ([0.0, 1.0, 2.0], [0.0, 1.0], LengthMismatch, "/y"),
        ([[0.0, 1.0]], [0.0, 1.0], LengthMismatch, "/x"),
        ([0.0, 1e300], [0.0, 1.0], Overflow, "/x/1"),
        ([0.0, 1.0], [0.0, -1e300], Overflow, "/y/1"),
        ([0.0, 5e-324], [0.0, 1.0], Overflow, "/x"),
        ([0.0, 1e-310, 1.0], [0.0, 1.0, 2.0], Overflow, "/x"),
    ],
)
def test_what_is_refused_and_where(x: ArrayLike, y: ArrayLike, error: type[MinnormError], pointer: str) -> None:
    with pytest.raises(error) as caught:
        Dataset.from_points(x, y)
    assert caught.value.pointer == pointer
    assert str(caught.value)


def vertices(x: ArrayLike, y: ArrayLike) -> list[int]:
    return [int(i) for i in Dataset.from_points(x, y).vertices()]


def test_points_on_a_line_are_no_vertices() -> None:
    assert vertices([0, 1, 2, 3], [0, 1, 2, 3]) == [0, 3]
    assert vertices([0, 1, 2, 3], [0, 1, 2, 4]) == [0, 2, 3]
    assert vertices([0, 1, 2, 3, 4], [0, 1, 0, 1, 2]) == [0, 1, 2, 4]
    assert vertices([0, 1], [0, 1]) == [0, 1]


@pytest.mark.parametrize("offset", [0.0, 0.3, 12345.6])
@pytest.mark.parametrize("slope", [0.0, 0.1, -7.3])
def test_lines_written_in_decimals_are_lines(offset: float, slope: float) -> None:
    x = [round(offset + 0.1 * i, 1) for i in range(200)]
    y = [round(slope * a + 0.7, 2) for a in x]
    assert vertices(x, y) == [0, 199]


def test_the_rounding_of_abscissae_counts_where_the_line_is_steep() -> None:
    """Near its zero, far from the origin: 0.1 steps of x are rounded by more than y is."""
    x = [round(12345.6 + 0.1 * i, 1) for i in range(-20, 21)]
    assert vertices(x, [round(0.3 * i, 1) for i in range(-20, 21)]) == [0, 40]


def test_a_few_units_in_the_last_place_are_rounding_and_more_are_not() -> None:
    """At abscissae that are exact, between two ordinates of 1: the tolerance is 8 units of 2**-53."""
    assert vertices([0, 1, 2], [1, 1 + 4 * 2**-52, 1]) == [0, 2]
    assert vertices([0, 1, 2], [1, 1 + 8 * 2**-52, 1]) == [0, 1, 2]


def test_rounding_does_not_add_up_along_a_line() -> None:
    """A parabola so flat that each point is within rounding of its neighbours' chord keeps some vertices."""
    x = np.linspace(0, 1, 10_001)
    kept = vertices(x, 1 + 1e-9 * x**2)
    assert 10 < len(kept) < 10_001
    chord = np.interp(x, x[kept], (1 + 1e-9 * x**2)[kept])
    assert np.max(np.abs(chord - (1 + 1e-9 * x**2))) <= 8.1 * 2**-53


def test_abscissae_closer_than_their_rounding_are_taken_as_exact() -> None:
    x = [1.0, 1.0 + 2**-40, 1.0 + 2**-39, 2.0]
    assert vertices(x, [0.0, 1.0, 2.0001, 5.0]) == [0, 1, 2, 3]
