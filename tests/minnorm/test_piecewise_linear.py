"""Functions: values against exact arithmetic, norms, and what is refused."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.minnorm.errors import KinkOrder, LengthMismatch, NotFinite, Overflow
from workers.minnorm.piecewise_linear import PiecewiseLinear

NUMBERS = st.floats(-1e6, 1e6)


def exactly(function: PiecewiseLinear, x: float) -> Fraction:
    """From the definition, in rational arithmetic."""
    value = Fraction(function.y0) + Fraction(function.slope0) * (Fraction(x) - Fraction(function.x0))
    for kink, change in zip(function.kinks.tolist(), function.slope_changes.tolist(), strict=True):
        value += Fraction(change) * max(Fraction(x) - Fraction(kink), Fraction(0))
    return value


def test_by_hand() -> None:
    function = PiecewiseLinear.from_numbers(-1.0, 2.0, -1.0, [0.0, 2.0], [2.0, -1.0])
    assert function([-2.0, -1.0, 0.0, 1.0, 2.0, 4.0]).tolist() == [3.0, 2.0, 1.0, 2.0, 3.0, 3.0]
    assert function(1.0) == 2.0
    assert function([[0.0, 2.0], [2.0, 0.0]]).tolist() == [[1.0, 3.0], [3.0, 1.0]]
    assert function([]).size == 0
    assert function.total_variation == 3.0
    assert function.weighted_variation == pytest.approx(2.0 + 5**0.5, rel=1e-15)


@given(
    NUMBERS, NUMBERS, st.lists(st.tuples(NUMBERS, NUMBERS), max_size=8, unique_by=lambda kink: kink[0]),
    st.lists(NUMBERS, min_size=1, max_size=6),
)  # fmt: skip
def test_values_are_rounded_once(
    y0: float, slope0: float, kinks: list[tuple[float, float]], places: list[float]
) -> None:
    kinks = sorted(kinks)
    function = PiecewiseLinear.from_numbers(
        -1e6, y0, slope0, [kink for kink, _ in kinks], [change for _, change in kinks]
    )
    exact = [exactly(function, x) for x in places]
    assert function(places) == pytest.approx([float(value) for value in exact], rel=2**-52, abs=1e-15)
    ascending = np.unique(places)
    rounded = function(ascending)
    residuals = [float(exactly(function, x) - Fraction(y)) for x, y in zip(ascending, rounded, strict=True)]
    assert function.residuals(ascending, rounded) == pytest.approx(residuals, rel=1e-9, abs=1e-15)


def test_many_kinks_lose_no_digits() -> None:
    """A random walk of slopes, far out."""
    random = np.random.default_rng(1)
    kinks = np.cumsum(random.uniform(size=20_000))
    function = PiecewiseLinear.from_numbers(0.0, 0.0, 1 / 3, kinks, random.normal(size=20_000))
    assert function([11_000.1]) == pytest.approx([float(exactly(function, 11_000.1))], rel=2**-52)


@pytest.mark.parametrize("kinks", [[1.0, 1.0], [2.0, 1.0], [-1.0, 1.0]])
def test_kinks_ascend_from_x0(kinks: list[float]) -> None:
    with pytest.raises(KinkOrder) as caught:
        PiecewiseLinear.from_numbers(0.0, 0.0, 0.0, kinks, [1.0, 1.0])
    assert caught.value.pointer == ("/kinks/0" if kinks[0] < 0 else "/kinks/1")


def test_a_kink_at_x0_is_allowed() -> None:
    assert PiecewiseLinear.from_numbers(0.0, 0.0, 0.0, [0.0], [1.0])([2.0]) == [2.0]


@pytest.mark.parametrize(
    ("name", "wrong", "error", "pointer"),
    [
        ("x0", float("nan"), NotFinite, "/x0"),
        ("y0", float("inf"), NotFinite, "/y0"),
        ("slope0", 1e300, Overflow, "/slope0"),
        ("kinks", [0.0, float("nan")], NotFinite, "/kinks/1"),
        ("slope_changes", [1.0], LengthMismatch, "/slope_changes"),
        ("slope_changes", [1.0, 1e300], Overflow, "/slope_changes/1"),
    ],
)
def test_what_is_refused(name: str, wrong: object, error: type[Exception], pointer: str) -> None:
    numbers = {"x0": 0.0, "y0": 0.0, "slope0": 0.0, "kinks": [0.0, 1.0], "slope_changes": [1.0, 1.0], name: wrong}
    with pytest.raises(error) as caught:
        PiecewiseLinear.from_numbers(**numbers)  # type: ignore[arg-type]
    assert getattr(caught.value, "pointer") == pointer  # noqa: B009
