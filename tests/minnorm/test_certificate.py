"""Lower bounds and envelopes in the four settings, against rational arithmetic."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.oracles.exact import pairing, root
from tests.oracles.exact import worst_ratio as exact_worst_ratio
from tests.oracles.generated import some
from workers.minnorm import certificate as certificate_module
from workers.minnorm.certificate import (
    Dual,
    admissible,
    certify,
    lower_bound,
    relative_gap,
    worst_ratio,
)
from workers.minnorm.dataset import Dataset
from workers.minnorm.errors import MinnormError
from workers.minnorm.interpolate import interpolate
from workers.minnorm.piecewise_linear import PiecewiseLinear
from workers.minnorm.setting import Setting

Floats = NDArray[np.float64]

SETTINGS = [Setting(penalise, skip) for penalise in (True, False) for skip in (True, False)]
BENDING = Setting(penalise_biases=True, skip_connection=False)
NOTHING = 1e-200  # what products of a tiny dual and a far abscissa may lose below all doubles: ratios count beside 1


def exactly(numbers: Floats | list[float]) -> list[Fraction]:
    return [Fraction(float(number)) for number in numbers]


def exact_bound(data: Dataset, setting: Setting, dual: Dual) -> Fraction:
    """The bound that the admissible part of `dual` proves."""
    counted = admissible(setting, dual)
    x, q, total = exactly(data.x), exactly(counted.values), Fraction(counted.total)
    ratio = exact_worst_ratio(x, q, total, setting.penalise_biases)
    points = list(zip(x, exactly(data.y), strict=True))
    return max(Fraction(0), pairing(points, q, total) / max(Fraction(1), ratio))


def test_a_bound_by_hand() -> None:
    data = Dataset.from_points([-1.0, 0.0, 1.0], [1.0, 0.0, 1.0])
    for values, bound in (([0, 1, 0], 2.0), ([0, 0.5, 0], 1.0), ([0, -1, 0], 0.0), ([9, 1, 9], 2.0)):
        found = lower_bound(data, Setting(), Dual(np.array(values, dtype=float)))
        assert found == pytest.approx(bound, rel=1e-14)  # the ends count as zero


def test_a_bound_without_skip_connection_by_hand() -> None:
    """The line through the origin needs two neurons of norm 1; a multiplier at 0 and one at 1 prove it.

    Right-facing neurons with their kink left of zero see `1 - t` with multipliers 0 and 1.
    """
    data = Dataset.from_points([0.0, 1.0], [0.0, 1.0])
    # q(t) = theta_0 relu(-t) + theta_1 relu(1 - t)
    for multipliers, bound in (([0.0, 1.0], 1 / 2**0.5), ([-1.0, 1.0], 1.0), ([-2.0, 2.0], 1.0)):
        dual = Dual(np.array([multipliers[1], 0.0]), sum(multipliers))
        assert lower_bound(data, BENDING, dual) == pytest.approx(bound, rel=1e-14)


def test_a_bound_is_below_the_truth() -> None:
    """By a little more than its own rounding; curvatures of smooth data are differences of nearly equal slopes."""
    x = np.linspace(0.0, 1.0, 2001)
    data = Dataset.from_points(x, np.exp(x))
    certificate = interpolate(data).certificate
    exact = float(exact_bound(data, Setting(), certificate.dual))
    assert certificate.lower_bound <= exact
    assert certificate.lower_bound == pytest.approx(exact, rel=1e-14)


CENTRES = st.sampled_from([0.0, 0.0, 1.0, -1e4, 1.7e9, -1.7e9, 1e17])
SCALES = st.sampled_from([1.0, 1.0, 1e-12, 1e-6, 1e6, 1e100, 2.0**500, 1e-200])
UNITS = st.lists(st.floats(-1, 1), min_size=8, max_size=8)


@st.composite
def data_and_duals(draw: st.DrawFn) -> tuple[Dataset, Setting, Dual]:
    """Points of any magnitude, on both sides of zero, and a dual of the size of its envelope."""
    n = draw(st.integers(2, 7))
    spread, height, setting = draw(SCALES), draw(SCALES), draw(st.sampled_from(SETTINGS))
    x = draw(CENTRES) + spread * np.sort(np.array(draw(UNITS)[:n]))
    x[-1] = draw(st.sampled_from([x[-1], abs(x[-1]) * 2.0**400]))
    y = height * np.array(draw(UNITS)[:n])
    try:
        data = Dataset.from_points(x, y)
    except MinnormError:  # equal abscissae, or slopes that do not fit
        data = Dataset.from_points([0.0, 1.0, 3.0], [0.0, height, 0.0])
    envelope = np.hypot(1.0, data.x) if setting.penalise_biases else np.ones_like(data.x)
    values = draw(st.sampled_from([1.0, 1.0, 1.5, 1e-3, 1e9])) * envelope * np.array(draw(UNITS)[: data.x.size])
    total = draw(st.floats(-2, 2))
    if draw(st.booleans()):  # l passes near zero at zero, as for good duals
        values[0] = -total * data.x[0] + draw(st.floats(-1, 1))
    return data, setting, Dual(values, total)


@settings(max_examples=1500, deadline=None)
@given(data_and_duals())
def test_no_bound_is_above_the_truth_nor_far_below(drawn: tuple[Dataset, Setting, Dual]) -> None:
    data, setting, dual = drawn
    exact = exact_bound(data, setting, dual)
    found = lower_bound(data, setting, dual)
    assert Fraction(found) <= exact
    if float(exact) > 1e-280 and np.min(np.diff(data.x)) > 1e-150:  # else what is lost below all doubles counts
        terms = np.abs(np.diff(data.y) / np.diff(data.x)) @ np.abs(np.diff(admissible(setting, dual).values))
        assert found >= float(exact) * (1 - 1e-14) - 1e-28 * terms


@pytest.mark.parametrize("width", [1e-9, 1e-3, 1.0])
@pytest.mark.parametrize("side", [0.0, 1.0, -1.0])
def test_the_worst_ratio_is_found_inside_short_intervals(width: float, side: float) -> None:
    random = np.random.default_rng(6)
    for _ in range(20):
        x = np.sort(random.uniform(-width, 3.0 * width, 300))
        q = np.hypot(1.0, x) * (1.0 + 0.1 * width * random.uniform(-1, 1, 300)) * random.choice([-1.0, 1.0])
        q[[0, -1]] = 0.0
        slopes = np.diff(q) / np.diff(x)
        levels = q[:-1] - slopes * x[:-1]
        where = slopes / levels
        at = np.concatenate((x, where[(where > x[:-1]) & (where < x[1:])]))
        heights = np.interp(at, x, q)
        heights = np.abs(heights) if side == 0.0 else side * heights
        worst, _ = worst_ratio(x, Setting(), Dual(q), side)
        assert worst == pytest.approx(max(0.0, np.max(heights / np.hypot(1.0, at))), rel=1e-12)


@settings(max_examples=1000, deadline=None)
@given(data_and_duals())
def test_the_worst_ratio_is_exact(drawn: tuple[Dataset, Setting, Dual]) -> None:
    data, setting, dual = drawn
    counted = admissible(setting, dual)
    ratio, where = worst_ratio(data.x, setting, counted)
    exact = exact_worst_ratio(
        exactly(data.x), exactly(counted.values), Fraction(counted.total), setting.penalise_biases
    )
    assert ratio == pytest.approx(float(exact), rel=1e-14, abs=NOTHING)
    assert -1 <= where < data.x.size
    if setting.skip_connection or not setting.penalise_biases:
        assert 0 <= where < data.x.size - 1


@settings(max_examples=300, deadline=None)
@given(data_and_duals(), st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=20))
@example((Dataset.from_points([0.0, 1.0, 3.0], [0.0, 1.0, 0.0]), Setting(), Dual(np.array([0.0, 1e-323, 0.0]))), [0.0])
def test_no_neuron_gains_more_than_it_costs(drawn: tuple[Dataset, Setting, Dual], kinks: list[float]) -> None:
    """From the definition: the multipliers are the slope changes of `q`; neurons face either way or are constant."""
    data, setting, dual = drawn
    counted = admissible(setting, dual)
    ratio = Fraction(worst_ratio(data.x, setting, counted)[0]) * (1 + Fraction(1, 2**40)) + Fraction(NOTHING)
    x, q, total = exactly(data.x), exactly(counted.values), Fraction(counted.total)
    slopes = [-total, *((d - b) / (c - a) for (a, b), (c, d) in pairwise(zip(x, q, strict=True))), Fraction(0)]
    multipliers = [after - before for before, after in pairwise(slopes)]
    assert sum(multipliers) == total
    for facing in (1, -1):
        for kink in (*exactly(kinks), *x):
            gain = sum(m * max(Fraction(0), facing * (a - kink)) for m, a in zip(multipliers, x, strict=True))
            cost = root(1 + kink**2) if setting.penalise_biases else 1
            assert -ratio * cost <= gain <= ratio * cost
    assert -ratio <= total <= ratio


@pytest.mark.parametrize("far", [1e3, 1e8, 1e12, 1e100, 1e200])
def test_the_ratio_around_zero_does_not_cancel(far: float) -> None:
    """The line through (-far, far) and (far, -far) but for one unit: at zero its value is that unit's half."""
    x = np.array([-2 * far, -far, far, 2 * far])
    q = np.array([0.0, far, np.nextafter(-far, 0.0), 0.0])
    exact = exact_worst_ratio(exactly(x), exactly(q))
    assert worst_ratio(x, Setting(), Dual(q))[0] == pytest.approx(float(exact), rel=1e-14)


def test_ends_of_very_different_size_hide_no_maximum_between_them() -> None:
    x = np.array([-2.0, -1.0, 2.0**500, 2.0**501])
    q = np.array([0.0, 0.9, 0.99 * 2.0**500, 0.0])
    exact = exact_worst_ratio(exactly(x), exactly(q))
    assert worst_ratio(x, Setting(), Dual(q))[0] == pytest.approx(float(exact), rel=1e-14)


@pytest.mark.parametrize("end", [-1.7e9, -1e4, -3.0])
def test_the_line_beyond_far_data_does_not_cancel(end: float) -> None:
    """`l` touches the envelope left of the data; there it is what is left of large numbers at the first point."""
    data = Dataset.from_points([end, end + 1.0], [0.0, 1.0])
    dual = Dual(np.array([-0.999999 * end, 0.0]), 0.999999 + 1e-9)
    exact = exact_worst_ratio(exactly(data.x), exactly(dual.values), Fraction(dual.total))
    assert worst_ratio(data.x, BENDING, dual)[0] == pytest.approx(float(exact), rel=1e-14)


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("tiny", [5e-324, 1e-310, 1e-290])
def test_bounds_of_subnormal_data_are_bounds(setting: Setting, tiny: float) -> None:
    data = Dataset.from_points([-1.0, 0.0, 3.0], [0.0, 3 * tiny, tiny])
    dual = Dual(np.array([0.5, -0.9, 0.0]), 0.25)
    exact = exact_bound(data, setting, dual)
    assert (
        exact * (1 - Fraction(1, 10**13)) - 2 * Fraction(5e-324) <= Fraction(lower_bound(data, setting, dual)) <= exact
    )


@pytest.mark.parametrize("width", [0.5, 1e-2, 1e-4, 1e-6, 1e-7, 1e-9])
def test_between_near_points_the_ratio_hardly_grows(width: float) -> None:
    x = np.array([-1.0, -width, width, 1.0])
    q = np.array([0.0, np.hypot(1.0, width), np.hypot(1.0, width), 0.0])
    exact = exact_worst_ratio(exactly(x), exactly(q))
    assert worst_ratio(x, Setting(), Dual(q))[0] == pytest.approx(float(exact), rel=4e-16, abs=0.0)


def test_a_sum_of_terms_that_cancel_is_a_bound() -> None:
    """A steep line but for its rounding: the terms exceed their sum by 16 orders of magnitude."""
    random = np.random.default_rng(5)
    for _ in range(100):
        x = np.sort(random.uniform(-2.0, 2.0, 40))
        data = Dataset.from_points(x, 1e25 * x)
        values = random.uniform(-1.0, 1.0, 40)
        values[[0, -1]] = 0.0
        for dual in (Dual(values), Dual(-values)):
            assert Fraction(lower_bound(data, Setting(), dual)) <= exact_bound(data, Setting(), dual)


def test_a_sum_that_nearly_vanishes_over_subnormal_steps_is_a_bound() -> None:
    """Quotients of the smallest numbers are ordinary, but what is left of the divisions is below all doubles."""
    random = np.random.default_rng(6)
    for _ in range(100):
        x, y = 5e-324 * np.cumsum(random.integers(1, 99, 3)), 5e-324 * random.integers(-99, 99, 3)
        data = Dataset.from_points(x, y)
        first, second = np.diff(data.y) / np.diff(data.x)
        if abs(first) > abs(second) > 0:
            # first (q0 - q1) + second q1 = 0
            dual = Dual(np.array([(first - second) / first * (value := random.uniform(0.1, 0.9)), value, 0.0]))
            for signed in (dual, Dual(-dual.values)):
                assert Fraction(lower_bound(data, BENDING, signed)) <= exact_bound(data, BENDING, signed)


def test_duals_as_large_as_doubles_go_prove_little_but_nothing_false() -> None:
    data = Dataset.from_points([0.0, 1.0, 2.0], [0.0, 1e280, 0.0])
    for setting in SETTINGS:
        dual = Dual(np.array([1e288, -1e288, 1e288]), -1e288)
        assert Fraction(lower_bound(data, setting, dual)) <= exact_bound(data, setting, dual)
        assert np.isfinite(worst_ratio(data.x, setting, admissible(setting, dual))[0])


def test_certify_takes_nothing_for_granted() -> None:
    x, y = next(some("convex", 1))
    data = Dataset.from_points(x, y)
    answer = interpolate(data)
    off = PiecewiseLinear(
        x[0], y[0] + 0.5, answer.function.slope0, answer.function.kinks, answer.function.slope_changes
    )
    certificate = certify(data, Setting(), off, 2 * answer.norm, answer.certificate.dual)
    assert certificate.max_residual == pytest.approx(0.5)
    assert certificate.relative_gap == pytest.approx(0.5)


@pytest.mark.parametrize("setting", SETTINGS)
def test_parts_come_to_the_same_bits_as_the_whole(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    bounds = list[float]()
    for shape in ("convex", "both_sides", "spread", "far"):
        for x, y in some(shape, 6, 40):
            answer = interpolate(Dataset.from_points(x, y), setting)
            evidence = (answer.bends.data, setting, answer.function, answer.norm, answer.certificate.dual)
            with monkeypatch.context() as patch:
                patch.setattr(certificate_module, "LONG", 0)
                in_parts = certify(*evidence)
            whole = certify(*evidence)
            assert (in_parts.lower_bound, in_parts.max_residual) == (whole.lower_bound, whole.max_residual)
            bounds.append(whole.lower_bound)
    assert np.count_nonzero(bounds) > len(bounds) // 2


def test_gaps() -> None:
    assert relative_gap(2.0, 1.0) == 0.5
    assert relative_gap(1.0, 1.0 + 1e-16) == 0.0
    assert relative_gap(0.0, 0.0) == 0.0
