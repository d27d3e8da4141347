"""Regression: the objective is the least there is, by programs that share nothing with the solvers; symmetries."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.oracles.affine_fits import affine_fit, least_affine
from tests.oracles.cone import least_norm_by_cones
from tests.oracles.fits import REGRESSIONS, SETTINGS, Problem, some_problems
from tests.oracles.fits_by_patterns import least_by_patterns
from tests.oracles.fits_on_grid import bounds_by_grid
from tests.oracles.patterns import least_norm_by_patterns
from tests.theorems.fits import check, check_against, fitted

Floats = NDArray[np.float64]

DATA = Path(__file__).parents[1] / "data"
IN_ANY_SETTING = pytest.mark.parametrize("setting", SETTINGS)
OF_ANY_LOSS = pytest.mark.parametrize("loss", REGRESSIONS)
FIVE = np.array([-1.5, -1.0, 0.0, 0.25, 2.0]), np.array([0.7, -0.3, -0.3, 0.4, 0.2])


def problem(x: Floats, y: Floats, regularisation: float, **more: object) -> Problem:
    return Problem(x, y, np.ones_like(x), regularisation=regularisation).having(**more)


@IN_ANY_SETTING
@OF_ANY_LOSS
@pytest.mark.parametrize(
    ("distinct", "ties", "weighted"), [(2, 2, True), (3, 0, False), (6, 0, True), (7, 3, True), (25, 5, True)]
)
def test_the_objective_is_the_least(
    loss: str, setting: tuple[bool, bool], distinct: int, ties: int, weighted: bool
) -> None:
    for each in some_problems(1, 1 if distinct > 20 else 4, loss, setting, distinct, ties, weighted):
        found = fitted(each)
        check(each, found)
        check_against(least_by_patterns(each), found)


@pytest.mark.parametrize("skip_connection", [True, False])
@OF_ANY_LOSS
def test_a_grid_of_kinks_bounds_it_on_both_sides(loss: str, skip_connection: bool) -> None:
    """With free biases the kinks may be at the data: see `test_trend_filtering`."""
    for each in some_problems(2, 2, loss, (True, skip_connection), 8, 3, weighted=True):
        bounds, found = bounds_by_grid(each), fitted(each)
        check(each, found)
        assert bounds.lower * (1.0 - 1e-8) - 1e-9 <= found.objective <= bounds.upper * (1.0 + 1e-8) + 1e-9


@pytest.mark.parametrize(
    ("penalise_biases", "least"), [(True, 0.0080267393), (False, 0.0075320408)], ids=["penalised", "free"]
)
def test_what_training_aims_at(penalise_biases: bool, least: float) -> None:
    """The global optima of the training example of Boursier and Flammarion: 1e-3 of half the sum of squares."""
    each = problem(*FIVE, 1e-3, penalise_biases=penalise_biases, skip_connection=False)
    found = fitted(each)
    check(each, found)
    assert found.objective == pytest.approx(least, abs=1e-10)
    if penalise_biases:
        assert found.function.kinks == pytest.approx([-0.42973, 0.25], abs=5e-6)


@pytest.mark.parametrize("penalise_biases", [True, False])
@pytest.mark.parametrize("skip_connection", [True, False])
def test_one_kink_an_interval(penalise_biases: bool, skip_connection: bool) -> None:
    """A fit is the interpolator of least norm of its own values.

    Without a skip connection there may be two in one interval, where the dual's line vanishes, and one on either side.
    """
    random = np.random.default_rng(5)
    for n in (20, 60):
        x = np.sort(random.uniform(-2.0, 2.0, n))
        y = np.abs(x) - 2.0 * np.maximum(x - 0.7, 0.0) + random.normal(scale=0.1, size=n)
        each = problem(x, y, 1e-3, penalise_biases=penalise_biases, skip_connection=skip_connection)
        found = fitted(each)
        check(each, found)
        kinks = found.function.kinks
        inside = kinks[(kinks > x[0]) & (kinks < x[-1])]
        assert skip_connection is False or inside.size == kinks.size
        crowd = np.bincount(np.searchsorted(x, inside[~np.isin(inside, x)]), minlength=n)
        assert np.max(crowd) <= (1 if skip_connection else 2)
        assert np.sum(crowd == 2) <= 1


@IN_ANY_SETTING
def test_few_kinks_of_a_function_with_three(setting: tuple[bool, bool]) -> None:
    penalise_biases, skip_connection = setting
    random = np.random.default_rng(3)
    x = np.sort(random.uniform(-2.0, 2.0, 200))
    y = np.abs(x) - 2.0 * np.maximum(x - 0.7, 0.0) + 2.0 * np.maximum(x - 1.3, 0.0) + random.normal(scale=0.1, size=200)
    each = problem(x, y, 3e-3, penalise_biases=penalise_biases, skip_connection=skip_connection)
    found = fitted(each)
    check(each, found)
    assert 3 <= found.kink_count <= 9
    assert np.min(np.abs(found.function.slope_changes)) > 1e-4 * np.max(np.abs(found.function.slope_changes))


@IN_ANY_SETTING
@OF_ANY_LOSS
def test_reflection_and_order(loss: str, setting: tuple[bool, bool]) -> None:
    for each in some_problems(3, 2, loss, setting, 8, 3, weighted=True):
        found = fitted(each)
        order = np.random.default_rng(1).permutation(each.x.size)
        for other in (
            each.having(x=each.x[order], y=each.y[order], weights=7.0 * each.weights[order]),
            each.having(x=-each.x[order], y=each.y[order], weights=each.weights[order]),
            each.having(x=each.x[order], y=-each.y[order], weights=each.weights[order]),
        ):
            moved = fitted(other)
            check(other, moved)
            assert moved.objective == pytest.approx(found.objective, rel=2e-8)


@IN_ANY_SETTING
def test_scaling(setting: tuple[bool, bool]) -> None:
    """With the ordinates the norm and the absolute loss scale alike, the squared loss by the square."""
    for loss, powers in (("squared", (1.0, 2.0)), ("absolute", (0.0, 1.0))):
        for each in some_problems(4, 2, loss, setting, 7):
            found = fitted(each)
            for factor in (2.0**-40, -1e6, 37.0):
                size = abs(factor)
                other = each.having(y=factor * each.y, regularisation=each.regularisation * size ** powers[0])
                scaled = fitted(other)
                assert scaled.outcome == "optimal"
                assert scaled.objective == pytest.approx(found.objective * size ** powers[1], rel=2e-8)


@OF_ANY_LOSS
@pytest.mark.parametrize("penalise_biases", [True, False])
def test_an_affine_function_costs_nothing(loss: str, penalise_biases: bool) -> None:
    for each in some_problems(5, 3, loss, (penalise_biases, True), 8, 2, weighted=True):
        found, tilted = fitted(each), fitted(each.having(y=each.y + 3.0 * each.x - 5.0))
        assert tilted.objective == pytest.approx(found.objective, rel=2e-8)
        assert tilted.norm == pytest.approx(found.norm, rel=1e-3, abs=1e-6)


@IN_ANY_SETTING
@OF_ANY_LOSS
def test_twice_observed_is_twice_the_weight(loss: str, setting: tuple[bool, bool]) -> None:
    for each in some_problems(6, 2, loss, setting, 7, 2):
        again = np.concatenate((np.arange(each.x.size), np.arange(0, each.x.size, 2)))
        weights = np.where(np.arange(each.x.size) % 2 == 0, 2.0, 1.0)
        twice = each.having(x=each.x[again], y=each.y[again], weights=np.ones(again.size))
        objective = fitted(each.having(weights=weights)).objective
        assert fitted(twice).objective == pytest.approx(objective, rel=2e-8)


@IN_ANY_SETTING
def test_repeated_abscissae_count_by_their_mean(setting: tuple[bool, bool]) -> None:
    """With the squared loss, and what they scatter by is lost whatever the function."""
    for each in some_problems(7, 3, "squared", setting, 7, 5, weighted=True):
        masses = np.bincount(each.places, each.shares)
        means = np.bincount(each.places, each.shares * each.y) / masses
        scatter = float(each.shares @ (each.y - means[each.places]) ** 2)
        merged = fitted(each.having(x=each.abscissae, y=means, weights=masses))
        assert fitted(each).objective == pytest.approx(merged.objective + scatter, rel=2e-8)


@pytest.mark.parametrize("penalise_biases", [True, False])
def test_much_regularisation_leaves_a_line(penalise_biases: bool) -> None:
    """Exactly from the largest gain of a neuron on; just below it there is a kink."""
    for each in some_problems(8, 6, "squared", (penalise_biases, True), 8, 3, weighted=True):
        limit = least_affine(each)
        level, slope = affine_fit(each)
        for factor in (1.0 + 1e-9, 1.5, 1e3):
            found = fitted(each.having(regularisation=factor * limit))
            assert found.outcome == "optimal"
            assert found.kink_count == 0
            assert found.norm == 0.0
            assert found.fitted == pytest.approx(level + slope * each.x, abs=1e-9)
        bent = fitted(each.having(regularisation=0.999 * limit))
        assert bent.outcome == "optimal"
        assert bent.norm > 0.0


@pytest.mark.parametrize("penalise_biases", [True, False])
@OF_ANY_LOSS
def test_much_regularisation_without_skip_leaves_zero_or_a_constant(loss: str, penalise_biases: bool) -> None:
    """A constant costs nothing where biases are free."""
    for each in some_problems(9, 2, loss, (penalise_biases, False), 6, 2):
        found = fitted(each.having(regularisation=1e3))
        assert found.outcome == "optimal"
        assert found.norm == pytest.approx(0.0, abs=1e-12)
        assert np.ptp(found.fitted) == pytest.approx(0.0, abs=1e-10)
        if penalise_biases:
            assert found.fitted == pytest.approx(np.zeros(each.x.size), abs=1e-10)


@IN_ANY_SETTING
@OF_ANY_LOSS
def test_little_regularisation_interpolates(loss: str, setting: tuple[bool, bool]) -> None:
    """The objective over the regularisation tends to the least norm of an interpolator, from below."""
    penalise_biases, skip_connection = setting
    for each in some_problems(10, 2, loss, setting, 7):
        order = np.argsort(each.x)
        x, y = each.x[order].tolist(), each.y[order].tolist()
        turns = np.diff(np.diff(y) / np.diff(x))
        ends = (y[1] - y[0]) / (x[1] - x[0]) + (y[-1] - y[-2]) / (x[-1] - x[-2])
        norm = float(np.sum(np.abs(turns)))
        if penalise_biases:
            norm = least_norm_by_cones(x, y) if skip_connection else least_norm_by_patterns(x, y)
        elif not skip_connection:
            norm = max(norm, (norm + abs(ends)) / 2.0)
        found = fitted(each.having(regularisation=1e-6))
        check(each.having(regularisation=1e-6), found)
        assert found.objective / 1e-6 <= norm * (1.0 + 1e-7)
        assert found.objective / 1e-6 == pytest.approx(norm, rel=1e-3)
        assert found.fitted == pytest.approx(each.y, abs=1e-3)


@IN_ANY_SETTING
@OF_ANY_LOSS
def test_more_regularisation_more_loss_less_norm(loss: str, setting: tuple[bool, bool]) -> None:
    """The objective is a concave function of it, whose slope is the norm."""
    for each in some_problems(11, 1, loss, setting, 12, 3, weighted=True):
        regularisations = np.geomspace(1e-4, 1.0, 8)
        found = [fitted(each.having(regularisation=float(each_one))) for each_one in regularisations]
        for (less, before), (more, after) in pairwise(zip(regularisations, found, strict=True)):
            slack = 2e-8 * after.objective
            assert after.loss >= before.loss - slack * more / (more - less)
            assert after.norm <= before.norm + slack / (more - less)
            assert after.norm * (more - less) - slack <= after.objective - before.objective
            assert after.objective - before.objective <= before.norm * (more - less) + slack


@pytest.mark.parametrize("loss", REGRESSIONS)
@pytest.mark.parametrize("name", ["nile.csv", "sunspots.csv", "boursier_flammarion_five_points.csv"])
def test_real_data(name: str, loss: str) -> None:
    """Years as they are, and standardised; also all in one, where abscissae repeat."""
    table = np.loadtxt(DATA / name, delimiter=",", skiprows=1)
    x, y = table[:, 0], table[:, 1]
    unit = (x - np.mean(x)) / np.std(x)
    for abscissae in (x, unit, np.round(unit, 1)):
        for setting in SETTINGS[:: 1 if x.size < 50 else 2]:  # the first line of every fit is free where it is long
            penalise_biases, skip_connection = setting
            each = problem(
                abscissae, y, 1e-2 * float(np.var(y)), loss=loss, delta=10.0, penalise_biases=penalise_biases,
                skip_connection=skip_connection,
            )  # fmt: skip
            check(each, fitted(each))
