"""Lower bounds and envelopes, against rational arithmetic."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.oracles.exact import worst_ratio as exact_worst_ratio
from tests.oracles.generated import some
from workers.minnorm.certificate import certify, lower_bound, relative_gap, worst_ratio
from workers.minnorm.dataset import Dataset
from workers.minnorm.interpolate import interpolate
from workers.minnorm.piecewise_linear import PiecewiseLinear


def test_a_bound_by_hand() -> None:
    data = Dataset.from_points([-1.0, 0.0, 1.0], [1.0, 0.0, 1.0])
    assert lower_bound(data, np.array([0.0, 1.0, 0.0])) == pytest.approx(2.0, rel=1e-14)
    assert lower_bound(data, np.array([0.0, 0.5, 0.0])) == pytest.approx(1.0, rel=1e-14)
    assert lower_bound(data, np.array([0.0, -1.0, 0.0])) == 0.0
    assert lower_bound(data, np.array([9.0, 1.0, 9.0])) == pytest.approx(2.0, rel=1e-14)  # ends count as zero


def test_a_bound_is_below_the_truth() -> None:
    """By a little more than its own rounding; curvatures of smooth data are differences of nearly equal slopes."""
    x = np.linspace(0.0, 1.0, 2001)
    data = Dataset.from_points(x, np.exp(x))
    answer = interpolate(data)
    slopes = [Fraction(b) - Fraction(a) for a, b in zip(data.y, data.y[1:], strict=False)]
    widths = [Fraction(b) - Fraction(a) for a, b in zip(data.x, data.x[1:], strict=False)]
    chords = [rise / width for rise, width in zip(slopes, widths, strict=True)]
    dual = answer.certificate.dual_values
    total = sum(float(after - before) * q for before, after, q in zip(chords, chords[1:], dual[1:], strict=False))
    assert answer.certificate.lower_bound <= total
    assert answer.certificate.lower_bound == pytest.approx(total, rel=1e-14)


@given(
    st.lists(st.floats(-1e7, 1e7), min_size=2, max_size=6, unique=True),
    st.lists(st.floats(-10, 10), min_size=6, max_size=6),
)
def test_the_worst_ratio_is_exact(x: list[float], q: list[float]) -> None:
    x.sort()
    if np.min(np.diff(x)) < 1e-6:
        return
    ratio, where = worst_ratio(np.array(x), np.array(q[: len(x)]))
    exact = exact_worst_ratio([Fraction(a) for a in x], [Fraction(a) for a in q[: len(x)]])
    assert ratio == pytest.approx(float(exact), rel=1e-13, abs=1e-300)
    assert 0 <= where < len(x) - 1


@pytest.mark.parametrize("far", [1e3, 1e8, 1e12, 1e100, 1e200])
def test_the_ratio_around_zero_does_not_cancel(far: float) -> None:
    """The line through (-far, far) and (far, -far) but for one unit: at zero its value is that unit's half."""
    q = np.array([far, np.nextafter(-far, 0.0)])
    exact = exact_worst_ratio([Fraction(-far), Fraction(far)], [Fraction(a) for a in q])
    assert worst_ratio(np.array([-far, far]), q)[0] == pytest.approx(float(exact), rel=1e-14)


def test_certify_takes_nothing_for_granted() -> None:
    x, y = next(some("convex", 1))
    data = Dataset.from_points(x, y)
    answer = interpolate(data)
    off = PiecewiseLinear(
        x[0], y[0] + 0.5, answer.function.slope0, answer.function.kinks, answer.function.slope_changes
    )
    certificate = certify(data, off, 2 * answer.norm, answer.certificate.dual_values)
    assert certificate.max_residual == pytest.approx(0.5)
    assert certificate.relative_gap == pytest.approx(0.5)


def test_gaps() -> None:
    assert relative_gap(2.0, 1.0) == 0.5
    assert relative_gap(1.0, 1.0 + 1e-16) == 0.0
    assert relative_gap(0.0, 0.0) == 0.0
