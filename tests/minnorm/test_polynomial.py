"""Piecewise polynomials: their form is SciPy's, what jumps is refused, and nothing overflows silently."""

from typing import Any

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from workers.minnorm.errors import KinkOrder, LengthMismatch, MinnormError, NotContinuous, NotFinite, Overflow
from workers.minnorm.polynomial import PiecewisePolynomial, polynomial_norm
from workers.minnorm.setting import Setting

SETTINGS = [Setting(penalise, skip) for penalise in (True, False) for skip in (True, False)]


def costs(breakpoints: Any, coefficients: Any) -> list[float]:
    """In all settings: penalised with skip and without, free with skip and without."""
    polynomial = PiecewisePolynomial.from_numbers(breakpoints, coefficients)
    return [polynomial_norm(polynomial, setting).representational_cost for setting in SETTINGS]


def test_by_hand() -> None:
    """`x^2` on [0, 1] and affine beyond: `2 int sqrt(1 + x^2) = sqrt 2 + asinh 1`, and slopes 0 and 2 at the ends."""
    weighted = np.sqrt(2) + np.arcsinh(1)
    assert costs([0.0, 1.0], [[1.0], [0.0], [0.0]]) == pytest.approx([weighted, weighted, 2.0, 2.0], rel=1e-15)
    assert costs([-1.0, 0.0, 1.0], [[-1.0, 1.0], [1.0, 0.0]]) == pytest.approx([2.0, 2.0, 2.0, 2.0])  # |x|
    assert costs([0.0, 5.0], [[-3.0]]) == [0.0, 3.0, 0.0, 0.0]
    assert costs([1.0, 5.0], [[2.0], [2.0]]) == pytest.approx([0.0, 4.0, 0.0, 4.0])  # 2 x
    assert costs([0.0, 1.0], [[0.0], [0.0], [0.0], [0.0]]) == [0.0, 0.0, 0.0, 0.0]


def test_rows_are_those_of_scipy() -> None:
    spline = CubicSpline([0.0, 1.0, 3.0], [0.0, 1.0, -1.0])
    places = np.linspace(0.0, 3.0, 300_001)
    by_sum = np.abs(np.diff(spline(places, 1))).sum()
    assert costs(spline.x, list(spline.c))[2] == pytest.approx(by_sum, rel=1e-9)


def test_smooth_splines_have_no_jumps() -> None:
    """A jump of the slope by rounding, 1e-9 here, would be seen beside a curvature of 1e-7."""
    x = np.arange(2000.0)
    steep = CubicSpline(x, 1e6 * x + 1e-10 * np.sin(x / 100))
    rows = [steep.c[0] * 0.0, steep.c[1] * 0.0, steep.c[2], steep.c[3]]
    assert np.abs(np.diff(rows[2])).sum() > 0.0
    assert costs(x, rows)[0] == 0.0


@pytest.mark.parametrize(
    ("breakpoints", "coefficients", "error", "pointer"),
    [
        ([0.0], [[]], LengthMismatch, "/breakpoints"),
        ([0.0, 1.0, 1.0], [[1.0, 1.0], [0.0, 1.0]], KinkOrder, "/breakpoints/2"),
        ([0.0, np.nan], [[1.0]], NotFinite, "/breakpoints/1"),
        ([0.0, 1.0], [], LengthMismatch, "/coefficients"),
        ([0.0, 1.0], [[1.0], [1.0, 2.0]], LengthMismatch, "/coefficients/1"),
        ([0.0, 1.0], [[np.inf], [1.0]], NotFinite, "/coefficients/0/0"),
        ([0.0, 1.0], [[1e300]], Overflow, "/coefficients/0/0"),
        ([0.0, 1e200], [[1e-300], [0.0], [1.0], [0.0]], None, ""),
        ([0.0, 1e200], [[1e100], [0.0], [1.0], [0.0]], Overflow, "/coefficients"),
        ([0.0, 1.0, 2.0], [[1.0, 1.0], [0.0, 1.0 + 1e-12]], NotContinuous, "/coefficients"),
        ([0.0, 1.0, 2.0], [[1.0, 1.0], [0.0, 1.0 + 1e-15]], None, ""),
    ],
)
def test_what_is_refused(
    breakpoints: list[float], coefficients: list[list[float]], error: type[MinnormError] | None, pointer: str
) -> None:
    if error is None:
        PiecewisePolynomial.from_numbers(breakpoints, coefficients)
        return
    with pytest.raises(error) as caught:
        PiecewisePolynomial.from_numbers(breakpoints, coefficients)
    assert caught.value.pointer == pointer


@pytest.mark.parametrize("setting", SETTINGS)
def test_norms_that_are_no_double(setting: Setting) -> None:
    """A slope of 1e40 gained at 1e280: that is fine with free biases only."""
    polynomial = PiecewisePolynomial.from_numbers([1e280, 1e280 + 1e265], [[5e-226], [0.0], [0.0]])
    if setting.penalise_biases:
        with pytest.raises(Overflow):
            polynomial_norm(polynomial, setting)
    else:
        assert polynomial_norm(polynomial, setting).representational_cost == pytest.approx(1e40, rel=0.5)


@pytest.mark.parametrize("places", [1e280 * np.array([-1.0, 0.5, 1.0]), 1e-280 * np.array([-1.0, 0.5, 1.0])])
def test_places_far_from_one(places: np.ndarray) -> None:
    """`|f''|` is 1 over the width on the first piece, -2 over it on the second: slopes 0, 1.5, 0.5."""
    unit = float(places[2])
    rows = [[0.5 / unit, -1.0 / unit], [0.0, 1.5], [0.0, 1.125 * unit]]
    result = costs(places, rows)
    assert result[2:] == pytest.approx([2.5, 2.5])
    weights = [0.625 * unit + 1.0 * 0.75 * unit] if unit > 1.0 else [2.5]
    assert result[0] == pytest.approx(weights[0], rel=1e-12)
