"""Bounds by numbers from anyone, and what the numbers of an answer are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracles.bases import least_by_bases
from tests.oracles.generated import SHAPES, from_curvature, some
from workers.minnorm.dataset import Dataset
from workers.minnorm.interpolate import interpolate
from workers.minnorm.pairing import _bilinear_corners, lower_bound_of_pairing
from workers.minnorm.setting import Setting

FREE = Setting(penalise_biases=False)
UNIFORM = Dataset.from_points(*from_curvature(np.arange(5.0), np.array([1.0, 4.0, 1.0])))


def bound(numbers: list[float], p: float = 0.5) -> float:
    return lower_bound_of_pairing(UNIFORM, FREE, p, np.array(numbers))


def test_by_hand() -> None:
    """Alone the three cost 1, 2, 1, and both pairs cost the root of 5."""
    assert bound([0.0, 1.0, 5.0**0.5 - 1.0, 1.0, 0.0]) == pytest.approx(1.0 + 5.0**0.5, rel=1e-14)
    assert bound([0.0, 1.0, 0.5, 1.0, 0.0]) == pytest.approx(2.5, rel=1e-14)
    assert bound([0.0, 9.0, 0.0, 0.0, 0.0]) == pytest.approx(1.0, rel=1e-14)  # lowered to what it costs alone
    excess = 2.0 * (3.0 - 5.0**0.5)
    assert bound([0.0, 9.0, 9.0, 9.0, 0.0]) == pytest.approx(4.0 - excess, rel=1e-14)
    assert bound([7.0, 0.0, 0.0, 0.0, 7.0]) == 0.0  # no curvature at the ends
    assert bound([0.0, -9.0, 1.0, 1.0, 0.0]) == 0.0
    assert bound([0.0, 1.0, 0.0, 1.0, 0.0], p=0.0) == 2.0
    assert bound([0.0, 1.0, 1.0, 1.0, 0.0], p=0.0) == 1.0


@settings(deadline=None, max_examples=40)
@given(
    st.integers(0, 1000),
    st.lists(st.floats(-1, 5), min_size=5, max_size=5),
    st.sampled_from([0.0, 0.3, 0.7]),
    st.booleans(),
)
def test_no_numbers_prove_too_much(seed: int, numbers: list[float], p: float, penalise_biases: bool) -> None:
    random = np.random.default_rng(seed)
    x = np.cumsum(random.uniform(0.2, 2.0, 5)) - random.uniform(0.0, 8.0)
    points = from_curvature(x, random.uniform(-0.5, 2.0, 3))
    data = Dataset.from_points(*points)
    proved = lower_bound_of_pairing(data, Setting(penalise_biases), p, np.array(numbers))
    assert proved <= least_by_bases(*points, p, weighted=penalise_biases, more=12) * (1 + 1e-9)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("p", [1e-3, 0.5, 0.999])
def test_the_numbers_of_an_answer_are_not_lowered(shape: str, p: float) -> None:
    """What the bound takes off is rounding: the numbers satisfy what they have to."""
    for x, y in some(shape, 15):
        data = Dataset.from_points(x, y)
        for setting in (Setting(), FREE):
            certificate = interpolate(data, setting, "lp", p).certificate
            assert certificate.lower_bound == pytest.approx(np.sum(certificate.dual.values), rel=1e-12, abs=1e-300)
            assert np.all(certificate.dual.values[[0, -1]] == 0.0)


def test_wide_intervals_are_often_proved_all_the_same() -> None:
    """The five points of Boursier and Flammarion have one of 45 degrees, too wide for p = 1/2 by itself."""
    data = Dataset.from_points([-1.5, -1.0, 0.0, 0.25, 2.0], [0.7, -0.3, -0.3, 0.4, 0.2])
    for p in (0.1, 0.5, 0.9):
        assert interpolate(data, Setting(), "lp", p).is_proved
    assert not interpolate(Dataset.from_points([-9, -2, 2, 9], [9, 0, 0, 90]), Setting(), "lp", 0.9).is_proved


def test_what_is_proved_and_alone_is_unique() -> None:
    two = Dataset.from_points(*from_curvature(np.array([0.0, 1.0, 2.0, 3.0]), np.array([1.0, 1.0])))
    assert interpolate(two, FREE, "lp", 0.5).is_unique
    assert interpolate(two, Setting(), "lp", 0.5).is_unique
    unproved = Dataset.from_points([-9, -2, 2, 9], [9, 0, 0, 90])
    assert not interpolate(unproved, Setting(), "lp", 0.9).is_unique


@settings(deadline=None, max_examples=300)
@given(st.floats(0.02, 0.98), st.floats(-3, 3), st.floats(0, 1), st.booleans())
def test_the_bilinear_bound_is_below_the_cost(p: float, ratio: float, part: float, wants_pair: bool) -> None:
    """Where it is said to hold, at all shares; for every angle that is too wide by itself, up to a right one."""
    narrow = np.arctan(np.sqrt(1.0 - p))
    angle = narrow + part * (np.pi / 2 - narrow)
    masses, cosine, sine = np.array([1.0, 10.0**ratio]), np.cos(angle), np.sin(angle)
    full = np.hypot(masses[0] + masses[1] * cosine, masses[1] * sine) ** p
    geometry = np.array([[1.0, 1.0], [cosine, 0.0], [sine, 0.0]])
    wanted = np.array([np.inf if wants_pair else 0.0])
    corners, holds = _bilinear_corners(masses, geometry, np.array([full]), p, np.array([0]), wanted)
    if not holds[0]:
        return
    left, right = np.meshgrid(np.linspace(0, 1, 81), np.linspace(0, 1, 81))
    left_alone, right_alone, pair = corners[:, 0]
    bound = left_alone * left * (1 - right) + right_alone * right * (1 - left) + pair * left * right
    cost = np.hypot(masses[0] * left + masses[1] * right * cosine, masses[1] * right * sine) ** p
    assert np.all(bound <= cost * (1 + 1e-12) + 1e-15)
