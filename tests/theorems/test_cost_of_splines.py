"""Representational cost of piecewise polynomials: `int sqrt(1 + x^2) |f''|` [Boursier, Flammarion, NeurIPS 2023,
Theorem 1] and its three companions, compared with integrals in 200 digits.
"""  # noqa: D205

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.interpolate import Akima1DInterpolator, CubicSpline, PchipInterpolator

from tests.oracles.representation import Curvature
from workers.minnorm.norms import function_norm
from workers.minnorm.piecewise_linear import PiecewiseLinear
from workers.minnorm.polynomial import PiecewisePolynomial, polynomial_norm
from workers.minnorm.setting import Setting

Floats = NDArray[np.float64]
Form = tuple[Floats, Floats]
SETTINGS = [Setting(penalise, skip) for penalise in (True, False) for skip in (True, False)]


def cost_of(form: Form, setting: Setting) -> float:
    polynomial = PiecewisePolynomial.from_numbers(form[0], list(form[1]))
    return polynomial_norm(polynomial, setting).representational_cost


def expected(form: Form, setting: Setting) -> float:
    curvature = Curvature(form[0].tolist(), form[1].tolist())
    if setting.skip_connection:
        return curvature.variation(setting.penalise_biases)
    return curvature.cost_without_skip(setting.penalise_biases)


def points(seed: int, steepness: float = 1.0) -> Form:
    rng = np.random.default_rng(seed)
    x = np.cumsum(rng.uniform(0.05, 1.5, size=7)) - 3.0
    return x, rng.normal(size=7) + steepness * x + steepness


def of_degree(degree: int, seed: int, x: Floats) -> Form:
    """Random in every coefficient but the last, which makes it continuous."""
    rng = np.random.default_rng(seed)
    widths = np.diff(x)
    rows = rng.normal(size=(degree + 1, widths.size)) / widths ** np.arange(degree, -1, -1)[:, None]
    for i in range(1, widths.size):
        rows[-1, i] = np.polyval(rows[:, i - 1], widths[i - 1])
    return x, rows


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("make", [CubicSpline, PchipInterpolator, Akima1DInterpolator])
@pytest.mark.parametrize("steepness", [0.0, 30.0])
def test_interpolators_of_scipy(make: Callable[..., Any], setting: Setting, steepness: float) -> None:
    for seed in range(2):
        spline = make(*points(seed, steepness))
        form = spline.x, spline.c
        assert cost_of(form, setting) == pytest.approx(expected(form, setting), rel=2e-14)


PLACES = {
    "around zero": np.array([-2.0, -0.5, 0.0, 1.0, 3.0]),
    "far away": 1e6 + np.array([0.0, 1.0, 2.5]),
    "tiny and far away": 1e6 + np.array([0.0, 1e-9, 4e-9]),
    "tiny": np.array([0.3, 0.3 + 1e-9, 0.3 + 3e-9]),
    "wide": np.array([-1e5, 2e6, 2e9]),
}


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("degree", range(1, 10))
def test_any_degree_anywhere(degree: int, where: str, setting: Setting) -> None:
    form = of_degree(degree, degree, PLACES[where])
    assert cost_of(form, setting) == pytest.approx(expected(form, setting), rel=1e-13)


def test_double_and_clustered_zeros() -> None:
    """`f'' = 12 (s - 1/2)^2`, which has no change of sign, and `prod (s - z)` with zeros 1e-5 apart."""
    half = np.array([1.0, -2.0, 1.5, 0.0, 0.0])[:, None]
    for setting in SETTINGS:
        form = np.array([0.0, 1.0]), half
        assert cost_of(form, setting) == pytest.approx(expected(form, setting), rel=1e-14)
        clustered = np.asarray(np.polyint(np.poly([0.5, 0.50001, 0.50002, 0.7, 0.70001]), 2), dtype=np.float64)[:, None]
        form = np.array([2.0, 3.0]), clustered
        assert cost_of(form, setting) == pytest.approx(expected(form, setting), rel=1e-12)


@pytest.mark.parametrize("setting", SETTINGS)
def test_of_degree_one_it_is_the_norm_of_a_function(setting: Setting) -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        kinks = np.sort(rng.normal(size=6) * 10.0 ** rng.uniform(-1, 1))
        changes, slope, value = rng.normal(size=4), 3.0 * rng.normal(), 10.0 * rng.normal()
        function = PiecewiseLinear.from_numbers(float(kinks[0]), value, slope, kinks[1:-1], changes)
        rows = np.stack((slope + np.cumsum(np.concatenate(([0.0], changes))), function(kinks[:-1])))
        assert cost_of((kinks, rows), setting) == pytest.approx(
            function_norm(function, setting).representational_cost, rel=1e-13
        )


@pytest.mark.parametrize("setting", SETTINGS)
def test_piecewise_linear_functions_come_close(setting: Setting) -> None:
    spline = CubicSpline(*points(5, 4.0))
    x = np.unique(np.concatenate([np.linspace(a, b, 2001) for a, b in zip(spline.x, spline.x[1:], strict=False)]))
    ends = spline.derivative()(spline.x[[0, -1]])
    slopes = np.concatenate((ends[:1], np.diff(spline(x)) / np.diff(x), ends[1:]))
    close = PiecewiseLinear.from_numbers(float(x[0]), float(spline(x[0])), float(slopes[0]), x, np.diff(slopes))
    least = function_norm(close, setting).representational_cost
    assert cost_of((spline.x, spline.c), setting) == pytest.approx(least, rel=1e-6)
