"""The fewest kinks, and the least norm among interpolators that have no more."""

from typing import Any

import numpy as np
import pytest

from tests.oracles.bases import least_by_bases
from tests.oracles.counting import count_by_trial
from tests.oracles.fewest import least_norm_with
from tests.oracles.generated import SHAPES, Points, abscissae, both_sides, from_curvature, some
from tests.theorems.answers import answer, value

SETTINGS = [(True, True), (True, False), (False, True), (False, False)]


def sparsest(points: Points, penalise_biases: bool = True, skip_connection: bool = True) -> dict[str, Any]:
    return answer(*points, objective="kinks", penalise_biases=penalise_biases, skip_connection=skip_connection)


@pytest.mark.parametrize("shape", ["convex", "mixed", "integers", "alternating", "both_sides", "plateaus"])
@pytest.mark.parametrize("penalise_biases", [True, False])
def test_as_few_as_any_pattern(shape: str, penalise_biases: bool) -> None:
    for x, y in some(shape, 20, largest=12):
        wire = sparsest((x, y), penalise_biases)
        assert wire["objective_value"] == wire["kink_count"] == wire["fewest_kinks"] == count_by_trial(x, y)


@pytest.mark.parametrize("shape", SHAPES)
def test_proved_and_interpolating(shape: str) -> None:
    for x, y in some(shape, 60):
        wire = answer(x, y, objective="kinks")
        certificate = wire["certificate"]
        assert certificate["relative_gap"] == 0.0
        assert certificate["lower_bound"] == wire["objective_value"]
        assert set(certificate["dual_values"]) <= {0.0, 1.0}
        reach = max(map(abs, y)) + max(map(abs, x)) * np.max(np.abs(np.diff(y) / np.diff(x)))
        assert certificate["max_residual"] <= 1e-13 * reach


def test_no_smaller_basis() -> None:
    random = np.random.default_rng(21)
    for n in (3, 4, 5, 6) * 3:
        points = from_curvature(abscissae(random, n), random.uniform(-0.5, 1.0, n - 2))
        assert sparsest(points)["kink_count"] == least_by_bases(*points, 0.0, weighted=False, more=12)


@pytest.mark.parametrize("signs", [[1, 1, 1], [1, 1, 1, -1], [1], [1, 1], [-1, 1, 1], [1, 1, 0, 1], [1, -1]])
def test_the_least_norm_among_the_sparsest(signs: list[int]) -> None:
    random = np.random.default_rng(22)
    for _ in range(3):
        x = np.cumsum(random.uniform(0.2, 2.0, len(signs) + 2)) - random.uniform(0.0, 6.0)
        points = from_curvature(x, np.array(signs) * 10.0 ** random.uniform(-1, 1, len(signs)), random.normal())
        wire = sparsest(points)
        least = least_norm_with(int(wire["fewest_kinks"]), *points)
        assert wire["norm"] == pytest.approx(least, rel=1e-6)


def test_the_least_norm_with_an_active_end() -> None:
    random = np.random.default_rng(23)
    active = 0
    while active < 6:
        x, _ = both_sides(random, 5)
        points = from_curvature(np.array(x), random.uniform(0.1, 2.0, 3))
        wire = sparsest(points)
        active += 1.0 + x[0] * x[1] < 0.0 or 1.0 + x[-1] * x[-2] < 0.0
        assert wire["norm"] == pytest.approx(least_norm_with(2, *points), rel=1e-6)


def test_one_kink_where_the_end_is_active() -> None:
    wire = answer([-10.0, 10.0, 11.0], [0.0, 0.0, 1.0], objective="kinks")
    assert wire["function"]["kinks"] == pytest.approx([0.1])
    assert wire["norm"] == pytest.approx(200 / 101 * np.hypot(1.0, 0.1))


def test_an_odd_run_costs_no_more_than_its_pairings() -> None:
    """A long run of odd length: against each place for the point alone, from the kinks' own vectors."""
    random = np.random.default_rng(24)
    x, y = from_curvature(1.0 + np.cumsum(random.uniform(0.2, 2.0, 13)), random.uniform(0.1, 2.0, 11))
    vectors = np.column_stack((x, np.ones(13)))[1:-1] * np.diff(np.diff(y) / np.diff(x))[:, None]
    alone = []
    for single in range(0, 11, 2):
        rest = np.delete(np.arange(11), single).reshape(5, 2)
        lengths = np.linalg.norm(vectors[rest].sum(axis=1), axis=1)
        alone.append(np.linalg.norm(vectors[single]) + lengths.sum())
    wire = sparsest((x, y))
    assert wire["kink_count"] == 6
    assert float(wire["norm"]) < min(alone)


@pytest.mark.parametrize(("penalise_biases", "skip_connection"), SETTINGS)
def test_the_same_kinks_without_a_skip_connection(penalise_biases: bool, skip_connection: bool) -> None:
    points = next(some("convex", 1))
    wire, with_skip = sparsest(points, penalise_biases, skip_connection), sparsest(points, penalise_biases)
    assert wire["function"] == with_skip["function"]
    assert float(wire["norm"]) >= float(with_skip["norm"])


def test_unique_where_all_runs_are_even() -> None:
    assert sparsest(from_curvature(np.arange(8.0), np.array([1, 2, -1, -3, 2, 1.0])))["is_unique"]
    assert sparsest(from_curvature(np.arange(6.0), np.array([0, 1, 2, 0.0])))["is_unique"]
    assert sparsest(([0.0, 1.0, 2.0], [0.0, 1.0, 2.0]))["is_unique"]
    for odd in ([1, 2, 3], [1], [1, 1, -1], [-1, 1, 1], [1, 1, 1, -1, -1]):
        assert not sparsest(from_curvature(np.arange(len(odd) + 2.0), np.array(odd, dtype=float)))["is_unique"]


@pytest.mark.parametrize("shape", ["convex", "mixed", "integers"])
def test_reflection(shape: str) -> None:
    for x, y in some(shape, 20):
        wire, mirrored = sparsest((x, y)), sparsest(([-a for a in reversed(x)], y[::-1]))
        assert mirrored["norm"] == pytest.approx(wire["norm"], rel=1e-9, abs=1e-12)
        assert mirrored["kink_count"] == wire["kink_count"]


def test_the_answer_passes_through_the_points() -> None:
    for x, y in some("mixed", 20):
        wire = sparsest((x, y), penalise_biases=False)
        assert [value(wire, a) for a in x] == pytest.approx(y, abs=1e-10)
