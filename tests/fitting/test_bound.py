"""Lower bounds of fits against rational arithmetic, and against what functions reach, in every setting and shape."""

from dataclasses import replace
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.oracles import exact_fits
from workers.fitting import bound
from workers.fitting.bound import Witness, lower_bound, settled, worst_ratio
from workers.fitting.fit import fit
from workers.fitting.losses import Loss
from workers.fitting.multipliers import Pulls
from workers.fitting.sample import Sample
from workers.fitting.shape import Shape
from workers.fitting.task import Task
from workers.minnorm.certificate import Dual
from workers.minnorm.errors import MinnormError
from workers.minnorm.norms import function_norm
from workers.minnorm.setting import Setting

Floats = NDArray[np.float64]

SETTINGS = [Setting(penalise, skip) for penalise in (True, False) for skip in (True, False)]
SHAPES = [Shape(monotone, curvature) for monotone in (0, 1, -1) for curvature in (0, 1, -1)]
LOSSES = [Loss("squared"), Loss("absolute"), Loss("huber", 0.3), Loss("hinge"), Loss("logistic"), Loss("hard_margin")]
USUAL = Setting()
NONE = Shape()


def exactly(numbers: Any) -> list[Fraction]:
    return [Fraction(float(number)) for number in numbers]


def dual(values: list[float], total: float = 0.0) -> Witness:
    return Witness(Dual(np.array(values), total))


def test_bounds_by_hand() -> None:
    """`c |x| + d` through 1, 0, 1 at -1, 0, 1: the fit has c = 1 - 9 regularisation / 2 as long as that is positive."""
    sample = Sample.from_observations([-1.0, 0.0, 1.0], [1.0, 0.0, 1.0])
    for price in (1e-3, 0.1, 0.2):
        c = 1 - 9 * price / 2
        d = 2 * (1 - c) / 3
        least = (2 * (c + d - 1) ** 2 + d**2) / 3 + 2 * c * price
        for values in ([0.0, 1.0, 0.0], [0.0, 3.0, 0.0], [9.0, 1.0, 9.0]):  # the ends count as zero
            found = lower_bound(sample, Loss(), price, USUAL, NONE, dual(values))
            assert found == pytest.approx(least, rel=1e-13)
    nothing = lower_bound(sample, Loss(), 1.0, USUAL, NONE, dual([0.0, 0.1, 0.0]))
    assert nothing == pytest.approx(2 / 9, rel=1e-13)  # the best multiple is larger than one: that of the best line


def test_a_hard_margin_by_hand() -> None:
    """`2 |x| - 1` has both margins and a kink of 4."""
    sample = Sample.from_observations([-1.0, 0.0, 1.0], [1.0, -1.0, 1.0])
    for values, least in (([0.0, -1.0, 0.0], 0.0), ([0.0, 1.0, 0.0], 4.0), ([0.0, 2.0, 0.0], 4.0)):
        found = lower_bound(sample, Loss("hard_margin"), None, USUAL, NONE, dual(values))
        assert found == pytest.approx(least, rel=1e-13)


def test_points_that_do_not_matter_are_left_out() -> None:
    """Rounding gives those with a larger margin multipliers of either sign; the wrong one would prove nothing."""
    x = np.array([-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0])
    sample = Sample.from_observations(x, [1.0, 1.0, 1.0, -1.0, 1.0, 1.0, 1.0])
    for noise in ([1e-17, 2e-17], [2e-17, 1e-17], [-1e-17, 1e-17], [1e-17, -1e-17], [0.0, 0.0]):
        values = [0.0, *noise, 1.0, *noise[::-1], 0.0]
        for loss, price in ((Loss("hard_margin"), None), (Loss("hinge"), 0.02)):
            found = lower_bound(sample, loss, price, USUAL, NONE, dual(values))
            assert found == pytest.approx(4.0 * (price or 1.0), rel=1e-13)


def test_means_that_are_rounded_count_as_they_are() -> None:
    """Far from zero a mean of three is off by more than the bound may lose."""
    random = np.random.default_rng(6)
    x, price = np.repeat([0.0, 1.0, 2.0], 3), 0.01
    for _ in range(50):
        y = 1e9 + np.round(np.abs(x - 1.0) + 0.1 * random.normal(size=9), 6)
        sample = Sample.from_observations(x, y, random.uniform(0.5, 2.0, 9))
        values = [0.0, 1.0, 0.0]
        theta = exact_fits.multipliers(exactly(sample.x), exactly(values), [Fraction(0)] * 4, Fraction(0))
        proved = exact_bound(sample, Loss(), theta, Fraction(price))  # the best multiple is larger, but not allowed
        assert proved is not None
        found = lower_bound(sample, Loss(), price, Setting(penalise_biases=False), NONE, dual(values))
        assert Fraction(found) <= proved
        assert found >= float(proved) * (1 - 1e-12)


def test_pushes_stay_when_points_are_left_out() -> None:
    """`q` is a line over the point left out, or zero beyond it, but for noise: the other multipliers do not change."""
    x, nothing = np.array([0.0, 1.0, 3.0]), np.zeros(3)
    for wanted, q, places in (
        ([0.0, 1.0, 0.0], [4.0, 3.0 + 1e-15, 1.0], [0, 2]),
        ([0.0, 0.0, 1.0], [4.0, 0.0, 1e-15], [0, 1]),
        ([1.0, 0.0, 0.0], [1e-15, 0.0, 4.0], [1, 2]),
    ):
        pushes = np.array([0.5, 2.0, 4.0, 0.25])
        pulls = Pulls.at_all(np.add(q, [6.25, 4.25, 0.25]), nothing, pushes, 0.0)
        kept = pulls.without_wrong_signs(x, np.array(wanted), ends_at_zero=False)
        assert kept.places.tolist() == places
        assert kept.pushes.sum() == pushes.sum()
        before, after = pulls.multipliers(x)[0], kept.multipliers(x)[0]
        assert after == pytest.approx(before[places], abs=1e-13)


def test_where_no_point_is_left_both_labels_of_one_abscissa_count() -> None:
    sample = Sample.from_observations([0.0, 0.0, 1.0], [1.0, -1.0, 1.0], [1.0, 2.0, 3.0])
    for loss, least in ((Loss("hinge"), 1 / 3), (Loss("logistic"), 0.5 * (np.log(3) - np.log(4) / 3))):
        found = lower_bound(sample, loss, 1.0, USUAL, NONE, dual([0.0, 0.0]))
        assert found == pytest.approx(least, rel=1e-12)


def test_duals_as_large_as_doubles_go_prove_little_but_nothing_false() -> None:
    sample = Sample.from_observations([0.0, 1.0, 2.0], [0.0, 1e100, 0.0])
    for setting, shape in product(SETTINGS, SHAPES):
        for loss in LOSSES[:3]:
            witness = Witness(Dual(np.array([1e288, -1e288, 1e288]), -1e288), np.full(4, 1e280))
            found = lower_bound(sample, loss, 1e-3, setting, shape, witness)
            assert 0.0 <= found <= loss.value(np.zeros(3), sample)


NOISY = np.random.default_rng(8)
X = np.round(NOISY.normal(size=12), 1)
Y = np.sin(2.0 * X) + 0.3 * NOISY.normal(size=12)
LABELS = np.where(X + 0.7 * NOISY.normal(size=12) > 0.1, 1.0, -1.0)


def posed(loss: Loss, setting: Setting, shape: Shape) -> tuple[Sample, Task]:
    """Noise with ties; a hard margin needs one label an abscissa, on the side of a monotone function."""
    y = LABELS if loss.is_of_labels else Y
    if loss.is_hard:
        y = np.where(X > 0.1, 1.0, -1.0) * (shape.monotone or 1)
    return Sample.from_observations(X, y), Task(loss, None if loss.is_hard else 0.03, setting, shape)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
def test_the_best_witness_proves_the_optimum_and_no_function_is_below(loss: Loss, shape: Shape) -> None:
    """So the conditions on a witness are neither too weak nor too strong, whatever the setting and the shape."""
    random = np.random.default_rng(3)
    for setting in SETTINGS:
        sample, task = posed(loss, setting, shape)
        found = fit(sample, task)
        assert found.certificate.lower_bound == pytest.approx(found.objective, rel=1e-6)
        function = found.function
        for size in 10.0 ** random.uniform(-6, 0, 20):
            changes = function.slope_changes * (1.0 + size * random.normal(size=function.kinks.size))
            moved = replace(
                function,
                y0=function.y0 + size * random.normal(),
                slope0=function.slope0 + size * random.normal(),
                slope_changes=changes,
            )
            if has_shape(moved, shape, sample):
                norm = function_norm(moved, setting).representational_cost
                objective = loss.value(moved(sample.x)[sample.group], sample) + task.price * norm
                assert objective >= found.certificate.lower_bound


def has_shape(function: Any, shape: Shape, sample: Sample) -> bool:
    inside = (function.kinks > sample.x[0]) & (function.kinks < sample.x[-1])
    values = function(np.concatenate((sample.x[:1], function.kinks[inside], sample.x[-1:])))
    rises, bends = np.diff(values) * shape.monotone, function.slope_changes[inside] * shape.curvature
    return bool(np.all(rises >= 0.0) and np.all(bends >= 0.0))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_settled_witness_keeps_every_condition_and_proves_no_less(shape: Shape) -> None:
    random = np.random.default_rng(4)
    for setting, loss in product(SETTINGS, LOSSES[:3]):
        sample, _ = posed(loss, setting, shape)
        slopes = random.normal(size=sample.x.size + 1) if shape.monotone else None
        loose = Witness(Dual(random.normal(size=sample.x.size), 1.5), slopes)
        kept = settled(sample.x, setting, shape, loose)
        assert worst_ratio(sample.x, setting, shape, kept)[0] <= 1.0 + 1e-10
        bounds = [lower_bound(sample, loss, 0.03, setting, shape, witness) for witness in (loose, kept)]
        assert bounds[1] >= bounds[0] * (1.0 - 1e-13)
        assert kept.slope_multipliers is None or np.all(kept.slope_multipliers >= 0.0)


def test_close_fits_are_proved_to_twelve_digits() -> None:
    random = np.random.default_rng(9)
    x = np.sort(random.uniform(-1.0, 1.0, 2000))
    sample = Sample.from_observations(x, np.sin(7.0 * x) + 1e-3 * random.normal(size=2000))
    found = fit(sample, Task(regularisation=1e-6), 1e-12)
    assert found.certificate.relative_gap <= 1e-12


UNITS = st.lists(st.floats(-1, 1), min_size=10, max_size=10)
CENTRES = st.sampled_from([0.0, 0.0, 1.0, -1e4, 1.7e9, 1e17])
SCALES = st.sampled_from([1.0, 1.0, 1e-9, 1e6, 1e60, 2.0**-200])
PRICES = st.sampled_from([1.0, 0.1, 1e-6, 1e-200, 1e200, 1e9])
WEIGHTS = st.lists(st.sampled_from([1.0, 1.0, 3.0, 0.1, 1e-6, 1e9, 1e-200]), min_size=10, max_size=10)


@st.composite
def questions(draw: st.DrawFn) -> tuple[Sample, Loss, float | None, Setting, Shape, Witness]:
    """Observations of any magnitude, often with ties, and a witness of the size of its envelope."""
    n = draw(st.integers(2, 9))
    loss, setting, shape = draw(st.sampled_from(LOSSES)), draw(st.sampled_from(SETTINGS)), draw(st.sampled_from(SHAPES))
    height = draw(SCALES)
    x = draw(CENTRES) + draw(SCALES) * np.sort(np.round(np.array(draw(UNITS)[:n]), draw(st.sampled_from([1, 15]))))
    y = np.sign(np.array(draw(UNITS)[:n]) + 0.1) if loss.is_of_labels else height * np.array(draw(UNITS)[:n])
    y[y == 0.0] = 1.0
    try:
        sample = Sample.from_observations(x, y, draw(st.none() | st.just(draw(WEIGHTS)[:n])))
    except MinnormError:  # equal abscissae, or numbers that do not fit
        sample = Sample.from_observations([0.0, 1.0, 1.0], np.sign([1.0, -1.0, 1.0]))
    m = sample.x.size
    if loss.is_hard:  # one label an abscissa, or there is nothing to prove
        sample = replace(sample, y=sample.y[sample.starts][sample.group])
    price = None if loss.is_hard else draw(PRICES)
    envelope = np.hypot(1.0, sample.x) if setting.penalise_biases else np.ones(m)
    values = draw(st.sampled_from([1.0, 1.0, 1.5, 1e-3, 1e9, 1e-200])) * envelope * np.array(draw(UNITS)[:m])
    slopes = draw(st.sampled_from([0.0, 1.0])) * np.abs(draw(UNITS))[: m + 1]
    if draw(st.booleans()):  # a dual of the right signs, but for rounding
        values = envelope * np.where(np.arange(m) % 2 == 0, 1e-17, 0.5) * draw(st.sampled_from([1.0, -1.0]))
    total = draw(st.floats(-1, 1))
    if draw(st.booleans()):  # l passes near zero at zero, as for good duals
        values[0] = -total * sample.x[0] + draw(st.floats(-1, 1))
    low = draw(st.none() | st.just(1e-17 * values * np.array(draw(UNITS)[:m])))
    return sample, loss, price, setting, shape, Witness(Dual(values, total), slopes if shape.monotone else None, low)


def exact_bound(sample: Sample, loss: Loss, theta: list[Fraction], multiple: Fraction) -> Fraction | None:
    """With the weights as they are: divided by their sum, exactly."""
    weights, everything = exactly(sample.weights), sum(exactly(sample.weights))
    ordinates, total = exactly(sample.y), Fraction(0)
    for g, slope in enumerate(theta):
        at = [j for j in range(sample.y.size) if sample.group[j] == g]
        least = exact_fits.least(
            loss.name,
            Fraction(loss.delta or 1.0),
            [ordinates[j] for j in at],
            [weights[j] / everything for j in at],
            multiple * slope,
        )
        if least is None:
            return None
        total += least
    return total


FAR_AWAY = (
    Sample.from_observations([-500_000.0, 0.0], [1.0, 1.0]),
    Loss("squared"),
    1.0,
    Setting(penalise_biases=True, skip_connection=False),
    Shape(monotone=1),
    Witness(Dual(np.array([125_000.0, 0.0]), 0.25), np.array([0.99999, 0.0, 0.0])),
)
"""The level of the line is what is left of large numbers and a push."""
LEFT_OUT = (
    Sample.from_observations([0.0] * 6 + [5e5, 1e6], [1.0] * 7 + [-1.0]),
    Loss("hinge"),
    1.0,
    Setting(),
    Shape(monotone=1),
    Witness(Dual(np.array([0.0, -2.5e5, 0.0])), np.array([1.0, 1.0, 0.0, 0.0])),
)
"""The first point is left out, and with it the interval after it: a monotone shape says nothing of the kinks there."""
CONTINUED = (
    Sample.from_observations([-779402.3333715, 0.0, 0.0, 0.0, 1953.125], [-1.0, -1.0, -1.0, -1.0, 1.0]),
    Loss("hard_margin"),
    None,
    Setting(skip_connection=False),
    Shape(curvature=-1),
    Witness(Dual(np.zeros(3), 0.625)),
)
"""The line goes on to a first point far away, where its value is rounded."""


@settings(max_examples=400, deadline=None)
@example(FAR_AWAY)
@example(LEFT_OUT)
@example(CONTINUED)
@given(questions())
def test_no_bound_is_above_what_the_witness_proves(
    drawn: tuple[Sample, Loss, float | None, Setting, Shape, Witness],
) -> None:
    """Whatever multiple of whatever part of the witness is taken: it is allowed, and the bound is below its value."""
    sample, loss, price, setting, shape, _ = drawn
    used: list[tuple[Pulls, float]] = []
    original = bound._at

    def recorded(sample: Sample, loss: Loss, pulls: Pulls, multipliers: bound.Pairs, multiple: float) -> float:
        used.append((pulls, multiple))
        return original(sample, loss, pulls, multipliers, multiple)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bound, "_at", recorded)
        found = lower_bound(*drawn)
    assert found >= 0.0
    pulls, multiple = used[0]
    if pulls.places.size == 0 or found == 0.0:
        return
    x, pushes = exactly(sample.x[pulls.places]), exactly(pulls.pushes)
    values = [value + low for value, low in zip(exactly(pulls.values), exactly(pulls.low), strict=True)]
    assert all(push * shape.monotone >= 0 for push in pushes)
    assert values[-1] == pushes[-1]
    assert not setting.skip_connection or (values[0] == -pushes[0] and pulls.total == 0.0)
    assert setting.penalise_biases or pulls.total == 0.0
    total = Fraction(pulls.total)
    first, last = Fraction(sample.x[0]), Fraction(sample.x[-1])
    before, after = (shape.curvature != 0 and end for end in (first < x[0], last > x[-1]))  # it is asked for there, too
    inside = [first] * before + x + [last] * after
    line = [values[0] + total * (x[0] - first)] * before + values + [values[-1]] * after
    ratio = exact_fits.worst_ratio(inside, line, pushes[0], total, setting.penalise_biases, shape.curvature)
    assert Fraction(multiple) * ratio <= Fraction(price or 1.0)
    theta = dict(zip(pulls.places.tolist(), exact_fits.multipliers(x, values, pushes, total), strict=True))
    proved = exact_bound(sample, loss, [theta.get(i, Fraction(0)) for i in range(sample.x.size)], Fraction(multiple))
    assert proved is not None
    assert Fraction(found) <= proved
    if float(proved) > 1e-200:
        slopes = [abs(multiple * float(t)) for t in theta.values()]
        spread = 0.0 if loss.name == "squared" else 1.0 if loss.is_of_labels else float(np.ptp(sample.y))
        digits = 1e-25 * max(slopes) * float(np.max(np.abs(sample.y)))
        rounding = 1e-13 * sum(slopes) * spread + 1e-28 * max(spread, loss.delta or 0.0) ** 2
        loose = loss.name == "huber" and sample.x.size < sample.y.size  # where the minimiser is at a far node
        assert found >= float(proved) * (1 - (1e-8 if loose else 1e-12)) - digits - rounding
