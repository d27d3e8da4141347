"""Free biases: weighted l1 trend filtering on any abscissae, by bounded least squares and linear programs."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.oracles.fits import Problem, some_problems
from tests.oracles.fits_by_patterns import least_by_patterns
from tests.oracles.trend_filtering import filtered, least_by_linear_program
from tests.theorems.fits import check, check_against, fitted

Floats = NDArray[np.float64]

WITH_SKIP, WITHOUT_SKIP = (False, True), (False, False)
LARGE = [(12, 0, False), (20, 5, True), (40, 10, True)]


@pytest.mark.parametrize(("distinct", "ties", "weighted"), LARGE)
def test_the_squared_loss_filters_trends(distinct: int, ties: int, weighted: bool) -> None:
    """Value and function: the squared loss has one minimiser at the data."""
    for each in some_problems(1, 5, "squared", WITH_SKIP, distinct, ties, weighted):
        best, found = filtered(each), fitted(each, gap=1e-10)
        assert best.upper == pytest.approx(best.lower, rel=1e-11)
        check(each, found, gap=1e-10)
        check_against(best.upper, found, 2e-10)
        assert found.fitted == pytest.approx(best.values[each.places], abs=1e-4)


def test_bounded_least_squares_agree_with_all_patterns() -> None:
    for each in some_problems(2, 6, "squared", WITH_SKIP, 7, 3, weighted=True):
        assert filtered(each).upper == pytest.approx(least_by_patterns(each), rel=1e-8)


@pytest.mark.parametrize("setting", [WITH_SKIP, WITHOUT_SKIP])
@pytest.mark.parametrize("loss", ["absolute", "hinge"])
@pytest.mark.parametrize(("distinct", "ties", "weighted"), LARGE)
def test_losses_made_of_lines(loss: str, setting: tuple[bool, bool], distinct: int, ties: int, weighted: bool) -> None:
    for each in some_problems(3, 3, loss, setting, distinct, ties, weighted):
        found = fitted(each)
        check(each, found)
        check_against(least_by_linear_program(each), found, 2e-8)


@pytest.mark.parametrize("setting", [WITH_SKIP, WITHOUT_SKIP])
@pytest.mark.parametrize("loss", ["absolute", "hinge", "hard_margin"])
def test_the_linear_programs_agree_with_all_patterns(loss: str, setting: tuple[bool, bool]) -> None:
    for each in some_problems(4, 4, loss, setting, 6, 0 if loss == "hard_margin" else 3, weighted=True):
        assert least_by_linear_program(each) == pytest.approx(least_by_patterns(each), rel=1e-7, abs=1e-9)


def test_slopes_of_one_sign_cost_without_a_skip_connection() -> None:
    """A line costs its slope: a kink at either end of the data is cheaper than both outer slopes."""
    x = np.array([0.0, 1.0, 2.0, 3.0])
    each = Problem(x, 5.0 * x, np.ones(4), "absolute", 1e-3, penalise_biases=False, skip_connection=False)
    found = fitted(each)
    check(each, found)
    assert found.objective == pytest.approx(5e-3, rel=1e-8)
    assert least_by_linear_program(each) == pytest.approx(5e-3, rel=1e-9)


@pytest.mark.parametrize("n", [10, 200])
def test_uniform_data_by_hand(n: int) -> None:
    """A single bend: the fit is a bend too, and the residuals' moments about it vanish but for the regularisation's."""
    x = np.linspace(-1.0, 1.0, 2 * n + 1)
    each = Problem(x, np.abs(x), np.ones_like(x), "squared", 1e-3, penalise_biases=False)
    found = fitted(each, gap=1e-12)
    check(each, found, gap=1e-12)
    # Among level + change relu(x) by symmetry around level + change |x| / 2: normal equations of two unknowns.
    size, total, square = x.size, float(np.sum(np.abs(x))), float(np.sum(x * x))
    matrix = np.array([[size, total], [total, square]])
    level, half = np.linalg.solve(matrix, [total, square - each.regularisation * size])
    assert found.function.kinks == pytest.approx([0.0], abs=1e-9)
    assert found.fitted == pytest.approx(level + half * np.abs(x), abs=1e-7)
    assert found.norm == pytest.approx(2.0 * half, rel=1e-7)
