"""Fits that have to be monotone, convex or concave on the data."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.oracles.fits import REGRESSIONS, SETTINGS, Problem, some_problems
from tests.oracles.fits_by_patterns import least_by_patterns
from tests.oracles.fits_on_grid import bounds_by_grid
from tests.oracles.trend_filtering import least_by_linear_program
from tests.theorems.fits import check, check_against, fitted, slopes
from workers.fitting.fit import Fit

Floats = NDArray[np.float64]

SHAPES = [
    ("increasing",), ("decreasing",), ("convex",), ("concave",), ("increasing", "convex"), ("concave", "increasing"),
    ("decreasing", "convex"), ("decreasing", "concave"),
]  # fmt: skip
IN_ANY_SETTING = pytest.mark.parametrize("setting", SETTINGS)
OF_ANY_SHAPE = pytest.mark.parametrize("shape", SHAPES, ids="-".join)


def check_shape(problem: Problem, found: Fit) -> None:
    """On the span of the data; with a skip connection there is no kink elsewhere."""
    ends = problem.abscissae[[0, -1]]
    kinks, turns = found.function.kinks, found.function.slope_changes
    size = 1e-12 * (1.0 + float(np.max(np.abs(slopes(found.function)))))
    between = [
        slope
        for (left, right), slope in zip(pairwise([-np.inf, *kinks, np.inf]), slopes(found.function), strict=True)
        if left < ends[1] and right > ends[0]
    ]
    inside = turns[(kinks > ends[0]) & (kinks < ends[1])]
    for name, signed in (("increasing", between), ("convex", inside)):
        if name in problem.shape:
            assert np.min(signed, initial=0.0) >= -size
    for name, signed in (("decreasing", between), ("concave", inside)):
        if name in problem.shape:
            assert np.max(signed, initial=0.0) <= size
    if problem.skip_connection:
        assert inside.size == turns.size
    grid = np.linspace(ends[0], ends[1], 1000)
    falls = np.diff(found.function(grid))
    assert "increasing" not in problem.shape or np.min(falls) >= -size
    assert "decreasing" not in problem.shape or np.max(falls) <= size


@IN_ANY_SETTING
@OF_ANY_SHAPE
def test_the_objective_is_the_least(shape: tuple[str, ...], setting: tuple[bool, bool]) -> None:
    for loss in REGRESSIONS:
        for each in some_problems(1, 2, loss, setting, 6, 2, weighted=True):
            shaped = each.having(shape=shape)
            found = fitted(shaped)
            check(shaped, found)
            check_shape(shaped, found)
            check_against(least_by_patterns(shaped), found)


@pytest.mark.parametrize("skip_connection", [True, False])
@pytest.mark.parametrize(
    "shape", [("increasing",), ("decreasing",), ("convex",), ("concave", "increasing")], ids="-".join
)
def test_a_grid_of_kinks_bounds_it_on_both_sides(shape: tuple[str, ...], skip_connection: bool) -> None:
    """Data far on both sides, so that the ends of a monotone fit are held by its shape alone."""
    random = np.random.default_rng(7)
    x = np.concatenate(([-8.0, -5.0], random.uniform(-0.5, 0.5, 4), [3.0, 9.0]))
    for _ in range(2):
        y = np.sign(random.normal()) * np.arctan(x) + random.normal(scale=0.3, size=x.size)
        each = Problem(x, y, np.ones_like(x), "squared", 3e-3, True, skip_connection, shape)
        bounds, found = bounds_by_grid(each), fitted(each)
        check(each, found)
        check_shape(each, found)
        assert bounds.lower * (1.0 - 1e-8) - 1e-9 <= found.objective <= bounds.upper * (1.0 + 1e-8) + 1e-9
        assert least_by_patterns(each) == pytest.approx(found.objective, rel=1e-7)


@pytest.mark.parametrize(
    ("x", "y", "loss", "regularisation", "shape"),
    [
        ([-8.11, -3.32, 11.73], [-0.36, 0.11, -0.55], "huber", 0.03, "increasing"),
        ([-3.85, -0.24, 3.36, 5.31], [0.13, -0.01, -0.1, -0.33], "squared", 3.6e-4, "decreasing"),
    ],
)
def test_monotone_fits_that_would_dip_in_an_outer_interval(
    x: list[float], y: list[float], loss: str, regularisation: float, shape: str
) -> None:
    """Without a skip connection increasing values and slopes at both ends are not enough: see `fits_by_patterns`.

    Whatever is proved, it is not more than what is so.
    """
    each = Problem(np.array(x), np.array(y), np.ones(len(x)), loss, regularisation, True, False, (shape,))
    bounds, found = bounds_by_grid(each), fitted(each)
    assert least_by_patterns(each) < 0.999 * bounds.lower
    check_shape(each, found)
    assert found.objective >= bounds.lower * (1.0 - 1e-8)
    assert found.certificate.lower_bound <= bounds.upper * (1.0 + 1e-8)
    assert found.outcome != "optimal" or found.objective <= bounds.upper * (1.0 + 1e-7)


@pytest.mark.parametrize("skip_connection", [True, False])
@OF_ANY_SHAPE
def test_free_biases_by_linear_program(shape: tuple[str, ...], skip_connection: bool) -> None:
    for each in some_problems(3, 2, "absolute", (False, skip_connection), 20, 4, weighted=True):
        shaped = each.having(shape=shape)
        found = fitted(shaped)
        check(shaped, found)
        check_shape(shaped, found)
        check_against(least_by_linear_program(shaped), found, 2e-8)


@pytest.mark.parametrize("penalise_biases", [True, False])
def test_a_shape_that_the_fit_has_costs_nothing(penalise_biases: bool) -> None:
    """And one that it has not costs something. With a skip connection a fit of convex data is convex."""
    random = np.random.default_rng(2)
    x = np.sort(random.uniform(-2.0, 2.0, 30))
    for y, shape in ((np.exp(x), ("increasing", "convex")), (-np.abs(x), ("concave",)), (-np.sinh(x), ("decreasing",))):
        each = Problem(x, y, np.ones_like(x), "squared", 1e-3, penalise_biases)
        free, shaped = fitted(each), fitted(each.having(shape=shape))
        check_shape(each.having(shape=shape), free)
        assert shaped.objective == pytest.approx(free.objective, rel=2e-8)
        assert shaped.outcome == "optimal"
        other = fitted(each.having(y=-y, shape=shape))
        assert other.objective > free.objective + 0.1


@IN_ANY_SETTING
def test_reflection(setting: tuple[bool, bool]) -> None:
    for each in some_problems(4, 3, "squared", setting, 7, 2, weighted=True):
        objective = fitted(each.having(shape=("increasing", "convex"))).objective
        for changes in (
            {"x": -each.x, "shape": ("decreasing", "convex")},
            {"y": -each.y, "shape": ("decreasing", "concave")},
            {"x": -each.x, "y": -each.y, "shape": ("increasing", "concave")},
        ):
            other = each.having(**changes)
            found = fitted(other)
            check_shape(other, found)
            assert found.objective == pytest.approx(objective, rel=2e-8)


@pytest.mark.parametrize("penalise_biases", [True, False])
def test_isotonic_means(penalise_biases: bool) -> None:
    """Falling data fitted by an increasing function with a skip connection: their mean, exactly."""
    x = np.arange(6.0)
    each = Problem(x, -x, np.arange(1.0, 7.0), "squared", 1e-2, penalise_biases, shape=("increasing",))
    found = fitted(each)
    check(each, found)
    assert found.norm == pytest.approx(0.0, abs=1e-9)
    assert found.fitted == pytest.approx(np.full(6, float(each.shares @ each.y)), abs=1e-7)


@IN_ANY_SETTING
def test_hard_margins_that_the_shape_forbids(setting: tuple[bool, bool]) -> None:
    """Falling labels have no increasing function, labels that fall and rise no concave one."""
    x = np.array([0.0, 1.0, 2.0])
    for y, forbidden, allowed in (([1, 1, -1], "increasing", "decreasing"), ([1, -1, 1], "concave", "convex")):
        each = Problem(x, np.array(y, dtype=float), np.ones(3), "hard_margin", 1.0, *setting)
        refused = fitted(each.having(shape=(forbidden,)))
        assert refused.outcome == "infeasible"
        assert refused.reason
        shaped = each.having(shape=(allowed,))
        found = fitted(shaped)
        check(shaped, found)
        check_shape(shaped, found)
        check_against(least_by_patterns(shaped), found)


def test_labels_may_be_asked_to_increase() -> None:
    for setting in SETTINGS:
        for loss in ("hinge", "logistic"):
            for each in some_problems(5, 1, loss, setting, 6, 2):
                shaped = each.having(shape=("increasing",))
                found = fitted(shaped)
                check(shaped, found)
                check_shape(shaped, found)
                check_against(least_by_patterns(shaped), found)
