"""Against a brute-force minimum over a fine grid of values, and by what is known of conjugates."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from workers.fitting.losses import OF_LABELS, OF_VALUES, Loss
from workers.fitting.sample import Sample
from workers.fitting.shape import Shape
from workers.minnorm.errors import (
    ContradictoryShapes,
    MinnormError,
    NotFinite,
    NotPositive,
    Overflow,
    Unsupported,
    WrongDelta,
    WrongLabel,
)

Floats = NDArray[np.float64]

BY_HAND: dict[str, Callable[[float, float], float]] = {
    "squared": lambda z, y: (z - y) ** 2,
    "absolute": lambda z, y: abs(z - y),
    "huber": lambda z, y: (z - y) ** 2 / 2 if abs(z - y) <= 0.7 else 0.7 * (abs(z - y) - 0.35),
    "hinge": lambda z, y: max(0.0, 1.0 - y * z),
    "logistic": lambda z, y: math.log(1.0 + math.exp(-y * z)),
    "hard_margin": lambda z, y: 0.0 if y * z >= 1.0 else math.inf,
}
LOSSES = (*OF_VALUES, *OF_LABELS)


def loss_of(name: str) -> Loss:
    return Loss.of(name, 0.7 if name == "huber" else None)


def sample_of(name: str, seed: int) -> Sample:
    random = np.random.default_rng(seed)
    n = 15
    x = random.integers(0, 4, n).astype(float)
    x[:2] = 0.0, 3.0
    y = np.round(random.normal(size=n), 1)
    if name in OF_LABELS:
        y = np.where(y > 0.0, 1.0, -1.0)
    if name == "hard_margin":
        y = np.where(x > 1.0, 1.0, -1.0)
    return Sample.from_observations(x, y, random.uniform(0.5, 2.0, n))


@pytest.mark.parametrize("name", LOSSES)
def test_the_loss_of_each(name: str) -> None:
    random = np.random.default_rng(1)
    z, y = 2.0 * random.normal(size=200), np.where(random.normal(size=200) > 0.0, 1.0, -1.0)
    expected = [BY_HAND[name](a, b) for a, b in zip(z, y, strict=True)]
    np.testing.assert_allclose(loss_of(name).of_each(z, y), expected, rtol=1e-12)


@pytest.mark.parametrize("name", ["squared", "absolute", "huber", "hinge", "logistic"])
@pytest.mark.parametrize("seed", range(5))
def test_the_value_is_the_weighted_mean(name: str, seed: int) -> None:
    sample = sample_of(name, seed)
    z = np.random.default_rng(seed).normal(size=sample.y.size)
    terms = [w * BY_HAND[name](a, b) for w, a, b in zip(sample.weights, z, sample.y, strict=True)]
    assert loss_of(name).value(z, sample) == pytest.approx(math.fsum(terms), rel=1e-13)


def slopes_inside(loss: Loss, sample: Sample, seed: int) -> Floats:
    low, high = (np.clip(limit, -0.3, 0.3) for limit in loss.domain(sample))
    return low + np.random.default_rng(seed).uniform(0.02, 0.98, low.size) * (high - low)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("seed", range(6))
def test_the_least_is_the_smallest_of_a_fine_grid(name: str, seed: int) -> None:
    """No grid value is smaller, and one comes close."""
    loss, sample = loss_of(name), sample_of(name, seed)
    slopes = slopes_inside(loss, sample, seed)
    least = loss.least(sample, slopes)
    grid = np.linspace(-9.0, 9.0, 36_001)
    for group in range(sample.x.size):
        here = sample.group == group
        of_each = loss.of_each(grid[:, None], sample.y[here])
        values = np.where(np.isinf(of_each), of_each, sample.weights[here] * of_each).sum(axis=1) + slopes[group] * grid
        assert least[group] <= values.min() + 1e-14
        assert values.min() <= least[group] + 1e-3 * np.abs(slopes[group]) + 1e-6


@pytest.mark.parametrize("name", ["squared", "absolute", "huber", "hinge", "logistic"])
@pytest.mark.parametrize("seed", range(6))
def test_the_minimiser_attains_the_least(name: str, seed: int) -> None:
    loss, sample = loss_of(name), sample_of(name, seed)
    slopes = slopes_inside(loss, sample, seed)
    z = loss.minimisers(sample, slopes)
    attained = sample.sums(sample.weights * loss.of_each(z[sample.group], sample.y)) + slopes * z
    np.testing.assert_allclose(attained, loss.least(sample, slopes), atol=1e-14)


@pytest.mark.parametrize("name", ["absolute", "huber", "hinge", "logistic", "hard_margin"])
def test_beyond_its_domain_there_is_no_least(name: str) -> None:
    loss, sample = loss_of(name), sample_of(name, 2)
    low, high = loss.domain(sample)
    for limits, beyond in ((low, -1e-9), (high, 1e-9)):
        real = np.isfinite(limits)
        assert np.isneginf(loss.least(sample, np.where(real, limits + beyond, 0.0))[real]).all()
        assert np.isfinite(loss.least(sample, np.where(real, limits, 0.0))).all()


@pytest.mark.parametrize("name", ["absolute", "huber", "hinge", "logistic"])
def test_slopes_are_scaled_into_the_domain(name: str) -> None:
    loss, sample = loss_of(name), sample_of(name, 3)
    low, high = loss.domain(sample)
    slopes = np.where(high > 0.0, 3.0 * high, 0.5 * low)
    factor = loss.scale_into_domain(sample, slopes)
    assert factor == pytest.approx(1.0 / 3.0, rel=1e-14)
    assert np.isfinite(loss.least(sample, factor * slopes)).all()
    assert loss.scale_into_domain(sample, 0.5 * high) == 1.0


def test_a_slope_of_the_wrong_sign_has_no_scale() -> None:
    sample = sample_of("hard_margin", 0)
    assert Loss("hard_margin").scale_into_domain(sample, -sample.y[sample.starts]) == 0.0


@pytest.mark.parametrize("name", ["squared", "huber", "logistic"])
@pytest.mark.parametrize("seed", range(3))
def test_derivatives_are_slopes(name: str, seed: int) -> None:
    loss, sample = loss_of(name), sample_of(name, seed)
    z, step = np.random.default_rng(seed).normal(size=sample.x.size), 1e-6
    slopes = loss.derivatives(z, sample)
    assert slopes is not None
    for group in range(sample.x.size):
        there = step * (np.arange(sample.x.size) == group)
        rise = loss.value((z + there)[sample.group], sample) - loss.value((z - there)[sample.group], sample)
        assert slopes[group] == pytest.approx(rise / (2.0 * step), abs=1e-8)


def test_a_margin_may_lack_its_rounding() -> None:
    label = np.array([1.0])
    assert Loss("hard_margin").of_each(np.array([1.0 - 2.0**-48]), label)[0] == 0.0
    assert Loss("hard_margin").of_each(np.array([1.0 - 2.0**-46]), label)[0] == np.inf


@pytest.mark.parametrize(
    ("name", "delta", "error", "pointer"),
    [
        ("cubic", None, Unsupported, "/loss"),
        ("squared", 1.0, WrongDelta, "/huber_delta"),
        ("huber", 0.0, NotPositive, "/huber_delta"),
        ("huber", math.nan, NotFinite, "/huber_delta"),
        ("huber", 1e300, Overflow, "/huber_delta"),
    ],
)
def test_what_is_refused(name: str, delta: float | None, error: type[MinnormError], pointer: str) -> None:
    with pytest.raises(error) as caught:
        Loss.of(name, delta)
    assert caught.value.pointer == pointer


def test_the_first_wrong_label_is_named_as_it_was_given() -> None:
    sample = Sample.from_observations([3.0, 1.0, 2.0], [1.0, 0.5, 2.0])
    with pytest.raises(WrongLabel) as caught:
        Loss("hinge").check(sample)
    assert caught.value.pointer == "/y/1"
    Loss("squared").check(sample)


def test_shapes() -> None:
    assert Shape.of([]) == Shape()
    assert Shape.of(["convex", "decreasing"]) == Shape(-1, 1)
    assert Shape.of(["increasing", "concave", "concave"]) == Shape(1, -1)
    for names in (["increasing", "decreasing"], ["concave", "convex"]):
        with pytest.raises(ContradictoryShapes) as caught:
            Shape.of(names)
        assert caught.value.pointer == "/shape"
    with pytest.raises(Unsupported) as unknown:
        Shape.of(["convex", "round"])
    assert unknown.value.pointer == "/shape/1"
