import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from workers.fitting.best import Best
from workers.fitting.bound import lower_bound
from workers.fitting.fit import MOST_POINTS, Fit, Task, fit
from workers.fitting.losses import Loss
from workers.fitting.sample import Sample
from workers.fitting.shape import Shape
from workers.fitting.signs import sign_changes
from workers.fitting.simple import simple_functions
from workers.minnorm.errors import (
    MinnormError,
    NoMinimum,
    NotFinite,
    NotPositive,
    OutOfRange,
    Overflow,
    TooManyPoints,
    WrongLabel,
    WrongRegularisation,
)
from workers.minnorm.norms import function_norm
from workers.minnorm.piecewise_linear import PiecewiseLinear
from workers.minnorm.setting import Setting

Floats = NDArray[np.float64]

SETTINGS = [Setting(*switches) for switches in itertools.product((True, False), (True, False))]
VALUES = [Loss("squared"), Loss("absolute"), Loss("huber", 0.5)]
LABELS = [Loss("hinge"), Loss("logistic"), Loss("hard_margin")]
SHAPES = [Shape(), Shape(monotone=1), Shape(monotone=-1), Shape(curvature=1), Shape(1, -1)]

PUBLISHED = ([-1.5, -1.0, 0.0, 0.25, 2.0], [0.7, -0.3, -0.3, 0.4, 0.2])


def noisy(seed: int, n: int = 30) -> Sample:
    """Three kinks and noise, with ties and weights."""
    random = np.random.default_rng(seed)
    x = np.round(random.uniform(-3.0, 3.0, n), 1)
    truth = np.abs(x + 1.5) - 1.5 * np.abs(x) + np.abs(x - 1.0) + 0.3 * x
    return Sample.from_observations(x, truth + 0.2 * random.normal(size=n), random.uniform(0.5, 2.0, n))


def labelled(seed: int, n: int = 20) -> Sample:
    """Labels that no line keeps apart, without ties."""
    random = np.random.default_rng(seed)
    x = random.permutation(np.linspace(-3.0, 3.0, n))
    return Sample.from_observations(x, np.where(np.sin(2.0 * x + seed) > 0.0, 1.0, -1.0))


def polygon(x0: float, y0: float, slope0: float, kinks: list[float], changes: list[float]) -> PiecewiseLinear:
    return PiecewiseLinear(x0, y0, slope0, np.array(kinks), np.array(changes))


def tasks(loss: Loss, setting: Setting, shape: Shape = Shape()) -> list[Task]:  # noqa: B008
    if loss.is_hard:
        return [Task(loss, None, setting, shape)]
    return [Task(loss, regularisation, setting, shape) for regularisation in (1e-3, 0.05)]


def check(sample: Sample, found: Fit, gap: float = 1e-8) -> None:
    """Everything that a fit says of itself, from its function and its witness alone."""
    task = found.task
    z = found.function(sample.x)[sample.group]
    assert found.outcome == "optimal"
    assert np.array_equal(found.fitted, sample.as_given(z))
    assert found.loss == task.loss.value(z, sample)
    assert found.norm == function_norm(found.function, task.setting).representational_cost
    assert found.objective == found.loss + task.price * found.norm
    witness = found.certificate.witness
    bound = lower_bound(sample, task.loss, task.regularisation, task.setting, task.shape, witness)
    assert found.certificate.lower_bound == bound <= found.objective * (1.0 + 1e-13)
    assert found.certificate.relative_gap <= gap
    assert found.network.parameter_norm(task.setting.penalise_biases) == pytest.approx(found.norm, rel=1e-9, abs=1e-14)
    check_shape(found.function, task.shape, sample.x)


def check_shape(function: PiecewiseLinear, shape: Shape, x: Floats) -> None:
    slopes = function.slope0 + np.concatenate(([0.0], np.cumsum(function.slope_changes)))
    inner = np.concatenate(([True], function.kinks < x[-1])) & np.concatenate((function.kinks > x[0], [True]))
    rounding = 1e-12 * (1.0 + np.max(np.abs(slopes)))
    assert np.all(shape.monotone * slopes[inner] >= -rounding)
    assert np.all(shape.curvature * np.diff(slopes[inner]) >= -rounding)


@pytest.mark.parametrize(
    ("setting", "objective", "kinks"),
    [
        (Setting(True, False), 0.0080267393, [-0.42975, 0.25]),
        (Setting(False, False), 0.0075320407, None),
    ],
)
def test_the_global_optima_that_training_approaches(
    setting: Setting, objective: float, kinks: list[float] | None
) -> None:
    """Of Boursier and Flammarion's five points with weight decay."""
    sample = Sample.from_observations(*PUBLISHED)
    found = fit(sample, Task(Loss("squared"), 1e-3, setting), 1e-11)
    check(sample, found, 1e-11)
    assert found.objective == pytest.approx(objective, abs=1e-9)
    if kinks:
        assert found.function.kinks == pytest.approx(kinks, abs=5e-5)


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("loss", VALUES)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_regression_is_proved(loss: Loss, setting: Setting, shape: Shape) -> None:
    for seed in range(2):
        sample = noisy(seed)
        for task in tasks(loss, setting, shape):
            check(sample, fit(sample, task))


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("loss", LABELS)
@pytest.mark.parametrize("shape", [Shape(), Shape(curvature=-1)])
def test_every_classification_is_proved(loss: Loss, setting: Setting, shape: Shape) -> None:
    for seed in range(2):
        sample = labelled(seed, 20 if shape == Shape() or not loss.is_hard else 5)
        for task in tasks(loss, setting, shape):
            if not (loss.is_hard and shape != Shape()):
                check(sample, fit(sample, task))


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("loss", VALUES)
def test_few_kinks_come_out(loss: Loss, setting: Setting) -> None:
    """Of three in the truth, on two hundred points; no two of one sign in one interval."""
    sample = noisy(5, 200)
    found = fit(sample, Task(loss, 0.02, setting))
    assert 1 <= found.kink_count <= 10
    interval = np.searchsorted(sample.x, found.function.kinks)
    same = (np.diff(interval) == 0) & (np.diff(np.sign(found.function.slope_changes)) == 0.0)
    inside = (found.function.kinks[1:] > sample.x[0]) & (found.function.kinks[:-1] < sample.x[-1])
    on_data = np.isin(found.function.kinks, sample.x)
    assert not np.any(same & inside & ~on_data[1:] & ~on_data[:-1])


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("loss", [Loss("squared"), Loss("hinge"), Loss("hard_margin")])
def test_tighter_gaps_can_be_asked_for(loss: Loss, setting: Setting) -> None:
    sample = labelled(3) if loss.is_of_labels else noisy(3)
    task = tasks(loss, setting)[0]
    check(sample, fit(sample, task, 1e-10), 1e-10)


@pytest.mark.parametrize("loss", VALUES)
def test_a_gap_that_is_not_reached_is_not_claimed(loss: Loss, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the solver had failed: the line is what is known, and nothing proves it."""
    monkeypatch.setattr("workers.fitting.search.solve", lambda *_: None)
    sample = noisy(1)
    found = fit(sample, Task(loss, 1e-3, Setting(), Shape(curvature=1)))
    assert found.outcome == "feasible"
    assert found.certificate.relative_gap == 1.0
    assert found.objective == found.loss > 0.0


def test_the_order_of_observations_does_not_matter() -> None:
    random = np.random.default_rng(0)
    x, y, w = random.integers(-5, 5, 20).astype(float), random.normal(size=20), random.uniform(0.5, 2.0, 20)
    task = Task(Loss("huber", 0.3), 0.01)
    usual = fit(Sample.from_observations(x, y, w), task)
    order = random.permutation(20)
    shuffled = fit(Sample.from_observations(x[order], y[order], w[order]), task)
    assert shuffled.objective == pytest.approx(usual.objective, rel=1e-12)
    np.testing.assert_allclose(shuffled.fitted, usual.fitted[order], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(usual.fitted, usual.function(x), rtol=0.0, atol=0.0)


@pytest.mark.parametrize("setting", SETTINGS)
def test_margins_are_kept_as_rounded(setting: Setting) -> None:
    for seed in range(4):
        sample = labelled(seed)
        found = fit(sample, Task(Loss("hard_margin"), None, setting))
        assert np.min(found.function(sample.x) * sample.y) >= 1.0 - 2.0**-47


def test_functions_are_scaled_to_their_margin() -> None:
    sample = Sample.from_observations([0.0, 1.0, 2.0], [-1.0, 1.0, -1.0])
    best = Best(sample, Task(Loss("hard_margin"), None), 1e-8)
    best.consider(polygon(0.0, -3.0, 3.5, [1.0], [-8.0]))
    assert best.chosen.function(sample.x).tolist() == pytest.approx([-6.0, 1.0, -8.0], rel=1e-12)
    assert best.chosen.objective == pytest.approx(16.0 * np.sqrt(2.0), rel=1e-12)


@pytest.mark.parametrize(
    ("x", "y", "fitted"),
    [
        ([0.0, 1.0, 3.0], [1.0, -1.0, -1.0], [1.0, -1.0, -5.0]),
        ([0.0, 1.0, 3.0], [-1.0, -1.0, 1.0], [-2.0, -1.0, 1.0]),
        ([0.0, 2.0, 2.0, 3.0], [-1.0, -1.0, 1.0, 1.0], [-2.0, 0.0, 0.0, 1.0]),
    ],
)
def test_lines_that_keep_labels_apart(x: list[float], y: list[float], fitted: list[float]) -> None:
    sample = Sample.from_observations(x, y)
    line = simple_functions(sample, Task(Loss("hinge"), 1.0))[-1]
    assert line(np.array(x)).tolist() == pytest.approx(fitted)


@pytest.mark.parametrize("loss", [Loss("hinge"), Loss("hard_margin")])
@pytest.mark.parametrize("setting", SETTINGS)
def test_of_many_functions_one_with_few_kinks_comes_out(loss: Loss, setting: Setting) -> None:
    """The labels change sign three or four times; with free biases a function may bend at every point."""
    for seed in range(3):
        sample = labelled(seed, 60)
        changes = np.count_nonzero(np.diff(sample.y))
        assert fit(sample, tasks(loss, setting)[0]).kink_count <= 2 * changes


def test_two_labels_at_one_place_have_no_margin() -> None:
    sample = Sample.from_observations([2.0, 0.0, 1.0, 1.0, 0.0], [1.0, 1.0, 1.0, -1.0, 1.0])
    found = fit(sample, Task(Loss("hard_margin"), None))
    assert found.outcome == "infeasible"
    assert found.conflict is not None
    assert (found.conflict.x, found.conflict.indices) == (1.0, (2, 3))
    assert found.reason == "Observations 2 and 3 have the same abscissa and different labels."
    assert fit(sample, Task(Loss("hinge"), 0.1)).reason is None


@pytest.mark.parametrize("shape", [Shape(m, c) for m in (-1, 0, 1) for c in (-1, 0, 1)])
def test_labels_in_any_order_have_a_margin_unless_the_shape_forbids(shape: Shape) -> None:
    """All orders of four labels."""
    x = [0.0, 1.0, 2.5, 3.0]
    for labels in itertools.product((-1.0, 1.0), repeat=4):
        rises, turns = np.diff(labels), [label for label, _ in itertools.groupby(labels)]
        forbidden = np.any(shape.monotone * rises < 0.0)
        forbidden |= len(turns) == 4 and shape.curvature != 0
        forbidden |= len(turns) == 3 and shape.curvature * turns[1] == 1.0
        sample = Sample.from_observations(x, labels)
        found = fit(sample, Task(Loss("hard_margin"), None, Setting(), shape))
        assert found.outcome == ("infeasible" if forbidden else "optimal")
        if found.conflict is not None:
            signs = np.array(labels)[list(found.conflict.indices)]
            assert np.all(np.diff(signs) != 0.0)
            assert found.conflict.x == x[found.conflict.indices[1]]


@pytest.mark.parametrize("setting", [Setting(True, True), Setting(False, True)])
@pytest.mark.parametrize("loss", [Loss("hard_margin"), Loss("hinge")])
@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([0.0, 1.0, 2.0], [1.0, 1.0, 1.0]),
        ([0.0, 1.0, 2.0], [-1.0, -1.0, -1.0]),
        ([0.0, 1.0, 3.0], [1.0, -1.0, -1.0]),
        ([-1.0, 1.0, 1.5, 3.0], [-1.0, -1.0, 1.0, 1.0]),
    ],
)
def test_labels_that_a_line_keeps_apart_cost_nothing(
    x: list[float], y: list[float], loss: Loss, setting: Setting
) -> None:
    found = fit(Sample.from_observations(x, y), tasks(loss, setting)[0])
    assert (found.objective, found.kink_count, found.outcome) == (0.0, 0, "optimal")


@pytest.mark.parametrize(
    ("x", "y", "setting", "shape", "attained"),
    [
        ([0.0, 1.0, 2.0], [1.0, 1.0, 1.0], Setting(), Shape(), False),
        ([0.0, 1.0, 2.0], [1.0, 1.0, 1.0], Setting(False, False), Shape(), False),
        ([0.0, 1.0, 2.0], [1.0, 1.0, 1.0], Setting(True, False), Shape(), True),
        ([0.0, 1.0, 2.0], [-1.0, -1.0, 1.0], Setting(), Shape(), False),
        ([0.0, 1.0, 2.0], [-1.0, -1.0, 1.0], Setting(), Shape(curvature=1), False),
        ([0.0, 1.0, 2.0], [-1.0, -1.0, 1.0], Setting(), Shape(monotone=-1), True),
        ([0.0, 1.0, 2.0], [-1.0, -1.0, 1.0], Setting(False, False), Shape(), True),
        ([0.0, 1.0, 1.0, 2.0], [-1.0, -1.0, 1.0, 1.0], Setting(), Shape(), False),
        ([0.0, 1.0, 2.0], [-1.0, 1.0, -1.0], Setting(), Shape(), True),
    ],
)
def test_a_logistic_loss_may_fall_for_ever(
    x: list[float], y: list[float], setting: Setting, shape: Shape, attained: bool
) -> None:
    sample, task = Sample.from_observations(x, y), Task(Loss("logistic"), 0.1, setting, shape)
    if attained:
        check(sample, fit(sample, task))
        return
    with pytest.raises(NoMinimum) as caught:
        fit(sample, task)
    assert caught.value.pointer == "/y"


@pytest.mark.parametrize(
    ("task", "gap", "error", "pointer"),
    [
        (Task(Loss("squared"), 0.0), 1e-8, NotPositive, "/regularisation"),
        (Task(Loss("squared"), -1.0), 1e-8, NotPositive, "/regularisation"),
        (Task(Loss("squared"), np.inf), 1e-8, NotFinite, "/regularisation"),
        (Task(Loss("squared"), None), 1e-8, WrongRegularisation, "/regularisation"),
        (Task(Loss("hard_margin"), 1.0), 1e-8, WrongRegularisation, "/regularisation"),
        (Task(Loss("hinge"), 1.0), 1e-8, WrongLabel, "/y/1"),
        (Task(Loss("squared"), 1.0), 1e-13, OutOfRange, "/gap"),
        (Task(Loss("squared"), 1.0), 0.1, OutOfRange, "/gap"),
    ],
)
def test_what_is_refused(task: Task, gap: float, error: type[MinnormError], pointer: str) -> None:
    with pytest.raises(error) as caught:
        fit(Sample.from_observations([0.0, 1.0, 2.0], [1.0, 0.0, 1.0]), task, gap)
    assert caught.value.pointer == pointer


def test_what_does_not_fit_in_doubles_is_refused() -> None:
    with pytest.raises(Overflow):
        fit(Sample.from_observations([0.0, 1.0, 2.0], [1e200, 0.0, 1e200]), Task(Loss("squared"), 1.0))


def test_too_many_observations_are_refused() -> None:
    n = MOST_POINTS + 1
    sample = Sample.from_observations(np.arange(n), np.zeros(n))
    with pytest.raises(TooManyPoints):
        fit(sample, Task(Loss("absolute"), 1.0))


@pytest.mark.parametrize("unit", [1e-200, 1e-30, 1e30, 1e200])
@pytest.mark.parametrize("setting", SETTINGS)
def test_the_absolute_loss_has_no_unit(setting: Setting, unit: float) -> None:
    random = np.random.default_rng(8)
    x, y = random.normal(size=12), random.normal(size=12)
    task = Task(Loss("absolute"), 0.02, setting)
    usual = fit(Sample.from_observations(x, y), task)
    scaled = fit(Sample.from_observations(x, unit * y), task)
    assert scaled.outcome == "optimal"
    assert scaled.objective == pytest.approx(unit * usual.objective, rel=1e-7)


@pytest.mark.parametrize(
    ("function", "zeros"),
    [
        (polygon(0.0, 0.0, 1.0, [], []), [0.0]),
        (polygon(0.0, 1.0, 0.0, [], []), []),
        (polygon(0.0, 0.0, 0.0, [], []), []),
        (polygon(0.0, 2.0, 1.0, [], []), [-2.0]),
        (polygon(0.0, 1.0, -1.0, [3.0], [2.0]), [1.0, 5.0]),
        (polygon(0.0, 1.0, -1.0, [1.0], [2.0]), []),  # touches zero
        (polygon(0.0, 1.0, -1.0, [1.0, 3.0], [1.0, -1.0]), [2.0]),  # is zero from 1 to 3
        (polygon(0.0, 0.0, 0.0, [1.0], [1.0]), []),  # zero, then positive
        (polygon(0.0, -1.0, 0.0, [1.0], [2.0]), [1.5]),
        (polygon(1.0, -2.0, 0.0, [1.0, 2.0], [1.0, 3.0]), [2.25]),
        (polygon(0.0, 1e-16, 0.0, [1.0], [-1.0]), []),  # rounding, then negative
        (polygon(0.0, -1.0, 1.0, [1.0], [-1.0 - 1e-16]), []),  # negative, then rounding
    ],
)
def test_where_signs_change(function: PiecewiseLinear, zeros: list[float]) -> None:
    assert sign_changes(function, 1.0).tolist() == pytest.approx(zeros)


def test_decision_boundaries_lie_between_labels() -> None:
    sample = labelled(2)
    boundaries = fit(sample, Task(Loss("hard_margin"), None)).boundaries
    changes = np.flatnonzero(np.diff(sample.y))
    inner = boundaries[(boundaries > sample.x[0]) & (boundaries < sample.x[-1])]
    assert np.all((inner > sample.x[changes]) & (inner < sample.x[changes + 1]))


@pytest.mark.parametrize("penalise_biases", [True, False])
@pytest.mark.parametrize("name", ["squared", "absolute", "huber"])
@pytest.mark.parametrize(("slope", "level"), [(0.1, 0.3), (1e5, -3.3e7), (0.0, 0.1)])
def test_a_straight_line_is_optimal_although_it_is_rounded(
    slope: float, level: float, name: str, penalise_biases: bool
) -> None:
    x = np.array([0.1, 0.2, 0.3, 0.3, 0.7, 0.9])
    sample = Sample.from_observations(x, slope * x + level)
    found = fit(sample, Task(Loss(name), 0.1, Setting(penalise_biases)))
    assert (found.outcome, found.norm) == ("optimal", 0.0)
    assert found.objective <= 1e-14 * max(abs(slope), abs(level)) ** (1 if name == "absolute" else 2)


def test_next_to_nothing_is_not_proved_where_it_is_paid_for() -> None:
    """A function with kinks whose price is below all rounding of the loss, and a witness that proves nothing."""
    sample, task = Sample.from_observations([0.0, 1.0, 2.0], [0.0, 1.0, 0.0]), Task(Loss("absolute"), 1e-300)
    best = Best(sample, task, 1e-8)
    best.consider(PiecewiseLinear(0.0, 0.0, 1.0, np.array([1.0]), np.array([-2.0])))
    assert best.chosen.objective < 1e-290
    assert not best.is_proved
