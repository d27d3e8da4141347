import numpy as np
import pytest

from workers.fitting.sample import Sample, least_squares_line
from workers.minnorm.errors import LengthMismatch, MinnormError, NotFinite, NotPositive, Overflow, TooFewPoints


def test_observations_are_sorted_and_grouped() -> None:
    sample = Sample.from_observations([2.0, 0.0, 2.0, 1.0], [5.0, 6.0, 7.0, 8.0], [1.0, 2.0, 3.0, 2.0])
    assert sample.x.tolist() == [0.0, 1.0, 2.0]
    assert sample.group.tolist() == [0, 1, 2, 2]
    assert sample.y.tolist() == [6.0, 8.0, 5.0, 7.0]
    assert sample.weights.tolist() == [0.25, 0.25, 0.125, 0.375]
    assert sample.order.tolist() == [1, 3, 0, 2]
    assert sample.weight_of_groups.tolist() == [0.25, 0.25, 0.5]
    assert sample.means.tolist() == [6.0, 8.0, 6.5]
    assert sample.as_given(sample.y).tolist() == [5.0, 6.0, 7.0, 8.0]


def test_without_weights_all_count_alike() -> None:
    assert Sample.from_observations([1.0, 0.0, 1.0, 3.0], [0.0] * 4).weights.tolist() == [0.25] * 4


@pytest.mark.parametrize("unit", [2.0**-900, 1.0, 2.0**950])
def test_weights_have_no_unit(unit: float) -> None:
    weights = np.array([1.0, 2.0, 5.0])
    assert Sample.from_observations([0, 1, 2], [0, 0, 0], unit * weights).weights.tolist() == [0.125, 0.25, 0.625]


def test_means_keep_their_digits_far_from_zero() -> None:
    sample = Sample.from_observations([0.0, 0.0, 1.0], [1e15, 1e15 + 1.0, 0.0], [3.0, 1.0, 1.0])
    assert sample.means[0] - 1e15 == pytest.approx(0.25, abs=0.13)


@pytest.mark.parametrize(
    ("x", "y", "weights", "error", "pointer"),
    [
        ([0.0, 1.0], [0.0], None, LengthMismatch, "/y"),
        ([0.0, 1.0], [0.0, np.nan], None, NotFinite, "/y/1"),
        ([0.0, np.inf], [0.0, 1.0], None, NotFinite, "/x/1"),
        ([1.0, 1.0], [0.0, 1.0], None, TooFewPoints, "/x"),
        ([], [], None, TooFewPoints, "/x"),
        ([], [], [], TooFewPoints, "/x"),
        ([0.0, 1.0], [0.0, 1.0], [1.0], LengthMismatch, "/weights"),
        ([0.0, 1.0], [0.0, 1.0], [1.0, 0.0], NotPositive, "/weights/1"),
        ([0.0, 1.0], [0.0, 1.0], [-1.0, 1.0], NotPositive, "/weights/0"),
        ([0.0, 1.0], [0.0, 1.0], [1.0, np.nan], NotFinite, "/weights/1"),
        ([0.0, 1.0], [0.0, 1.0], [1e-300, 1e280], Overflow, "/weights/0"),
        ([0.0, 1e-300], [-1.0, 1.0], None, Overflow, "/x"),
    ],
)
def test_what_is_refused(
    x: list[float], y: list[float], weights: list[float] | None, error: type[MinnormError], pointer: str
) -> None:
    with pytest.raises(error) as caught:
        Sample.from_observations(x, y, weights)
    assert caught.value.pointer == pointer


def test_the_line_of_least_squares() -> None:
    random = np.random.default_rng(3)
    x, y, weights = random.integers(0, 9, 40).astype(float), random.normal(size=40), random.uniform(0.5, 2.0, 40)
    slope, first = least_squares_line(Sample.from_observations(x, y, weights))
    expected = np.polyfit(x, y, 1, w=np.sqrt(weights))
    assert slope == pytest.approx(expected[0], rel=1e-12)
    assert first == pytest.approx(np.polyval(expected, x.min()), rel=1e-12)
