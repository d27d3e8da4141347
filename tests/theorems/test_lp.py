"""The least l^p path norm, `0 < p < 1`, against all bases; and bounds where the pairing need not be the best.

[Nakhleh, Nowak, arXiv 2505.21791] for free biases.
"""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize

from tests.oracles.bases import least_by_bases
from tests.oracles.generated import SHAPES, Points, abscissae, from_curvature, some
from tests.theorems.answers import answer

EXPONENTS = [0.05, 0.3, 0.5, 0.8, 0.95]


def best(points: Points, p: float, penalise_biases: bool = True) -> dict[str, Any]:
    return answer(*points, objective="lp", p=p, penalise_biases=penalise_biases)


def random_points(random: np.random.Generator, n: int) -> Points:
    """Some tight, some wide, around zero or not; a third with curvatures of very different size."""
    x = np.cumsum(random.uniform(0.2, 2.0, n)) * random.choice([0.2, 0.5, 1.0, 3.0])
    eps = random.uniform(0.1, 2.0, n - 2) * random.choice([1.0, 1.0, 1.0, -1.0], n - 2)
    if random.random() < 0.3:
        eps *= 10.0 ** random.uniform(-2, 2, n - 2)
    return from_curvature(x - random.uniform(0.0, 1.0) * x[-1], eps, random.normal())


@pytest.mark.parametrize("p", EXPONENTS)
def test_free_biases_are_solved(p: float) -> None:
    random = np.random.default_rng(31)
    for n in (3, 4, 5, 6) * 5:
        points = random_points(random, n)
        wire = best(points, p, penalise_biases=False)
        assert wire["objective_value"] == pytest.approx(least_by_bases(*points, p, weighted=False, more=12), rel=1e-9)
        assert wire["certificate"]["relative_gap"] <= 1e-13


@pytest.mark.parametrize("p", EXPONENTS)
def test_penalised_biases_are_solved_or_bounded(p: float) -> None:
    random = np.random.default_rng(32)
    proved = 0
    for n in (3, 4, 5, 6) * 6:
        points = random_points(random, n)
        wire = best(points, p)
        certificate = wire["certificate"]
        least = least_by_bases(*points, p, weighted=True, more=12)
        assert certificate["lower_bound"] <= least * (1 + 1e-9)
        if certificate["relative_gap"] <= 1e-9:
            proved += 1
            assert wire["objective_value"] == pytest.approx(least, rel=1e-9)
    assert proved >= 12


def test_bounds_where_an_interval_spans_more_than_a_right_angle() -> None:
    """There a large curvature may take a share of the wrong sign from a small one: the pairing is not the best."""
    random = np.random.default_rng(33)
    beaten = 0
    for _ in range(60):
        left, right = -np.sort(10.0 ** random.uniform(0, 2, 3))[::-1], np.sort(10.0 ** random.uniform(0, 2, 3))
        eps = 10.0 ** random.uniform(-1.5, 1.5, 4) * random.choice([-1.0, 1.0], 4)
        points = from_curvature(np.concatenate((left, right)), eps)
        wire = best(points, 0.5)
        least = least_by_bases(*points, 0.5, weighted=True, more=12)
        certificate = wire["certificate"]
        assert certificate["lower_bound"] <= least * (1 + 1e-9)
        beaten += least < float(wire["objective_value"]) * (1 - 1e-9)
    assert beaten > 0


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("width", [0.3, 0.6, 1.0, 2.0, 5.0])
def test_two_points_share_as_they_like(p: float, width: float) -> None:
    """Four points: the two shares of the inner interval, minimised numerically, never go below the bound."""
    random = np.random.default_rng(34)
    for _ in range(6):
        x = np.array([-9.0, -random.uniform(0.2, 0.8) * width, 0.0, 9.0])
        x[2] = x[1] + width
        eps = 10.0 ** random.uniform(-1, 1, 2)
        points = np.column_stack((x, np.ones(4)))

        def cost(
            shares: np.ndarray, points: np.ndarray = points, eps: np.ndarray = eps
        ) -> float:  # given to the inner interval, and by the ends
            left = shares[2] * points[0] + (1 - shares[0]) * eps[0] * points[1]
            inner = shares[0] * eps[0] * points[1] + shares[1] * eps[1] * points[2]
            right = (1 - shares[1]) * eps[1] * points[2] + shares[3] * points[3]
            return float(sum(np.hypot(*vector) ** p for vector in (left, inner, right)))

        bound = best(from_curvature(x, eps), p)["certificate"]["lower_bound"]
        limits = [(0.0, 1.0)] * 2 + [(0.0, None)] * 2
        for start in random.uniform(0.0, 1.0, (8, 4)):
            assert minimize(cost, start, bounds=limits).fun >= bound * (1 - 1e-9)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("penalise_biases", [True, False])
def test_every_shape(shape: str, penalise_biases: bool) -> None:
    """The value belongs to the function, and the bound does not exceed it."""
    for x, y in some(shape, 20):
        wire = answer(x, y, objective="lp", p=0.4, penalise_biases=penalise_biases)
        function, certificate = wire["function"], wire["certificate"]
        kinks = zip(function["kinks"], function["slope_changes"], strict=True)
        value = sum((abs(change) * (np.hypot(1.0, kink) if penalise_biases else 1.0)) ** 0.4 for kink, change in kinks)
        assert wire["objective_value"] == pytest.approx(value, rel=1e-12)
        assert certificate["lower_bound"] <= value * (1 + 1e-9)
        assert penalise_biases or certificate["relative_gap"] <= 1e-9
        reach = max(map(abs, y)) + max(map(abs, x)) * np.max(np.abs(np.diff(y) / np.diff(x)))
        assert certificate["max_residual"] <= 1e-13 * reach


@pytest.mark.parametrize("shape", ["convex", "mixed", "integers"])
def test_a_small_exponent_gives_a_sparsest(shape: str) -> None:
    for x, y in some(shape, 30):
        wire = answer(x, y, objective="lp", p=1e-6, penalise_biases=False)
        assert wire["is_sparsest"]


def test_each_slope_is_a_chords() -> None:
    """Inside a run every slope of a minimiser is one of the chords' [Nakhleh, Nowak]."""
    random = np.random.default_rng(35)
    for _ in range(20):
        x, y = from_curvature(abscissae(random, 12), random.uniform(0.2, 2.0, 10))
        function = best((x, y), 0.7, penalise_biases=False)["function"]
        slopes = function["slope0"] + np.cumsum([0.0, *function["slope_changes"]])
        chords = [(d - b) / (c - a) for (a, b), (c, d) in pairwise(zip(x, y, strict=True))]
        assert all(min(abs(slope - chord) for chord in chords) < 1e-9 for slope in slopes)


def test_by_hand() -> None:
    """Curvatures 1, 4, 1 on a uniform grid: one pair and the rest alone cost least."""
    wire = best(from_curvature(np.arange(5.0), np.array([1.0, 4.0, 1.0])), 0.5, penalise_biases=False)
    assert wire["objective_value"] == pytest.approx(5.0**0.5 + 1.0)
    assert wire["kink_count"] == 2
    assert not wire["is_unique"]  # either of the two may be alone
    assert best(from_curvature(np.arange(5.0), np.array([1.0, 4.0, 1.5])), 0.5, penalise_biases=False)["is_unique"]


def test_an_active_end_is_used() -> None:
    wire = answer([-10.0, 10.0, 11.0], [0.0, 0.0, 1.0], objective="lp", p=0.5)
    assert wire["function"]["kinks"] == pytest.approx([0.1])
    assert wire["objective_value"] == pytest.approx((200 / 101 * np.hypot(1.0, 0.1)) ** 0.5)
    assert wire["certificate"]["relative_gap"] <= 1e-13
    assert wire["is_unique"]


@pytest.mark.parametrize("penalise_biases", [True, False])
def test_reflection_and_scale(penalise_biases: bool) -> None:
    for x, y in some("mixed", 20):
        wire = answer(x, y, objective="lp", p=0.5, penalise_biases=penalise_biases)
        for factor in (-1.0, 4.0):
            x2, y2 = [-a for a in reversed(x)], [factor * b for b in reversed(y)]
            other = answer(x2, y2, objective="lp", p=0.5, penalise_biases=penalise_biases)
            scale = abs(factor) ** 0.5
            assert other["objective_value"] == pytest.approx(scale * wire["objective_value"], rel=1e-9, abs=1e-9)
            bound = scale * wire["certificate"]["lower_bound"]
            assert other["certificate"]["lower_bound"] == pytest.approx(bound, rel=1e-9, abs=1e-9)


def test_affine_functions_cost_nothing_and_free_biases_have_no_origin() -> None:
    for x, y in some("integers", 20):
        wire = answer(x, y, objective="lp", p=0.5, penalise_biases=False)
        moved = answer(
            [a + 64 for a in x],
            [b + 3 * a - 7 for a, b in zip(x, y, strict=True)],
            objective="lp",
            p=0.5,
            penalise_biases=False,
        )
        assert moved["objective_value"] == pytest.approx(wire["objective_value"], rel=1e-12)
