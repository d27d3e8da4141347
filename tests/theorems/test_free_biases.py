"""Least norm with free biases, with and without a skip connection, against a linear program over a grid.

[Savarese, Evron, Soudry, Srebro, COLT 2019] for the norm; the grid contains the data, where a minimiser has its kinks.
"""

from typing import Any

import numpy as np
import pytest

from tests.oracles.generated import SHAPES, Points, abscissae, from_curvature, integers, some
from tests.oracles.variation import Program
from tests.theorems.answers import answer, curvatures, value


def free(x: list[float], y: list[float], skip_connection: bool) -> dict[str, Any]:
    return answer(x, y, penalise_biases=False, skip_connection=skip_connection)


def sloping(random: np.random.Generator, n: int) -> Points:
    """All chords rise, or all fall, and not all the same way curved: often the ends cost something."""
    x = abscissae(random, n)
    chords = random.uniform(0.1, 3.0, n - 1) + random.choice([0.0, 3.0])
    rise = np.concatenate(([0.0], np.cumsum(chords * np.diff(x))))
    return x.tolist(), (float(random.choice([-1.0, 1.0])) * rise).tolist()


def norm_of(wire: dict[str, Any], skip_connection: bool) -> float:
    """The definition of Savarese et al."""
    function = wire["function"]
    changes = np.array(function["slope_changes"])
    variation, slope = float(np.sum(np.abs(changes))), function["slope0"]
    return variation if skip_connection else max(variation, abs(2.0 * slope + float(np.sum(changes))))


@pytest.mark.parametrize("skip_connection", [True, False])
@pytest.mark.parametrize("shape", ["mixed", "integers", "sloping", "plateaus"])
def test_the_least_norm(shape: str, skip_connection: bool) -> None:
    random = np.random.default_rng(41)
    for n in (2, 3, 4, 5, 6, 7) * 8:
        x, y = sloping(random, n) if shape == "sloping" else SHAPES[shape](random, n)
        grid = np.unique(np.concatenate((x, np.linspace(x[0] - 1, x[-1] + 1, 15))))
        least = Program(np.array(x), np.array(y), grid, skip_connection).least_norm()
        wire = free(x, y, skip_connection)
        assert wire["norm"] == wire["objective_value"]
        assert wire["norm"] == pytest.approx(least, rel=1e-7, abs=1e-7)
        assert wire["norm"] == pytest.approx(norm_of(wire, skip_connection), rel=1e-12)


@pytest.mark.parametrize("skip_connection", [True, False])
@pytest.mark.parametrize("shape", [*SHAPES, "sloping"])
def test_every_shape_is_proved(shape: str, skip_connection: bool) -> None:
    random = np.random.default_rng(42)
    for x, y in [sloping(random, 20) for _ in range(60)] if shape == "sloping" else some(shape, 60):
        wire = free(x, y, skip_connection)
        certificate = wire["certificate"]
        assert certificate["relative_gap"] <= 1e-12
        reach = max(map(abs, y)) + max(map(abs, x)) * np.max(np.abs(np.diff(y) / np.diff(x)))
        assert certificate["max_residual"] <= 1e-14 * reach
        assert wire["is_unique"] == ("solution_set" not in wire)
        assert wire["fewest_kinks"] <= wire["kink_count"]


def test_two_points() -> None:
    """One neuron, which costs its slope; nothing at all with a skip connection, or for a constant."""
    wire = free([1.0, 3.0], [1.0, 5.0], skip_connection=False)
    assert (wire["norm"], wire["kink_count"], wire["fewest_kinks"], wire["is_unique"]) == (2.0, 1, 0, False)
    assert wire["function"]["slope0"] == 0.0
    wire = free([1.0, 3.0], [1.0, 5.0], skip_connection=True)
    assert (wire["norm"], wire["kink_count"], wire["is_unique"]) == (0.0, 0, True)
    wire = free([1.0, 2.0, 3.0], [4.0, 4.0, 4.0], skip_connection=False)
    assert (wire["norm"], wire["kink_count"], wire["is_unique"]) == (0.0, 0, True)


@pytest.mark.parametrize("slope", [-0.3, 0.7])
def test_affine_data_cost_their_slope(slope: float) -> None:
    x = [0.0, 0.1, 0.2, 0.3, 0.7]
    wire = free(x, [1.0 + slope * a for a in x], skip_connection=False)
    assert wire["norm"] == pytest.approx(abs(slope), rel=1e-14)
    assert wire["kink_count"] == 1


def test_an_excess_of_slope_by_hand() -> None:
    """Slopes 3, 2, 4: V = 3, and all slopes exceed 2 = 3 - 1, so the least norm is 5; `q` is one where they rise."""
    wire = free([0.0, 1.0, 2.0, 3.0], [0.0, 3.0, 5.0, 9.0], skip_connection=False)
    assert wire["norm"] == 5.0
    assert wire["function"]["slope0"] == 1.0
    assert wire["function"]["kinks"] == [0.0, 1.0, 2.0]
    assert wire["function"]["slope_changes"] == [2.0, -1.0, 2.0]
    assert wire["certificate"]["dual_values"] == [1.0, 0.0, 1.0, 0.0]
    assert not wire["is_unique"]
    fallen = free([0.0, 1.0, 2.0, 3.0], [0.0, -3.0, -5.0, -9.0], skip_connection=False)
    assert fallen["norm"] == 5.0
    assert fallen["certificate"]["dual_values"] == [-1.0, 0.0, -1.0, 0.0]


def test_no_excess_where_the_least_slope_is_zero() -> None:
    """Slopes 1, 0 and 0.3, 0 as written: nothing exceeds zero but for rounding."""
    for y in ([0.0, 1.0, 1.0], [0.3, 0.2, 0.1, 0.1], [0.1, 0.4, 0.7, 0.7, 0.7]):
        wire = free([0.1 * k for k in range(len(y))], y, skip_connection=False)
        assert wire["kink_count"] == 1
        assert wire["is_unique"]
    wire = free([0.0, 0.1, 0.2, 0.3, 0.4], [0.0, 2.6, 2.9, 3.0, 3.0], skip_connection=False)
    assert wire["function"]["kinks"] == [0.1, 0.2, 0.3]


@pytest.mark.parametrize("shape", ["mixed", "integers", "alternating"])
def test_the_kinks_are_the_data_s_bends(shape: str) -> None:
    for x, y in some(shape, 40):
        wire = free(x, y, skip_connection=True)
        assert wire["norm"] == pytest.approx(sum(map(abs, curvatures(x, y))), rel=1e-9, abs=1e-9)
        assert set(wire["function"]["kinks"]) <= set(x)
        assert [value(wire, a) for a in x] == pytest.approx(y, abs=1e-10)


def test_nearly_affine_data_are_proved() -> None:
    """Bends far smaller than the slope: a rounded first slope must not cost anything."""
    x = np.linspace(0.0, 1.0, 50)
    wire = free(x.tolist(), (1.2345678e6 * x + 1e-6 * np.sin(9 * x)).tolist(), skip_connection=True)
    assert wire["certificate"]["relative_gap"] <= 1e-9


@pytest.mark.parametrize("skip_connection", [True, False])
def test_symmetries(skip_connection: bool) -> None:
    random = np.random.default_rng(43)
    for n in (2, 3, 5, 9) * 6:
        x, y = integers(random, n) if random.random() < 0.5 else sloping(random, n)
        norm = free(x, y, skip_connection)["norm"]
        mirrored = free([-a for a in reversed(x)], y[::-1], skip_connection)
        assert mirrored["norm"] == pytest.approx(norm, rel=1e-12, abs=1e-12)
        assert free(x, [-4.0 * b for b in y], skip_connection)["norm"] == pytest.approx(4.0 * norm, rel=1e-12)
        assert free([a + 256.0 for a in x], y, skip_connection)["norm"] == pytest.approx(norm, rel=1e-9, abs=1e-9)
        level = free(x, [b + 8.0 for b in y], skip_connection)
        assert level["norm"] == pytest.approx(norm, rel=1e-9, abs=1e-9)
        if skip_connection:
            tilted = free(x, [b + 5.0 * a for a, b in zip(x, y, strict=True)], skip_connection=True)
            assert tilted["norm"] == pytest.approx(norm, rel=1e-9, abs=1e-9)


def test_no_skip_connection_costs_no_less() -> None:
    random = np.random.default_rng(44)
    more = 0
    for _ in range(50):
        x, y = sloping(random, 6)
        with_skip, without = free(x, y, skip_connection=True), free(x, y, skip_connection=False)
        assert without["norm"] >= with_skip["norm"] * (1 - 1e-12)
        more += without["norm"] > with_skip["norm"] * (1 + 1e-9)
    assert 10 < more < 50


def test_unique_unless_neighbours_curve_the_same_way() -> None:
    for eps, unique in (([1, -1, 2], True), ([1, 0, 1], True), ([1, 1], False), ([1, -1, -1, 1], False), ([], True)):
        x, y = from_curvature(np.arange(len(eps) + 2.0), np.array(eps, dtype=float))
        assert free(x, y, skip_connection=True)["is_unique"] == unique
