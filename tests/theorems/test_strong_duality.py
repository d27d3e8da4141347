"""Strong duality: the least norm equals the largest `sum eps_i q_i` over `q` with `|q(t)| <= sqrt(1 + t^2)`.

`q` is piecewise linear with nodes at the data and vanishes at both ends. Any such `q` bounds the norm of every
interpolator from below, so an answer whose function interpolates and whose two values agree is proved to be optimal, by
two checkers that share no code with the solver: one in rational arithmetic, one for a million points.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.oracles.compensated import check_quickly
from tests.oracles.evidence import complaints
from tests.oracles.exact import check_exactly
from tests.oracles.generated import SHAPES, some
from tests.theorems.answers import answer
from workers.encoding import interpolation_wire
from workers.minnorm.dataset import Dataset
from workers.minnorm.errors import MinnormError
from workers.minnorm.interpolate import interpolate

Floats = NDArray[np.float64]

DATA = Path(__file__).parent.parent / "data"


def test_by_hand() -> None:
    wire = answer([-1.0, 0.0, 1.0], [1.0, 0.0, 1.0])
    assert wire["certificate"]["dual_values"] == [0.0, 1.0, 0.0]
    assert wire["norm"] == 2.0
    assert wire["certificate"]["lower_bound"] == pytest.approx(2.0, rel=1e-14)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_answer_is_certified(shape: str) -> None:
    for x, y in some(shape, 60):
        wire = answer(x, y)
        assert not complaints(wire, check_exactly(x, y, wire)), (x, y)


@pytest.mark.parametrize("shape", SHAPES)
def test_long_answers_are_certified(shape: str) -> None:
    x, y = SHAPES[shape](np.random.default_rng(7), 1000)
    wire = answer(x, y)
    evidence = check_exactly(x, y, wire)
    assert not complaints(wire, evidence)
    quick = check_quickly(x, y, wire)
    assert quick.norm == pytest.approx(evidence.norm, rel=1e-15)
    assert quick.lower_bound == pytest.approx(evidence.lower_bound, rel=1e-13)
    assert quick.residual == pytest.approx(evidence.residual, abs=1e-3 * 2**-53 * evidence.scale)


@pytest.mark.parametrize("name", ["nile", "sunspots", "boursier_flammarion_five_points"])
def test_real_data_are_certified(name: str) -> None:
    x, y = np.loadtxt(DATA / f"{name}.csv", delimiter=",", skiprows=1, unpack=True).tolist()
    wire = answer(x, y)
    assert not complaints(wire, check_exactly(x, y, wire), gap=1e-15, units=1.0)


COORDINATES = st.floats(-1e9, 1e9) | st.integers(-5, 5).map(float) | st.integers(-50, 50).map(lambda i: i / 10)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(COORDINATES, COORDINATES), min_size=2, max_size=12, unique_by=lambda point: point[0]))
def test_whatever_comes_is_certified_or_refused(points: list[tuple[float, float]]) -> None:
    """The gap is measured against the rounding of the data where it exceeds the norm itself (nearly affine data)."""
    x, y = [a for a, _ in points], [b for _, b in points]
    try:
        wire = answer(x, y)
    except MinnormError:
        return
    evidence = check_exactly(x, y, wire)
    finest = float(np.min(np.diff(np.sort(x))))
    noise = 1e-14 * evidence.scale * max(1.0, 1.0 / finest) / evidence.norm if evidence.norm > 0.0 else 0.0
    assert not complaints(wire, evidence, gap=1e-12 + noise)


def _uniform(low: float, high: float) -> Floats:
    return np.linspace(low, high, 1_000_000)


def _walk() -> tuple[Floats, Floats]:
    return _uniform(-3, 3), np.cumsum(np.random.default_rng(1).normal(size=1_000_000))


def _long_convex() -> tuple[Floats, Floats]:
    random = np.random.default_rng(2)
    x = np.cumsum(random.uniform(0.2, 2.0, 1_000_000)) - 5e5
    slopes = np.cumsum(random.uniform(0.2, 2.0, x.size - 1))
    return x, np.concatenate(([0.0], np.cumsum(slopes * np.diff(x))))


MILLION: dict[str, Callable[[], tuple[Floats, Floats]]] = {
    "random walk": _walk,
    "square": lambda: (_uniform(-1, 1), _uniform(-1, 1) ** 2),
    "cosh": lambda: (_uniform(-5, 5), np.cosh(_uniform(-5, 5))),
    "long convex": _long_convex,
    "exp": lambda: (_uniform(0, 700), np.exp(-_uniform(0, 700))),
    "nearly flat": lambda: (_uniform(0, 1e-3), 1.0 + _uniform(0, 1e-3) ** 2),
}


@pytest.mark.parametrize("name", MILLION)
def test_a_million_points_are_certified(name: str) -> None:
    x, y = MILLION[name]()
    wire = interpolation_wire(interpolate(Dataset.from_points(x, y)))
    assert not complaints(wire, check_quickly(x, y, wire), gap=1e-13)
