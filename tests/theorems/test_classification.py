"""Classification: hard margins, hinge and logistic losses, boundaries."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.oracles.fits import CLASSIFICATIONS, SETTINGS, Problem, some_problems
from tests.oracles.fits_by_patterns import least_by_patterns
from tests.oracles.fits_on_grid import bounds_by_grid
from tests.theorems.fits import check, check_against, fitted, slopes
from workers.minnorm.errors import NoMinimum

Floats = NDArray[np.float64]

IN_ANY_SETTING = pytest.mark.parametrize("setting", SETTINGS)
OF_ANY_LOSS = pytest.mark.parametrize("loss", CLASSIFICATIONS)


def hard(x: Floats, y: Floats, setting: tuple[bool, bool]) -> Problem:
    return Problem(x, y, np.ones_like(x), "hard_margin", 1.0, *setting)


@IN_ANY_SETTING
@pytest.mark.parametrize("loss", ["hinge", "logistic"])
@pytest.mark.parametrize(("distinct", "ties", "weighted"), [(4, 2, True), (6, 0, False), (7, 3, True)])
def test_the_objective_is_the_least(
    loss: str, setting: tuple[bool, bool], distinct: int, ties: int, weighted: bool
) -> None:
    for each in some_problems(1, 4, loss, setting, distinct, ties, weighted):
        found = fitted(each)
        check(each, found)
        check_against(least_by_patterns(each), found)


@IN_ANY_SETTING
@pytest.mark.parametrize(("distinct", "ties"), [(3, 0), (5, 3), (8, 0)])
def test_hard_margins_of_least_norm(setting: tuple[bool, bool], distinct: int, ties: int) -> None:
    for each in some_problems(2, 5, "hard_margin", setting, distinct, ties):
        found = fitted(each)
        check(each, found)
        assert np.min(each.y * found.fitted) >= 1.0 - 1e-12
        assert found.objective == found.norm
        assert found.loss == 0.0
        check_against(least_by_patterns(each), found)


@pytest.mark.parametrize("skip_connection", [True, False])
@pytest.mark.parametrize("loss", ["hinge", "hard_margin"])
def test_a_grid_of_kinks_bounds_it_on_both_sides(loss: str, skip_connection: bool) -> None:
    """With free biases the kinks may be at the data: see `test_trend_filtering`."""
    for each in some_problems(3, 2, loss, (True, skip_connection), 16, 5, weighted=True):
        bounds, found = bounds_by_grid(each, 500), fitted(each)
        check(each, found)
        assert bounds.lower * (1.0 - 2e-8) <= found.objective <= bounds.upper * (1.0 + 2e-8)


@IN_ANY_SETTING
def test_infeasible_only_with_both_labels_at_one_place(setting: tuple[bool, bool]) -> None:
    random = np.random.default_rng(6)
    for count in (5, 30):
        x = random.uniform(-1.0, 1.0, count)
        x[3] = x[1]
        y = random.choice([-1.0, 1.0], count)
        y[3] = y[1]
        check(hard(x, y, setting), fitted(hard(x, y, setting)))
        y[3] = -y[1]
        refused = fitted(hard(x, y, setting))
        assert refused.outcome == "infeasible"
        assert refused.reason
        assert refused.conflict is not None
        assert sorted(refused.conflict.indices) == [1, 3]
        assert refused.conflict.x == x[1]
        softened = hard(x, y, setting).having(loss="hinge", regularisation=0.1)
        check(softened, fitted(softened))


@IN_ANY_SETTING
@OF_ANY_LOSS
def test_boundaries_are_where_the_sign_changes(loss: str, setting: tuple[bool, bool]) -> None:
    for each in some_problems(4, 3, loss, setting, 8):
        found = fitted(each)
        boundaries = found.boundaries
        assert np.all(np.diff(boundaries) > 0.0)
        steepest = float(np.max(np.abs(slopes(found.function))))
        size = 1.0 + float(np.max(np.abs(found.fitted)))
        assert found.function(boundaries) == pytest.approx(0.0, abs=1e-13 * (size + steepest * 10.0))
        edges = np.concatenate(([-50.0], boundaries, [50.0]))
        signs = [
            _signs(found.function(np.linspace(left, right, 102)[1:-1]), 1e-12 * size) for left, right in pairwise(edges)
        ]
        assert all(len(sign) <= 1 for sign in signs)
        assert all(before | after == {-1.0, 1.0} for before, after in pairwise(signs))


def _signs(values: Floats, rounding: float) -> set[float]:
    return set(np.sign(values[np.abs(values) > rounding]).tolist())


@IN_ANY_SETTING
@OF_ANY_LOSS
def test_order_reflection_and_swapped_labels(loss: str, setting: tuple[bool, bool]) -> None:
    for each in some_problems(5, 2, loss, setting, 7, 2, weighted=True):
        objective = fitted(each).objective
        order = np.random.default_rng(1).permutation(each.x.size)
        moved = each.having(x=each.x[order], y=each.y[order], weights=3.0 * each.weights[order])
        for other in (moved, each.having(x=-each.x), each.having(y=-each.y)):
            assert fitted(other).objective == pytest.approx(objective, rel=2e-8)


def test_hard_margins_by_hand() -> None:
    """With free biases and a skip connection two labels need a line, three a bend of both slopes."""
    x = np.array([-1.0, 0.0, 2.0])
    line = fitted(hard(x[:2], np.array([-1.0, 1.0]), (False, True)))
    assert (line.outcome, line.norm, line.kink_count) == ("optimal", 0.0, 0)
    bend = fitted(hard(x, np.array([-1.0, 1.0, -1.0]), (False, True)))
    assert bend.norm == pytest.approx(2.0 + 1.0, rel=1e-9)
    assert bend.boundaries == pytest.approx([-0.5, 1.0], abs=1e-7)
    # Penalised: the bend could be anywhere in the middle, and is where it costs least; the oracle agrees.
    each = hard(x, np.array([-1.0, 1.0, -1.0]), (True, True))
    assert fitted(each).norm == pytest.approx(least_by_patterns(each), rel=1e-7)


@IN_ANY_SETTING
@pytest.mark.parametrize("label", [-1.0, 1.0])
def test_one_label_only(setting: tuple[bool, bool], label: float) -> None:
    """A constant: free with a skip connection or free biases, otherwise one neuron without hidden weight at most."""
    penalise_biases, skip_connection = setting
    x = np.array([-1.0, 0.5, 0.5, 2.0])
    found = fitted(hard(x, np.full(4, label), setting))
    assert found.outcome == "optimal"
    assert np.min(label * found.fitted) >= 1.0 - 1e-12
    expected = 1.0 if penalise_biases and not skip_connection else 0.0
    assert found.norm == pytest.approx(expected, abs=1e-9)
    assert found.boundaries.size == 0 or penalise_biases


@IN_ANY_SETTING
@OF_ANY_LOSS
def test_labels_that_a_line_separates(loss: str, setting: tuple[bool, bool]) -> None:
    """With a skip connection nothing is paid; the logistic loss then has no least value, and the request is refused."""
    x = np.array([-2.0, -1.0, 1.0, 3.0])
    each = Problem(x, np.array([-1.0, -1.0, 1.0, 1.0]), np.ones(4), loss, 0.1, *setting)
    each = each.having(regularisation=1.0) if loss == "hard_margin" else each
    if loss == "logistic" and setting[1]:
        with pytest.raises(NoMinimum):
            fitted(each)
        return
    found = fitted(each)
    check(each, found)
    check_against(least_by_patterns(each), found)


@IN_ANY_SETTING
def test_logistic_losses_lie_between(setting: tuple[bool, bool]) -> None:
    """`log 2` is lost by the zero function; with little regularisation noisy labels lose their entropy."""
    x = np.repeat([0.0, 1.0, 3.0], [4, 3, 5])
    y = np.array([1, 1, 1, -1, -1, -1, 1, -1, -1, 1, 1, 1], dtype=float)
    each = Problem(x, y, np.ones(12), "logistic", 1e3, *setting)
    assert fitted(each).objective <= np.log(2.0) + 1e-12
    shares = np.array([3 / 4, 1 / 3, 3 / 5])
    entropy = -(shares * np.log(shares) + (1 - shares) * np.log(1 - shares))
    close = fitted(each.having(regularisation=1e-8))
    assert close.outcome == "optimal"
    assert close.loss == pytest.approx(float(np.array([4, 3, 5]) @ entropy / 12), abs=1e-7)
    logits = np.log(shares / (1 - shares))
    assert close.fitted == pytest.approx(np.repeat(logits, [4, 3, 5]), abs=1e-3)
