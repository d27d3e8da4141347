"""The fast way: it reaches any gap, agrees with the cone program, and hands over where it does not get on."""

import itertools
import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from workers.fitting import fit as fitting
from workers.fitting.bound import Witness, lower_bound
from workers.fitting.exchange import Exchanged, as_function, candidate_from, exchange
from workers.fitting.fit import Task, fit
from workers.fitting.judge import Claims, judge
from workers.fitting.losses import Loss
from workers.fitting.restricted import Observed, Price, minimise, objective_of
from workers.fitting.sample import Sample
from workers.minnorm.errors import MinnormError
from workers.minnorm.setting import Setting

Floats = NDArray[np.float64]
Points = tuple[Floats, Floats]


def noisy(n: int, random: np.random.Generator) -> Points:
    x = np.sort(random.uniform(-3, 3, n))
    return x, np.sin(2 * x) + 0.3 * random.normal(size=n)


def smooth(n: int, _: np.random.Generator) -> Points:
    x = np.linspace(-3, 3, n)
    return x, np.cosh(x)


def walk(n: int, random: np.random.Generator) -> Points:
    return np.cumsum(random.uniform(0.01, 1, n)) - n / 4, np.cumsum(random.normal(size=n))


def clustered(n: int, random: np.random.Generator) -> Points:
    return np.cumsum(10.0 ** random.uniform(-6, 1, n)), random.normal(size=n)


def wide(n: int, random: np.random.Generator) -> Points:
    return np.sort(random.normal(size=n)) * 100, np.round(random.normal(size=n))


SHAPES = [noisy, smooth, walk, clustered, wide]


def observed(x: Floats, y: Floats) -> Observed:
    return Observed(x, y, np.full(x.size, 1 / x.size))


@pytest.mark.parametrize("penalise_biases", [True, False])
@pytest.mark.parametrize("regularisation", [1.0, 1e-2, 1e-4, 1e-6])
@pytest.mark.parametrize("shape", SHAPES)
def test_small_gaps_are_reached_and_proved(
    shape: Callable[[int, np.random.Generator], Points],
    regularisation: float,
    penalise_biases: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fitting, "search", lambda _: None)  # no help from the cone program
    random = np.random.default_rng(5)
    for n in (2, 3, 10, 100, 1_000):
        x, y = shape(n, random)
        found = fit(Sample.from_observations(x, y), Task(Loss(), regularisation, Setting(penalise_biases)), 1e-9)
        assert found.outcome == "optimal", (n, found.certificate.relative_gap)


@pytest.mark.parametrize("penalise_biases", [True, False])
@pytest.mark.parametrize("regularisation", [1e-1, 1e-3, 1e-5])
def test_the_smallest_gap_is_reached_with_noise(
    regularisation: float, penalise_biases: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fitting, "search", lambda _: None)
    x, y = noisy(2_000, np.random.default_rng(8))
    found = fit(Sample.from_observations(x, y), Task(Loss(), regularisation, Setting(penalise_biases)), 1e-12)
    assert found.outcome == "optimal", found.certificate.relative_gap


@pytest.mark.parametrize("penalise_biases", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_cone_program_finds_the_same(
    shape: Callable[[int, np.random.Generator], Points], penalise_biases: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(6)
    x, y = shape(40, random)
    sample = Sample.from_observations(x, y, random.uniform(0.1, 1, x.size))
    task = Task(Loss(), 1e-2, Setting(penalise_biases))
    fast = fit(sample, task)
    monkeypatch.setattr(fitting, "is_fast", lambda _: False)
    slow = fit(sample, task)
    assert fast.outcome == slow.outcome == "optimal"
    assert fast.objective == pytest.approx(slow.objective, rel=2e-8)
    assert max(fast.certificate.lower_bound, slow.certificate.lower_bound) <= min(fast.objective, slow.objective)


@pytest.mark.parametrize("regularisation", ["1/1000", "1/10", "2/9", "1/2"])
def test_a_hat_is_solved_by_hand(regularisation: str) -> None:
    """`y = (0, 1, 0)` at -1, 0, 1: the height is `1 - 9/2 regularisation`, and the fit a constant from 2/9 on."""
    price = Fraction(regularisation)
    height = max(Fraction(0), 1 - Fraction(9, 2) * price)
    objective = Fraction(2, 9) * (1 - height) ** 2 + 2 * price * height
    found = fit(Sample.from_observations([-1, 0, 1], [0, 1, 0]), Task(Loss(), float(price)))
    assert found.objective == pytest.approx(float(objective), rel=1e-14)
    assert found.function.kinks.tolist() == ([0.0] if height else [])
    assert found.fitted[1] - found.fitted[0] == pytest.approx(float(height), abs=1e-14)


def test_a_kink_slides_inside_its_interval() -> None:
    """Two points share their kink: its place is their centre of mass, and not at either."""
    found = fit(Sample.from_observations([-2, -1, 1, 2], [1, 0, 0, 2]), Task(Loss(), 1e-3), 1e-12)
    kinks = found.function.kinks
    assert kinks.size == 1
    assert -1 < kinks[0] < 1
    assert found.outcome == "optimal"


def test_the_end_of_wide_data_may_pay_for_a_kink() -> None:
    found = fit(Sample.from_observations([-10, 10, 11], [0, 0, 1]), Task(Loss(), 1e-9), 1e-10)
    assert found.norm == pytest.approx(math.sqrt(3.9604) * math.sqrt(1.01) / math.sqrt(1.01), rel=1e-2)
    assert found.function.kinks == pytest.approx([0.1], abs=1e-6)


def test_many_points_and_many_kinks() -> None:
    x, y = smooth(20_000, np.random.default_rng(0))
    for penalise_biases in (True, False):
        found = fit(Sample.from_observations(x, y), Task(Loss(), 1e-3, Setting(penalise_biases)))
        assert found.outcome == "optimal"
        assert found.kink_count > 1_000


def test_where_it_does_not_get_on_the_cone_program_does(monkeypatch: pytest.MonkeyPatch) -> None:
    def stuck(data: Observed, price: Price, gap: float, start: object = None) -> Exchanged:  # noqa: ARG001
        return exchange(data, price, 1.0)

    monkeypatch.setattr(fitting, "exchange", stuck)
    x, y = noisy(50, np.random.default_rng(1))
    found = fit(Sample.from_observations(x, y), Task(Loss(), 1e-3))
    assert found.outcome == "optimal"
    assert found.kink_count > 2


@pytest.mark.parametrize("penalise_biases", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_fit_is_a_start_for_the_next(
    shape: Callable[[int, np.random.Generator], Points], penalise_biases: bool
) -> None:
    data = observed(*shape(300, np.random.default_rng(2)))
    price = Price(1e-3, penalise_biases)
    found = exchange(data, price, 1e-10)
    function = as_function(data, found.candidate)
    start = candidate_from(data, price, function)
    assert objective_of(data, price, start, np.empty_like(data.x)) == pytest.approx(found.objective, rel=1e-12)
    assert minimise(data, price, start).nodes.tolist() == found.candidate.nodes.tolist()
    next_price = Price(7e-4, penalise_biases)
    cold, warm = exchange(data, next_price, 1e-10), exchange(data, next_price, 1e-10, start)
    assert warm.relative_gap <= 1e-8
    assert warm.objective == pytest.approx(cold.objective, rel=1e-8)


@pytest.mark.parametrize("factor", [1e-120, 1e-6, 1e6, 1e120])
def test_units_of_the_ordinates_do_not_matter(factor: float) -> None:
    x, y = noisy(200, np.random.default_rng(3))
    one = fit(Sample.from_observations(x, y), Task(Loss(), 1e-3), 1e-10)
    other = fit(Sample.from_observations(x, factor * y), Task(Loss(), factor * 1e-3), 1e-10)
    assert other.outcome == "optimal"
    assert other.objective / factor / factor == pytest.approx(one.objective, rel=1e-9)
    assert other.kink_count == one.kink_count


@pytest.mark.parametrize("penalise_biases", [True, False])
@pytest.mark.parametrize("x_unit", [1e-300, 1e-200, 1e-100, 1e100, 1e150, 1e280])
def test_extreme_numbers_end_in_an_answer_or_an_error(x_unit: float, penalise_biases: bool) -> None:
    random = np.random.default_rng(10)
    for y_unit, regularisation in itertools.product((1e-300, 1e-200, 1.0, 1e140, 1e200), (1e-200, 1e-3, 1e200)):
        x, y = random.normal(size=8) * x_unit, random.normal(size=8) * y_unit
        try:
            found = fit(Sample.from_observations(x, y), Task(Loss(), regularisation, Setting(penalise_biases)))
        except MinnormError:
            continue
        claimed = found.certificate.lower_bound
        assert claimed <= found.objective < math.inf
        assert found.outcome == ("optimal" if found.objective - claimed <= 1e-8 * found.objective else "feasible")


@pytest.mark.parametrize("shift", [1e3, 1.7e9])
def test_free_biases_do_not_see_where_the_data_are(shift: float) -> None:
    random = np.random.default_rng(4)
    x, y = np.arange(100.0), random.normal(size=100)
    task = Task(Loss(), 1e-2, Setting(penalise_biases=False))
    here, there = (fit(Sample.from_observations(x + to, y), task, 1e-10) for to in (0.0, shift))
    assert here.outcome == there.outcome == "optimal"
    assert there.function.kinks - shift == pytest.approx(here.function.kinks, abs=1e-6)
    assert there.objective == pytest.approx(here.objective, rel=1e-8)


def test_close_abscissae_are_proved_by_what_the_dual_values_lose() -> None:
    random = np.random.default_rng(9)
    x = np.repeat(np.sort(random.uniform(-3, 3, 500)), 2)
    x[1::2] += 1e-13
    y = np.sin(2 * x) + 0.3 * random.normal(size=1_000)
    sample, task = Sample.from_observations(x, y), Task(Loss(), 0.1)
    found = fit(sample, task, 1e-10)
    witness = found.certificate.witness
    assert sample.x.size == 1_000
    assert found.outcome == "optimal"
    assert witness.low is not None
    question = sample, task.loss, task.regularisation, task.setting, task.shape
    assert lower_bound(*question, Witness(witness.dual)) < (1 - 1e-4) * found.objective
    assert lower_bound(*question, witness) == found.certificate.lower_bound
    spoilt = Witness(witness.dual, low=witness.low + 1e-3 * np.sin(np.arange(1_000)))
    assert lower_bound(*question, spoilt) < found.certificate.lower_bound
    assert not judge(sample, task, Claims(function=found.function, witness=witness)).violations
