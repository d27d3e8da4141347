"""Where a dual exceeds its envelope, and what points in groups say about it."""

import numpy as np
import pytest
from numpy.typing import NDArray

from workers.fitting import exchange as exchanging
from workers.fitting import survey as surveying
from workers.fitting.exchange import exchange
from workers.fitting.restricted import Observed, Price, minimise, objective_of
from workers.fitting.survey import Survey, line_of_data

Floats = NDArray[np.float64]


def noisy(n: int, seed: int = 0) -> Observed:
    random = np.random.default_rng(seed)
    x = np.sort(random.uniform(-3, 3, n))
    return Observed(x, np.sin(2 * x) + 0.3 * random.normal(size=n), np.full(n, 1 / n))


def dual_by_hand(data: Observed, price: Price, residuals: Floats) -> Floats:
    """`q` at the points; residuals have neither sum nor moment."""
    theta = -2.0 / price.each * data.weights * residuals
    return np.array([np.sum(theta * np.maximum(data.x - t, 0.0)) for t in data.x])


@pytest.mark.parametrize("penalise_biases", [True, False])
def test_peaks_are_the_highest_places_between_nodes(penalise_biases: bool) -> None:
    data, price = noisy(400), Price(1e-3, penalise_biases)
    survey = Survey(data, price)
    found = survey.look(minimise(data, price, line_of_data(data)), 1e-8)
    q = dual_by_hand(data, price, survey.residuals)
    envelope = np.hypot(1.0, data.x) if penalise_biases else np.ones(400)
    assert survey.high == pytest.approx(q, abs=1e-9)
    signs = np.sign(found.peaks.ratios)
    assert signs.tolist() == [(-1) ** k * signs[0] for k in range(signs.size)]  # from one side to the other
    assert np.max(np.abs(found.peaks.ratios)) >= np.max(np.abs(q) / envelope) * (1 - 1e-12)
    inside = found.peaks.places % 2 == 1
    assert np.all((found.peaks.reaches > 0.0) == inside)
    assert np.all(found.peaks.reaches < 1.0)


@pytest.mark.parametrize("penalise_biases", [True, False])
def test_room_for_few_peaks_is_no_limit(penalise_biases: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    data, price = noisy(500), Price(1e-6, penalise_biases)
    usual = exchange(data, price, 1e-10)
    monkeypatch.setattr(surveying, "_FIRST_ROOM", 1)
    assert exchange(data, price, 1e-10).objective == usual.objective


@pytest.mark.parametrize("penalise_biases", [True, False])
@pytest.mark.parametrize("regularisation", [1e-1, 1e-4])
def test_points_in_groups_are_only_a_start(
    regularisation: float, penalise_biases: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, price = noisy(700), Price(regularisation, penalise_biases)
    usual = exchange(data, price, 1e-11)
    monkeypatch.setattr(exchanging, "_MANY", 50)
    found = exchange(data, price, 1e-11)
    assert found.relative_gap <= 1e-11
    assert found.objective == pytest.approx(usual.objective, rel=1e-11)
    assert objective_of(data, price, found.candidate, np.empty(700)) == pytest.approx(found.objective, rel=1e-14)


def test_groups_keep_the_ends_the_order_and_the_means() -> None:
    random = np.random.default_rng(4)
    for n in (2, 3, 9, 10, 11, 18, 100):
        x, y = random.uniform(-1e-3, 1e9, n), random.normal(size=n)
        x.sort()
        weights = random.dirichlet(np.full(n, 5.0))
        places, means, masses = exchanging._grouped(x, y, weights)
        assert (places[0], places[-1], means[0], means[-1]) == (x[0], x[-1], y[0], y[-1])
        assert np.all(np.diff(places) > 0.0)
        assert np.sum(masses) == pytest.approx(1.0)
        assert np.sum(masses * means) == pytest.approx(np.sum(weights * y))
        assert np.sum(masses * places) == pytest.approx(np.sum(weights * x))


def test_groups_of_abscissae_that_are_neighbours_stay_apart() -> None:
    x = np.ldexp(2.0**52 + np.arange(60.0), -52)
    places, _, _ = exchanging._grouped(x, np.zeros(60), np.full(60, 1 / 60))
    assert np.all(np.diff(places) > 0.0)
