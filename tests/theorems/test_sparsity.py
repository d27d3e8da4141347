"""Sparsity: with at most 3 points in each run and no active end, the least-norm interpolator is a sparsest one.

[Boursier, Flammarion, NeurIPS 2023, Theorem 3.] With 4 points in a run, or with an active end, it need not be. The
fewest kinks of any interpolator are `sum ceil(k / 2)` over the runs [Debarre, Denoyelle, Unser, Fageot, JCAM 2022],
here compared with a search over all patterns in exact arithmetic.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracles.counting import count_by_trial
from tests.oracles.generated import abscissae, convex, from_curvature, integers, some
from tests.theorems.answers import answer

CURVATURES = st.lists(st.integers(-2, 2), min_size=1, max_size=12)


def test_the_search_by_hand() -> None:
    assert count_by_trial([0, 1, 2], [0, 0, 0]) == 0
    assert count_by_trial([0, 1, 2], [0, 0, 1]) == 1
    assert count_by_trial([0, 1, 2, 3], [1, 0, 0, 1]) == 1
    assert count_by_trial([0, 1, 2, 3], [0, 1, 0, 1]) == 2
    assert count_by_trial([0, 1, 2, 3, 4], [1, 0, 0, 0, 1]) == 2


@settings(deadline=None)
@given(CURVATURES)
def test_the_fewest_kinks_are_counted_right(eps: list[int]) -> None:
    x, y = from_curvature(np.arange(len(eps) + 2.0), np.array(eps, dtype=float))
    assert answer(x, y)["fewest_kinks"] == count_by_trial(x, y)


def test_the_fewest_kinks_on_uneven_data() -> None:
    random = np.random.default_rng(3)
    for _ in range(60):
        x, y = integers(random, 15)
        assert answer(x, y)["fewest_kinks"] == count_by_trial(x, y)


@pytest.mark.parametrize("shape", ["convex", "mixed", "one_left", "integers", "alternating"])
def test_never_fewer_than_possible_nor_more_than_points(shape: str) -> None:
    for x, y in some(shape, 100):
        wire = answer(x, y)
        assert wire["fewest_kinks"] <= wire["kink_count"] <= max(len(x) - 1, 0)
        assert wire["is_sparsest"] == (wire["kink_count"] == wire["fewest_kinks"])


def test_runs_of_at_most_three_are_sparsest() -> None:
    random = np.random.default_rng(4)
    for _ in range(300):
        signs = [s for i in range(6) for s in [(-1) ** i] * int(random.integers(1, 4))]
        x = 1.0 + np.abs(abscissae(random, 1)) + np.cumsum(random.uniform(0.2, 2.0, len(signs) + 2))
        points = from_curvature(x, np.array(signs) * random.uniform(0.1, 3.0, len(signs)))
        assert answer(*points)["is_sparsest"]


def test_runs_of_four_need_not_be() -> None:
    """Both happen, often."""
    random = np.random.default_rng(5)
    sparsest = [answer(*convex(random, 6))["is_sparsest"] for _ in range(300)]
    assert 30 < sum(sparsest) < 270


def test_an_active_end_gives_a_run_of_two_two_kinks() -> None:
    x = [-10.429, -4.369, -2.003, 6.131]
    _, y = from_curvature(np.array(x), np.array([1.0, 1.0]))
    wire = answer(x, y)
    assert wire["kink_count"] == 2
    assert wire["fewest_kinks"] == 1
    assert not wire["is_sparsest"]
