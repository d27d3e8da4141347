"""Least norm without a skip connection, biases penalised: the affine part costs."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.oracles.compensated import check_quickly
from tests.oracles.evidence import complaints
from tests.oracles.exact import check_exactly
from tests.oracles.generated import SHAPES, Points, some
from tests.oracles.patterns import least_norm_by_patterns
from tests.theorems.answers import answer as answered
from workers import compute
from workers.minnorm.errors import TooManyPoints
from workers.payloads import loads

GENTLE = [shape for shape in SHAPES if shape not in {"clustered", "spread", "far", "lopsided"}]


def answer(x: list[float], y: list[float]) -> dict[str, Any]:
    return answered(x, y, skip_connection=False)


@pytest.mark.parametrize(
    ("x", "y", "norm"),
    [
        ([0.0, 1.0, 5.0], [3.0, 3.0, 3.0], 3.0),  # a constant: one neuron without hidden weight, b^2 + a^2 over two
        ([1.0, 2.0], [1.0, 2.0], 1.0),  # relu(x): its kink is left of the data
        ([-2.0, -1.0], [2.0, 1.0], 1.0),
        ([-1.0, 1.0], [-1.0, 1.0], 2**0.5),  # (relu(x + 1) - relu(1 - x)) / 2
        ([-1.0, 0.0, 1.0], [1.0, 0.0, 1.0], 2.0),  # |x|: both neurons have their kink in the middle
        ([-1.0, 0.0, 1.0], [-1.0, 0.0, 1.0], 2**0.5),  # the same, as it is x in between
        ([0.0, 1.0], [0.0, 0.0], 0.0),
    ],
)
def test_by_hand(x: list[float], y: list[float], norm: float) -> None:
    wire = answer(x, y)
    assert wire["norm"] == pytest.approx(norm, rel=1e-12, abs=1e-300)
    assert wire["certificate"]["relative_gap"] <= 1e-12


@pytest.mark.parametrize("shape", GENTLE)
def test_the_program_over_all_patterns_agrees(shape: str) -> None:
    for x, y in some(shape, 12, 9):
        assert answer(x, y)["norm"] == pytest.approx(least_norm_by_patterns(x, y), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_answer_is_certified(shape: str) -> None:
    """By rational arithmetic: to 1e-12 where numbers are of one size, and never better than they are elsewhere."""
    for x, y in some(shape, 25, 30):
        wire = answer(x, y)
        claimed = max(wire["certificate"]["relative_gap"], 1e-12)
        assert shape not in GENTLE or claimed <= 1e-9
        evidence = check_exactly(x, y, wire, skip_connection=False)
        assert not complaints(wire, evidence, gap=1.01 * claimed, units=64.0), (x, y)


@pytest.mark.parametrize("shape", GENTLE)
def test_a_skip_connection_never_costs(shape: str) -> None:
    """With equality where the data turn to and fro enough."""
    for x, y in some(shape, 15, 20):
        assert answered(x, y)["norm"] <= answer(x, y)["norm"] * (1.0 + 1e-12)


def test_data_that_turn_to_and_fro_need_no_skip_connection() -> None:
    random = np.random.default_rng(4)
    x, y = np.sort(random.normal(size=100_000)), random.normal(size=100_000)
    wire, usual = answer(x.tolist(), y.tolist()), answered(x.tolist(), y.tolist())
    assert wire["norm"] == usual["norm"]
    assert wire["function"] == usual["function"]
    assert not complaints(wire, check_quickly(x, y, wire, skip_connection=False), gap=1e-13)


@pytest.mark.parametrize("shape", ["convex", "mixed", "symmetric", "both_sides", "integers"])
def test_reflection_and_scaling(shape: str) -> None:
    for x, y in some(shape, 12, 20):
        norm = answer(x, y)["norm"]
        assert answer([-a for a in x], y)["norm"] == pytest.approx(norm, rel=1e-9)
        assert answer(x, [-3.0 * b for b in y])["norm"] == pytest.approx(3.0 * norm, rel=1e-9)


def test_an_affine_part_is_no_symmetry() -> None:
    x, y = [0.0, 1.0, 2.0], [0.0, 0.0, 1.0]
    assert answer(x, [b + 5.0 for b in y])["norm"] > answer(x, y)["norm"] + 1.0


BENDS: dict[str, Callable[[Any], Any]] = {
    "exp": np.exp,
    "square": np.square,
    "tilted": lambda x: 3.0 * x + np.sin(x),
    "low": lambda x: np.hypot(1.0, x) - 5.0,
}


@pytest.mark.parametrize("n", [60, 300])
@pytest.mark.parametrize("bend", BENDS)
def test_kinks_are_not_smeared(n: int, bend: str) -> None:
    """One kink an interval at most, and the gap of exact arithmetic: the interior-point method leaves 1e-11."""
    x = np.sort(np.random.default_rng(n).uniform(-2.0, 2.0, n))
    wire = answer(x.tolist(), BENDS[bend](x).tolist())
    assert wire["certificate"]["relative_gap"] <= 1e-12
    inside = [kink for kink in wire["function"]["kinks"] if x[0] < kink < x[-1]]
    crowd = np.bincount(np.searchsorted(x, inside))
    assert crowd.max() <= 2  # two where the line of the dual vanishes
    assert np.sum(crowd == 2) <= 1
    assert len(inside) < 0.75 * n


def test_a_program_that_would_be_too_large_is_refused() -> None:
    x = np.linspace(0.0, 1.0, 20_000)
    problem = {"x": x, "y": np.exp(x), "skip_connection": False}
    for refuse in (compute.answer, compute.check):  # also before it is queued
        with pytest.raises(TooManyPoints):
            refuse("interpolations", problem)


POINTS: list[Points] = [([-1.0, 0.0, 1.0], [1.0, 0.0, 1.0]), ([0.0, 1.0, 3.0, 4.0], [5.0, 5.5, 7.0, 9.0])]


@pytest.mark.parametrize(("x", "y"), POINTS)
def test_the_network_attains_the_norm(x: list[float], y: list[float]) -> None:
    wire = answer(x, y)
    network = wire["network"]
    assert "skip_weight" not in network
    columns = [np.array(network[name]) for name in ("hidden_weights", "hidden_biases", "output_weights")]
    assert 0.5 * sum(float(column @ column) for column in columns) == pytest.approx(wire["norm"], rel=1e-14)
    weights, biases, outputs = columns
    assert np.maximum(np.outer(x, weights) + biases, 0.0) @ outputs == pytest.approx(np.array(y), rel=1e-13)


@pytest.mark.parametrize("shape", ["mixed", "convex", "symmetric", "integers"])
def test_own_answers_are_verified(shape: str) -> None:
    for x, y in [*some(shape, 15, 12), ([-1.0, 5e-8, 2.3], [0.93, 1.00000005, 0.03])]:
        wire = answer(x, y)
        claims = {name: wire[name] for name in ("function", "network", "certificate", "norm", "kink_count")}
        verdict = loads(compute.answer("verifications", {"x": x, "y": y, "skip_connection": False, **claims}).result)
        assert verdict["violations"] == [], (x, y)
        assert verdict["interpolates"]
