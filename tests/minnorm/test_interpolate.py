"""The verb: properties of its record."""

import doctest

import numpy as np
import pytest

from workers.minnorm import interpolate as module
from workers.minnorm.bends import Bends
from workers.minnorm.dataset import Dataset
from workers.minnorm.errors import Unsupported, WrongExponent
from workers.minnorm.interpolate import Interpolation, interpolate
from workers.minnorm.piecewise_linear import PiecewiseLinear
from workers.minnorm.setting import Setting
from workers.minnorm.sparsity import runs

FREE = Setting(penalise_biases=False)
QUESTIONS: list[tuple[Setting, str, float | None]] = [
    (Setting(), "norm", None),
    (FREE, "norm", None),
    (Setting(False, False), "norm", None),
    (Setting(), "kinks", None),
    (Setting(False, False), "kinks", None),
    (Setting(), "lp", 0.5),
    (FREE, "lp", 0.5),
]
FIVE = Dataset.from_points([-1.5, -1.0, 0.0, 0.25, 2.0], [0.7, -0.3, -0.3, 0.4, 0.2])


def test_its_example() -> None:
    assert doctest.testmod(module).failed == 0


def test_two_points_are_a_line() -> None:
    answer = interpolate(Dataset.from_points([1.0, 3.0], [1.0, 5.0]))
    assert (answer.norm, answer.kink_count, answer.fewest_kinks, answer.is_sparsest) == (0.0, 0, 0, True)
    assert answer.function([0.0]) == [-1.0]
    assert answer.certificate.relative_gap == 0.0
    assert answer.network.hidden_weights.size == 0


def test_the_network_attains_the_norm() -> None:
    random = np.random.default_rng(1)
    data = Dataset.from_points(np.cumsum(random.uniform(0.2, 2.0, 50)) - 20, random.normal(size=50))
    answer = interpolate(data)
    assert answer.network.parameter_norm(penalise_biases=True) == pytest.approx(answer.norm, rel=1e-13)
    assert answer.network(data.x) == pytest.approx(data.y, abs=1e-11)


def test_the_data_are_left_alone() -> None:
    data = Dataset.from_points([-10.0, 10.0, 11.0, 12.0], [0.0, 0.0, 1.0, 5.0])
    x, y = data.x.copy(), data.y.copy()
    interpolate(data)
    assert np.array_equal(data.x, x)
    assert np.array_equal(data.y, y)


def test_a_curvature_too_small_for_a_double_makes_no_kink() -> None:
    """Beside a slope of 1e141 the others vanish; what is counted is what is there."""
    x = [-2.0, -1.0, 0.0, 1.0, 2.0, 3.0]
    answer = interpolate(Dataset.from_points(x, [5.3e141, 4.9e126, 8.2e44, 0.3, 0.3, 0.0]))
    assert answer.fewest_kinks <= answer.kink_count
    assert np.all(answer.function.slope_changes != 0.0)


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("far", [1e150, 1e200, 1e280])
def test_abscissae_of_any_size(far: float, question: tuple[Setting, str, float | None]) -> None:
    """No overflow, no NaN; what double precision cannot certify is told in the gap."""
    answer = interpolate(Dataset.from_points([-far, -far / 2, 0.0, far], [1.0, 0.0, 1.0, 5.0]), *question)
    assert np.isfinite(answer.norm)
    assert 0.0 <= answer.certificate.relative_gap <= 1.0
    assert np.all(np.isfinite(answer.certificate.dual.values))
    assert answer.certificate.max_residual < 1e-13


@pytest.mark.parametrize("scale", [1e-310, 1e-200, 1e280])
def test_ordinates_of_any_size(scale: float) -> None:
    answer = interpolate(Dataset.from_points([-1.5, -1.0, 0.0, 0.25, 2.0], scale * np.array([7, -3, -3, 4, 2])))
    assert answer.norm == pytest.approx(82.03976955807153 * scale, rel=1e-9)
    assert answer.function.kinks == pytest.approx([-5 / 12, 0.25])


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("scale", [1e-310, 1e-200, 1e280])
def test_every_objective_grows_with_the_ordinates(scale: float, question: tuple[Setting, str, float | None]) -> None:
    here = interpolate(FIVE, *question)
    there = interpolate(Dataset.from_points(FIVE.x, scale * FIVE.y), *question)
    factor = {"norm": scale, "kinks": 1.0, "lp": scale**0.5}[here.objective]
    assert there.objective_value == pytest.approx(here.objective_value * factor, rel=1e-9)
    assert there.certificate.lower_bound == pytest.approx(here.certificate.lower_bound * factor, rel=1e-9)


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_answer_says_what_it_is(question: tuple[Setting, str, float | None]) -> None:
    answer = interpolate(FIVE, *question)
    assert (answer.setting, answer.objective, answer.p) == question
    assert answer.is_proved
    assert answer.norm == pytest.approx(answer.network.parameter_norm(answer.setting.penalise_biases), rel=1e-12)
    assert answer.network(FIVE.x) == pytest.approx(FIVE.y, abs=1e-13)
    expected = {"norm": answer.norm, "kinks": answer.kink_count}
    assert answer.objective_value == expected.get(answer.objective, answer.objective_value)


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("y", [[1.0, 1.0, 1.0], [0.1, 0.2, 0.3]])
def test_affine_data(y: list[float], question: tuple[Setting, str, float | None]) -> None:
    """Nothing to bend; only a slope without a skip connection costs something."""
    answer = interpolate(Dataset.from_points([0.1, 0.2, 0.3], y), *question)
    costs = question[1] == "norm" and not question[0].skip_connection
    assert answer.objective_value == pytest.approx((y[2] - y[0]) / 0.2 if costs else 0.0)
    assert answer.kink_count == (1 if costs and y[2] > y[0] else 0)
    assert answer.runs.size == 0
    assert answer.is_proved


def pointer_of(error: type[Unsupported | WrongExponent], setting: Setting, objective: str, p: float | None) -> str:
    with pytest.raises(error) as raised:
        interpolate(FIVE, setting, objective, p)
    return raised.value.pointer


def test_what_does_not_go_together() -> None:
    for p in (None, 0.0, 1.0, -0.5, float("nan")):
        assert pointer_of(WrongExponent, FREE, "lp", p) == "/p"
    for objective in ("norm", "kinks"):
        assert pointer_of(WrongExponent, FREE, objective, 0.5) == "/p"
    assert pointer_of(Unsupported, Setting(False, False), "lp", 0.5) == "/skip_connection"
    assert pointer_of(Unsupported, FREE, "beauty", None) == "/objective"


def runs_of(answer: Interpolation) -> list[list[int]]:
    rows: list[list[int]] = answer.runs.tolist()
    return rows


def test_the_runs_by_hand() -> None:
    """Curvatures 1, 1, 0, -1, 1, 1, 1."""
    x = np.arange(9.0)
    y = np.concatenate(([0.0], np.cumsum(np.cumsum([0.0, 1.0, 1.0, 0.0, -1.0, 1.0, 1.0, 1.0]))))
    data = Dataset.from_points(x, y)
    assert runs_of(interpolate(data, FREE)) == [[1, 2, 1, 2], [4, 4, -1, 1], [5, 7, 1, 3]]
    assert runs_of(interpolate(data, FREE, "kinks")) == [[1, 2, 1, 1], [4, 4, -1, 1], [5, 7, 1, 2]]


def test_kinks_between_two_runs_count_for_the_one_of_their_sign() -> None:
    """Curvatures 1, -1: both windows contain the interval between the two points."""
    bends = Bends.of(Dataset.from_points([0.0, 1.0, 2.0, 3.0], [0.0, 0.0, 1.0, 1.0]))
    function = PiecewiseLinear.from_numbers(0.0, 0.0, 0.0, [1.2, 1.4, 1.6, 2.5], [1.0, -1.0, 1.0, -1.0])
    assert runs(bends, function).tolist() == [[1, 1, 1, 2], [2, 2, -1, 2]]


def test_the_kinks_of_all_runs_are_all_kinks() -> None:
    random = np.random.default_rng(2)
    for n in (3, 10, 40) * 5:
        data = Dataset.from_points(np.cumsum(random.uniform(0.2, 2.0, n)) - n / 2, random.normal(size=n))
        for question in QUESTIONS:
            answer = interpolate(data, *question)
            if not question[0].skip_connection and answer.function.kinks[:1] == data.x[:1]:
                continue  # an excess of slope belongs to no run
            assert sum(row[3] for row in runs_of(answer)) == answer.kink_count
            assert sum((row[1] - row[0]) // 2 + 1 for row in runs_of(answer)) == answer.fewest_kinks


def test_a_tail_keeps_its_kinks() -> None:
    """Slopes fall from 1 to 1e-304; what is lost of the first ones must not drown the last."""
    x = np.linspace(0.0, 700.0, 2001)
    answer = interpolate(Dataset.from_points(x, np.exp(-x)))
    assert answer.fewest_kinks == 1000
    assert answer.function.kinks[-1] > 699.0
    assert answer.function.slope_changes[-1] < 1e-300
