"""The dynamic program: masses, duals, and its borders."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.oracles.generated import SHAPES, some
from workers.minnorm import splitting
from workers.minnorm.chords import count_runs
from workers.minnorm.splitting import shares_within, split_masses

Floats = NDArray[np.float64]


def split(x: list[float], curvature: list[float]) -> tuple[list[float], list[float], list[float]]:
    dual, from_left, from_right = split_masses(np.array(x), np.array(curvature))
    return dual.tolist(), from_left.tolist(), from_right.tolist()


def test_one_point_keeps_its_mass() -> None:
    dual, from_left, from_right = split([0.0, 3 / 4, 2.0], [0.0, -2.0, 0.0])
    assert dual == [0.0, -1.25, 0.0]
    assert from_left == from_right == [0.0, 0.0, 0.0]


def test_two_equal_points_meet_halfway() -> None:
    dual, from_left, from_right = split([-3.0, -1.0, 1.0, 3.0], [0.0, 2.0, 2.0, 0.0])
    assert dual == pytest.approx([0.0, 1.0, 1.0, 0.0])
    assert from_left == pytest.approx([0.0, 2.0, 0.0, 0.0])
    assert from_right == pytest.approx([0.0, 2.0, 0.0, 0.0])


def test_different_signs_do_not_meet() -> None:
    _, from_left, from_right = split([-3.0, -1.0, 1.0, 3.0], [0.0, 2.0, -2.0, 0.0])
    assert from_left == from_right == [0.0] * 4


def test_a_collinear_point_parts_its_neighbours() -> None:
    dual, from_left, from_right = split([-3.0, -1.0, 0.0, 1.0, 3.0], [0.0, 2.0, 0.0, 2.0, 0.0])
    assert from_left == from_right == [0.0] * 5
    assert dual == pytest.approx([0.0, 2**0.5, 0.5**0.5, 2**0.5, 0.0])  # on the tangents of the envelope


def test_an_active_end_gives_what_is_called_for() -> None:
    """The end's own share is what the free affine part pays for."""
    _, from_left, from_right = split([-10.0, 10.0, 11.0], [0.0, 1.0, 0.0])
    assert from_right == pytest.approx([1.0, 0.0, 0.0])
    assert from_left == pytest.approx([200 / 101 - 1.0, 0.0, 0.0])


def test_no_inner_point_at_all() -> None:
    assert split([0.0, 1.0], [0.0, 0.0]) == ([0.0, 0.0], [0.0, 0.0], [0.0, 0.0])


@pytest.mark.parametrize("shape", SHAPES)
def test_masses_are_used_up(shape: str) -> None:
    """Each inner point gives all it has, or keeps it; nothing is given against its sign."""
    for points in some(shape, 60):
        x, y = np.array(points[0]), np.array(points[1])
        curvature = np.zeros_like(x)
        curvature[1:-1] = np.diff(np.diff(y) / np.diff(x))
        _, from_left, from_right = split_masses(x, curvature)
        given = from_left[1:-1] + from_right[:-2]
        inner = curvature[1:-1]
        kept = given == 0.0
        assert given[~kept] == pytest.approx(inner[~kept], rel=1e-9)
        assert np.all(from_left[1:-1] * inner >= 0.0)
        assert np.all(from_right[:-2] * inner >= 0.0)


@pytest.mark.parametrize("scale", [1e-150, 1e150])
def test_masses_of_any_size(scale: float) -> None:
    x = [-3.0, -1.0, 0.5, 1.0, 3.0]
    _, left, right = split(x, [0.0, 1.0, 2.0, 1.0, 0.0])
    _, scaled_left, scaled_right = split(x, [0.0, scale, 2 * scale, scale, 0.0])
    assert np.array(scaled_left) / scale == pytest.approx(np.array(left))
    assert np.array(scaled_right) / scale == pytest.approx(np.array(right))


def test_masses_of_very_different_size_in_one_run() -> None:
    """Masses over 300 orders of magnitude: the envelope holds, and nothing is NaN."""
    random = np.random.default_rng(9)
    for _ in range(50):
        x = np.cumsum(random.uniform(0.2, 2.0, 30)) - 15.0
        curvature = np.concatenate(([0.0], 10.0 ** random.uniform(-150, 150, 28), [0.0]))
        dual, from_left, from_right = split_masses(x, curvature)
        assert np.all(np.isfinite(dual + from_left + from_right))
        assert np.all(np.abs(dual) <= np.hypot(1, x) * (1 + 1e-15))


def test_a_heavy_point_does_not_drown_the_others() -> None:
    """Steps that grow in angle chain the points of a run together; beyond 1e8 it hardly matters how heavy one is."""
    random = np.random.default_rng(10)
    for _ in range(200):
        steps = np.cumsum(random.uniform(0.5, 1.5, 12))
        x = np.tan(-1.4 + 2.0 * np.cumsum(steps) / np.sum(steps))
        curvature = random.uniform(0.5, 1.5, 12)
        curvature[[0, -1]] = 0.0
        heavy = int(random.integers(1, 11))
        duals = []
        for mass in (1e8, 1e13):
            curvature[heavy] = mass
            duals.append(split_masses(x, curvature)[0] / np.hypot(1.0, x))
        assert duals[0] == pytest.approx(duals[1], abs=1e-8)


def test_a_small_problem_after_a_large_one_is_solved_as_before() -> None:
    """Working memory is kept between problems; nothing of the larger one may show."""
    small = np.array([-2.0, -1.0, 0.0, 0.5, 3.0]), np.array([0.0, 1.0, 2.0, 0.5, 0.0])
    first = split_masses(*small)
    large = np.linspace(-3.0, 3.0, 5000), np.ones(5000)
    large[1][[0, -1]] = 0.0
    split_masses(*large)
    for before, after in zip(first, split_masses(*small), strict=True):
        assert np.array_equal(before, after)


@pytest.mark.parametrize("shift", [-40.0, 0.0, 40.0])  # either end may be active
def test_compiled_code_gets_the_same_shares(shift: float) -> None:
    random = np.random.default_rng(3)
    for n in (2, 3, 4, 30):
        x = np.cumsum(random.uniform(0.1, 60.0, n)) + shift
        curvature = np.abs(random.normal(size=n)) * random.choice([-1.0, 0.0, 1.0, 1.0], n)
        curvature[[0, -1]] = 0.0
        _, from_left, from_right = split_masses(x, curvature)
        found = shares_within(x, curvature)
        assert found[0].tolist() == from_left.tolist()
        assert found[1].tolist() == from_right.tolist()


def drawn(seed: int) -> tuple[Floats, Floats]:
    """Runs of any length, tiny and huge masses, and first or last intervals of more than a right angle."""
    generator = np.random.default_rng(seed)
    n = int(generator.integers(3, 60))
    steps = generator.uniform(0.01, 1.0, n) ** generator.integers(1, 6)
    steps[[1, -1]] *= generator.choice([1.0, 100.0], 2)
    x = np.cumsum(steps)
    x -= x[0] + generator.choice([0.0, 0.3, 0.7, 1.0]) * (x[-1] - x[0])
    masses = 10.0 ** generator.uniform(-200.0, 3.0 * (seed % 2), n)
    curvature = masses * np.sign(np.cumsum(generator.normal(size=n)) + generator.normal(size=n) * (seed % 3))
    curvature[[0, -1]] = 0.0
    return x, curvature


def test_one_run_at_a_time_is_as_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    active = 0
    for seed in range(2_000):
        x, curvature = drawn(seed)
        all_at_once = split_masses(x, curvature)
        with monkeypatch.context() as patch:
            patch.setattr(splitting, "_FEW", 0)
            patch.setattr(splitting, "scratch", splitting._Scratch())  # of no more than is asked for
            one_by_one = split_masses(x, curvature)
        for first, second in zip(all_at_once, one_by_one, strict=True):
            assert first.tobytes() == second.tobytes()
        active += 1.0 + x[0] * x[1] < 0.0 or 1.0 + x[-1] * x[-2] < 0.0
    assert active > 100


def test_random_data_need_little_room() -> None:
    curvature = np.random.default_rng(0).normal(size=100_000)
    size, longest = splitting.room_for(curvature.size, count_runs(curvature)[0])
    assert longest < 100
    assert size < 11 * 110
    curvature[50_000] = 0.0
    assert splitting.room_for(curvature.size, count_runs(curvature)[0]) == (1_100_000, 0)
