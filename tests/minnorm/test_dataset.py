"""Data that enter: sorted, merged, refused, standardised; and which points count as collinear."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from tests.oracles.exact import root
from workers.minnorm.dataset import Dataset, Transformation
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


def moments(x: list[float]) -> tuple[Fraction, Fraction]:
    """Mean and standard deviation, exactly but for the root."""
    exact = [Fraction(a) for a in x]
    mean = sum(exact, Fraction(0)) / len(exact)
    return mean, root(sum(((a - mean) ** 2 for a in exact), Fraction(0)) / len(exact))


def test_standardised_by_hand() -> None:
    data, transformation = Dataset.from_points([3.0, 1.0, 5.0, 3.0], [0.0, 1.0, 2.0, 0.0]).standardised()
    assert transformation.shift == 3.0
    assert transformation.scale == pytest.approx((8 / 3) ** 0.5, rel=1e-15)
    assert data.x.tolist() == pytest.approx([-(1.5**0.5), 0.0, 1.5**0.5])
    assert data.y.tolist() == [1.0, 0.0, 2.0]


NUMBERS = st.floats(-1.0, 1.0).filter(lambda a: a == 0.0 or abs(a) > 1e-6)


@given(
    st.lists(NUMBERS, min_size=2, max_size=9, unique=True),
    st.sampled_from([0.0, 1.0, 1.7e9, -1.7e9, 1e-300, 2.0**958]),
    st.sampled_from([1.0, 1e-12, 1e-300, 2.0**958, 1e9]),
)
def test_mean_and_deviation_are_as_exact_as_the_abscissae(x: list[float], centre: float, spread: float) -> None:
    numbers = sorted({centre + spread * a for a in x})
    if len(numbers) < 2:
        return
    data = Dataset.from_points(numbers, np.zeros(len(numbers)))
    try:
        new, transformation = data.standardised()
    except ConflictingValues:
        assert min(np.diff(numbers)) < 1e-15 * (numbers[-1] - numbers[0])
        return
    mean, deviation = moments(numbers)
    assert abs(Fraction(transformation.shift) - mean) <= Fraction(2**-50) * max(abs(Fraction(a)) for a in numbers)
    assert transformation.scale == pytest.approx(float(deviation), rel=1e-14, abs=1e-323)
    assert new.x.tolist() == [(a - transformation.shift) / transformation.scale for a in numbers]
    assert np.all(np.diff(new.x) > 0.0)


@pytest.mark.parametrize("left", [0.0, 1.0, -5e-324, 1.7e9, -(2.0**900)])
def test_two_neighbouring_doubles_can_be_standardised(left: float) -> None:
    data, transformation = Dataset.from_points([left, np.nextafter(left, np.inf)], [1.0, 1.0]).standardised()
    assert transformation.scale > 0.0
    assert data.x[0] < data.x[1]


def test_abscissae_that_would_become_equal_are_refused() -> None:
    with pytest.raises(ConflictingValues, match=r"1e-300.* become equal") as caught:
        Dataset.from_points([0.0, 1e-300, 1.0], [0.0, 0.0, 0.0]).standardised()
    assert caught.value.pointer == "/x"


def test_slopes_that_do_not_fit_in_the_new_unit_are_refused() -> None:
    """The last slope times its distance from zero is just below the limit; from the mean it is twice as far."""
    far = 2.0**900
    x = [-far + far * k / 1000 for k in range(40)] + [0.9 * far, far]
    data = Dataset.from_points(x, [0.0] * 41 + [0.1 * far * 1.4 * 2.0**59])
    with pytest.raises(Overflow):
        data.standardised()


def test_points_collinear_as_written_stay_so() -> None:
    """Far from the origin the abscissae are rounded by more than their standardised forms are."""
    x = [round(1871 + 0.1 * i, 1) for i in range(300)]
    written = Dataset.from_points(x, [round(0.3 * abs(i - 100), 1) for i in range(300)])
    data, _ = written.standardised()
    assert written.vertices().tolist() == [0, 100, 299]
    assert data.vertices().tolist() == [0, 100, 299]
    assert data.reach == pytest.approx(max(x) / Transformation(*moments_of(x)).scale)


def moments_of(x: list[float]) -> tuple[float, float]:
    return float(np.mean(x)), float(np.std(x))


@pytest.mark.parametrize(
    ("x", "y", "kept"),
    [
        ([1.7e9, 1.7e9 + 1, 1.7e9 + 2, 1.7e9 + 3], [0, 1, 2, 4], [0, 2, 3]),
        ([1.7e9, 1.7e9 + 2**-22, 1.7e9 + 2**-21], [0, 1, 2], [0, 2]),  # neighbouring doubles
        ([0, 1e-12, 2e-12, 1], [0, 1e-12, 2e-12, 1], [0, 3]),
        ([0, 1e-12, 2e-12, 1], [0, 1e3, 0, 0], [0, 1, 2, 3]),  # slopes of 1e15
        ([0, 5e-324, 1e-323], [0, 5e-324, 1e-323], [0, 2]),
        ([0, 1, 2], [0, 5e-324, 0], [0, 1, 2]),
        ([0, 1, 2, 3], [7, 7, 7, 7], [0, 3]),
        ([0, 1, 2, 3, 4], [1, -1, 1, -1, 1], [0, 1, 2, 3, 4]),
        ([0, 1], [1, 1], [0, 1]),
        ([-(2.0**950), 0, 2.0**950], [-1, 0, 1], [0, 2]),
    ],
)
def test_collinear_at_the_edge(x: list[float], y: list[float], kept: list[int]) -> None:
    assert vertices(x, y) == kept


def test_one_run_of_a_million_has_no_collinear_points() -> None:
    x = np.arange(1_000_000.0)
    assert Dataset.from_points(x, x**2).vertices().size == 1_000_000
    assert Dataset.from_points(x, 3.0 * x + 1.0).vertices().tolist() == [0, 999_999]
