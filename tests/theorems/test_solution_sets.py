"""All minimisers with free biases: where they lie, against linear programs, and the sparsest, against integer ones.

[Debarre, Denoyelle, Unser, Fageot, JCAM 2022; Hanin, 2021.]
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.oracles.generated import abscissae, from_curvature
from tests.oracles.variation import Program
from tests.theorems.answers import answer

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """An answer, and the program over the data, the triangles' corners, and places between and outside."""

    x: Floats
    y: Floats
    wire: dict[str, Any]
    program: Program

    @property
    def region(self) -> dict[str, Any]:
        found = self.wire.get("solution_set")
        return found if isinstance(found, dict) else {"intervals": [], "apex_x": [], "apex_y": []}


def case(x: Floats, y: Floats, skip_connection: bool) -> Case:
    wire = answer(x.tolist(), y.tolist(), penalise_biases=False, skip_connection=skip_connection)
    corners = wire.get("solution_set", {}).get("apex_x", [])
    grid = np.unique(np.concatenate((x, corners, np.linspace(x[0] - 1, x[-1] + 1, 12))))
    return Case(x, y, wire, Program(x, y, grid, skip_connection))


def cases(seed: int, count: int, skip_connection: bool) -> Iterator[Case]:
    """Runs of every length with collinear points between, some of them rising or falling throughout."""
    random = np.random.default_rng(seed)
    for k in range(count):
        n = 2 + k % 6
        x = abscissae(random, n)
        signs = random.choice([-1.0, 1.0]) * random.choice([0.0, 1.0, 1.0, 1.0, 1.0, 1.0, -1.0, -1.0], n - 2)
        eps = signs * random.uniform(0.2, 1.0, n - 2)
        slope = float(random.choice([0.0, 4.0, -4.0, 1.0, -1.0]))
        yield case(x, np.array(from_curvature(x, eps, slope)[1]), skip_connection)


def band(found: Case, places: Floats) -> tuple[Floats, Floats]:
    """The lowest and the highest value that the answer says a minimiser may have."""
    x, y, region = found.x, found.y, found.region
    function = found.wire["function"]
    first = function["slope0"]
    last = first + sum(function["slope_changes"])
    lines = np.array([np.interp(places, x, y)] * 2)
    for i, apex_x, apex_y in zip(region["intervals"], region["apex_x"], region["apex_y"], strict=True):
        there = (places >= x[i]) & (places <= x[i + 1])
        lines[1, there] = np.interp(places[there], [x[i], apex_x, x[i + 1]], [y[i], apex_y, y[i + 1]])
    for end, there, slopes in (
        (0, places < x[0], region.get("left_slopes", (first, first))),
        (-1, places > x[-1], region.get("right_slopes", (last, last))),
    ):
        for line, slope in zip(lines, slopes, strict=True):
            line[there] = y[end] + slope * (places[there] - x[end])
    return lines.min(axis=0), lines.max(axis=0)


def reached(found: Case, places: Floats) -> tuple[Floats, Floats]:
    """The lowest and the highest value that a minimiser has, over the grid."""
    norm = float(found.wire["norm"]) * (1 + 1e-10) + 1e-12
    rows = found.program.values(places)
    low = np.array([row @ found.program.member(row, norm) for row in rows])
    high = np.array([row @ found.program.member(-row, norm) for row in rows])
    return low, high


@pytest.mark.parametrize("skip_connection", [True, False])
def test_no_minimiser_leaves_the_region_and_its_corners_are_reached(skip_connection: bool) -> None:
    seen = {True: 0, False: 0}
    for found in cases(51, 36, skip_connection):
        x = found.x
        corners = found.region["apex_x"]
        exact: Floats = np.concatenate((corners, [x[0] - 1.0, x[-1] + 1.0]))
        places = np.concatenate((exact, np.linspace(x[0], x[-1], 9)))
        scale = 1.0 + np.max(np.abs(found.y))
        low, high = reached(found, places)
        lowest, highest = band(found, places)
        assert np.all(low >= lowest - 1e-6 * scale)
        assert np.all(high <= highest + 1e-6 * scale)
        assert low[: exact.size] == pytest.approx(lowest[: exact.size], abs=1e-6 * scale)
        assert high[: exact.size] == pytest.approx(highest[: exact.size], abs=1e-6 * scale)
        unique = bool(np.max(high - low) < 1e-6 * scale)
        assert found.wire["is_unique"] == unique == ("solution_set" not in found.wire)
        seen[unique] += 1
    assert min(seen.values()) > 3


@pytest.mark.parametrize("skip_connection", [True, False])
def test_random_members_stay_in_the_region(skip_connection: bool) -> None:
    random = np.random.default_rng(52)
    for found in cases(53, 18, skip_connection):
        places = np.linspace(found.x[0] - 2.0, found.x[-1] + 2.0, 41)
        rows = found.program.values(places)
        lowest, highest = band(found, places)
        scale = 1.0 + np.max(np.abs(found.y))
        norm = float(found.wire["norm"]) * (1 + 1e-10) + 1e-12
        for _ in range(5):
            member = rows @ found.program.member(random.normal(size=places.size) @ rows, norm)
            assert np.all((member >= lowest - 1e-6 * scale) & (member <= highest + 1e-6 * scale))


@pytest.mark.parametrize("skip_connection", [True, False])
def test_the_sparsest_member(skip_connection: bool) -> None:
    random = np.random.default_rng(54)
    seen = {True: 0, False: 0}
    for found in cases(55, 42, skip_connection):
        if found.wire["is_unique"]:
            continue
        region, norm = found.region, float(found.wire["norm"])
        sparsest = region["sparsest"]
        changes, kinks = np.array(sparsest["slope_changes"]), np.array(sparsest["kinks"])
        slope0 = sparsest["slope0"]
        values = sparsest["y0"] + slope0 * (found.x - sparsest["x0"])
        values = values + np.maximum(np.subtract.outer(found.x, kinks), 0.0) @ changes
        assert values == pytest.approx(found.y, abs=1e-10)
        variation = np.sum(np.abs(changes))
        cost = variation if skip_connection else max(variation, abs(2 * slope0 + np.sum(changes)))
        assert cost == pytest.approx(norm, rel=1e-12)
        assert region["sparsest_kink_count"] == kinks.size
        slack = norm * (1 + 1e-9) + 1e-12
        assert found.program.fewest_kinks(slack) == kinks.size
        rows = found.program.values(np.linspace(found.x[0] - 1.0, found.x[-1] + 1.0, 15))
        objective = random.normal(size=15) @ rows
        spread = np.ptp([objective @ found.program.sparse_member(s * objective, slack, kinks.size) for s in (1, -1)])
        assert region["sparsest_is_unique"] == bool(spread < 1e-5)
        seen[bool(region["sparsest_is_unique"])] += 1
    assert min(seen.values()) > 1


def test_by_hand() -> None:
    """Curvatures 1 and 1 on a uniform grid: the chords meet in the middle, half a unit below."""
    wire = answer([0.0, 1.0, 2.0, 3.0], [0.0, 0.0, 1.0, 3.0], penalise_biases=False)
    region = wire["solution_set"]
    assert region["intervals"] == [1]
    assert region["apex_x"] == [1.5]
    assert region["apex_y"] == [0.0]
    assert region["left_slopes"] == [0.0, 0.0]
    assert region["right_slopes"] == [2.0, 2.0]
    assert region["sparsest"]["kinks"] == [1.5]
    assert region["sparsest_is_unique"]


def test_an_excess_that_joins_a_run() -> None:
    """Slopes 1, 2 without a skip connection: the kink at the second point may take the excess over, and move."""
    wire = answer([0.0, 1.0, 2.0], [0.0, 1.0, 3.0], penalise_biases=False, skip_connection=False)
    region = wire["solution_set"]
    assert wire["norm"] == 2.0
    assert wire["kink_count"] == 2
    assert region["left_slopes"] == [0.0, 1.0]
    assert region["right_slopes"] == [1.0, 2.0]
    assert (region["intervals"], region["apex_x"], region["apex_y"]) == ([0], [0.5], [0.0])
    assert region["sparsest"]["kinks"] == [0.5]
    assert region["sparsest_is_unique"]


def test_large_numbers_stay_finite() -> None:
    wire = answer([1e280, 2e280, 3e280, 4e280], [0.0, 1.0, 3.0, 6.0], penalise_biases=False, skip_connection=False)
    assert np.all(np.isfinite(wire["solution_set"]["apex_y"]))
    tall = answer([0.0, 1.0, 2.0, 3.0], [0.0, 1e280, 3e280, 6e280], penalise_biases=False)
    assert tall["solution_set"]["apex_y"] == pytest.approx([1.5e280], rel=1e-12)
