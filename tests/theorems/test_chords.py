"""Where the curvatures of two neighbouring points differ in sign or one vanishes, the interpolator is the chord.

[Boursier, Flammarion, NeurIPS 2023; Debarre, Denoyelle, Unser, Fageot, JCAM 2022.] So the problem falls apart into runs
of points whose curvature has one sign, and a run's kinks have that sign.
"""

from itertools import pairwise

import pytest

from tests.oracles.generated import SHAPES, some
from tests.theorems.answers import answer, curvatures

EXACT = [shape for shape in SHAPES if shape not in {"decimals", "clustered", "symmetric"}]
"""Data whose curvatures have a sign beyond their rounding."""


def test_by_hand() -> None:
    """A zigzag is its own interpolator."""
    wire = answer([0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 0.0, 1.0])
    assert wire["function"]["kinks"] == [1.0, 2.0]
    assert wire["function"]["slope_changes"] == [-2.0, 2.0]
    assert wire["norm"] == pytest.approx(2 * 2**0.5 + 2 * 5**0.5)


@pytest.mark.parametrize("shape", EXACT)
def test_no_kink_inside_where_the_curvature_changes_sign(shape: str) -> None:
    for x, y in some(shape, 60):
        kinks = answer(x, y)["function"]["kinks"]
        eps = curvatures(x, y)
        for i, (before, after) in enumerate(pairwise(eps)):
            if before * after <= 0.0:
                assert not any(x[i + 1] < kink < x[i + 2] for kink in kinks), (x, y)


@pytest.mark.parametrize("shape", EXACT)
def test_kinks_have_the_sign_of_their_run(shape: str) -> None:
    for x, y in some(shape, 60):
        function = answer(x, y)["function"]
        eps = [0.0, *curvatures(x, y), 0.0]
        for kink, change in zip(function["kinks"], function["slope_changes"], strict=True):
            near = [eps[i] for i in range(len(x)) if x[max(i - 1, 0)] <= kink <= x[min(i + 1, len(x) - 1)]]
            assert any(change * curvature > 0.0 for curvature in near), (x, y)


def test_runs_do_not_interact() -> None:
    """The norm of a series is the sum over its runs, each with its neighbours alone."""
    x = [1.0, 2.0, 3.5, 4.0, 5.0, 6.0, 7.5, 9.0]
    y = [0.0, 0.0, 1.0, 2.0, 4.5, 5.0, 4.0, 0.0]  # curvature: + + + then - - -
    parts = answer(x[:6], [*y[:5], 7.0])["norm"], answer(x[3:], y[3:])["norm"]
    assert curvatures(x, y)[2] > 0.0 > curvatures(x, y)[3]
    assert answer(x[:6], [*y[:5], 7.0])["kink_count"] == 2
    assert parts[1] == pytest.approx(answer(x, y)["norm"] - answer(x[:6], [*y[:5], 7.0])["norm"])
