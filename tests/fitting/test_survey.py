"""Where a dual exceeds its envelope."""

import numpy as np
import pytest
from numpy.typing import NDArray

from workers.fitting import survey as surveying
from workers.fitting.exchange import exchange
from workers.fitting.restricted import Observed, Price, minimise
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
