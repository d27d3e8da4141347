"""Shares of kinks: few are shared, extremes are survived, and rounding is told from what is there."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.minnorm.zonotope import Facing, face, line_norm

NUMBERS = st.integers(-40, 40).map(lambda i: i / 8)
KINKS = st.dictionaries(NUMBERS, NUMBERS.filter(bool), max_size=7)


def left_over(kinks: np.ndarray, changes: np.ndarray, line: tuple[float, float], facing: Facing) -> tuple[float, float]:
    """The line without the kinks that face left, exactly."""
    slope, intercept = Fraction(line[0]), Fraction(line[1])
    for kink, change, share in zip(kinks.tolist(), changes.tolist(), facing.left_shares.tolist(), strict=True):
        slope += Fraction(change) * Fraction(share)
        intercept -= Fraction(change) * Fraction(share) * Fraction(kink)
    return float(slope), float(intercept)


@pytest.mark.parametrize("line", [(0.0, 0.0), (1.0, 0.0), (-2.0, 1.0), (1.0, 3.0), (0.0, -2.0), (3.0, 3.0 / 3**0.5)])
def test_the_norm_of_a_line(line: tuple[float, float]) -> None:
    constants = np.linspace(-4, 4, 80001)
    by_search = np.min(2 * np.hypot(line[0], line[1] - constants) + np.abs(constants))
    assert line_norm(*line) == pytest.approx(by_search, abs=1e-7)


@settings(deadline=None)  # the first example compiles
@given(KINKS, NUMBERS, NUMBERS, st.booleans())
def test_at_most_two_kinks_are_shared(
    by_place: dict[float, float], slope: float, intercept: float, penalise_biases: bool
) -> None:
    kinks = np.array(sorted(by_place))
    changes = np.array([by_place[kink] for kink in sorted(by_place)])
    facing = face(kinks, changes, (slope, intercept), penalise_biases)
    shares = facing.left_shares
    assert np.all((shares >= 0.0) & (shares <= 1.0))
    assert np.sum((shares > 0.0) & (shares < 1.0)) <= 2
    assert facing.line == pytest.approx(left_over(kinks, changes, (slope, intercept), facing), abs=1e-13)
    assert (facing.dual is None) is not penalise_biases


def test_a_line_of_rounding_is_none() -> None:
    """0.1 + 0.2 is not 0.3: a function of right-facing neurons must not get a pair of neurons for 5e-17."""
    kinks, changes = np.array([-1.0, 2.0]), np.array([1.0, 1.0])
    for penalise_biases in (True, False):
        assert face(kinks, changes, (0.1 + 0.2 - 0.3, 0.3 - 0.2 - 0.1), penalise_biases).line == (0.0, 0.0)
        assert face(kinks, changes, (1e-10, 0.0), penalise_biases).left_shares.sum() < 1e-9
    assert face(kinks[:1], changes[:1], (1e-10, 0.0), penalise_biases=True).line[0] == 1e-10


@pytest.mark.parametrize("constant", [0.1, -0.1])
def test_with_free_biases_the_least_constant_is_left(constant: float) -> None:
    """(|x + 1| + |x - 4|) / 2 + c: turning kinks gives all c up to 5 / 2 in magnitude."""
    kinks, changes = np.array([-1.0, 4.0]), np.array([1.0, 1.0])
    line = (-1.0, 1.5 + np.copysign(2.5, constant) + constant)
    assert face(kinks, changes, line, penalise_biases=False).line == pytest.approx((0.0, constant))


def test_small_kinks_far_away() -> None:
    """They weigh by their moment: a window has to find the one of slope change 1e-25, at 1e20, beside large ones."""
    kinks, changes = np.array([-1.0, 1.0, 1e20]), np.array([1.0, 1.0, 1e-25])
    facing = face(kinks, changes, (-1.0, 1.0 + 3e-6), penalise_biases=True)
    assert facing.line == (0.0, 0.0)
    assert facing.dual == (0.0, 0.0)
    far = face(np.array([-1e300, 1e300]), np.array([1e-20, 1e-20]), (0.0, 1e270), penalise_biases=True)
    assert np.isfinite(far.left_shares).all()


@pytest.mark.parametrize("penalise_biases", [True, False])
@pytest.mark.parametrize("sign", [1.0, 0.0])
def test_a_million_kinks(penalise_biases: bool, sign: float) -> None:
    """The line is left over exactly, and what `z` proves is what the shares cost, to 13 digits."""
    rng = np.random.default_rng(1)
    kinks = np.sort(rng.normal(size=1_000_000))
    changes = rng.normal(size=kinks.size)
    changes = np.where(sign > 0.0, np.abs(changes), changes)
    line = (-0.3 * sign * float(changes.sum()), 7.0)
    facing = face(kinks, changes, line, penalise_biases)
    kept = changes * facing.left_shares
    scale = float(np.abs(changes).sum())
    assert facing.line[0] == pytest.approx(line[0] + kept.sum(), abs=1e-13 * scale)
    assert facing.line[1] == pytest.approx(line[1] - kept @ kinks, abs=1e-12 * scale)
    if facing.dual is not None:
        a, b = facing.dual
        bound = a * line[0] + b * line[1] + np.sum(np.minimum(0.0, changes * (a - b * kinks)))
        assert bound == pytest.approx(line_norm(*facing.line), abs=1e-13 * scale)
