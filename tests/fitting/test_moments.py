"""What Newton's method knows between the nodes, beside sums over the data."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from workers.fitting.moments import measured, updated

Floats = NDArray[np.float64]
Columns = tuple[Floats, Floats, Floats]


def observed(random: np.random.Generator, n: int = 60) -> Columns:
    weights = random.uniform(0.1, 1.0, n)
    return np.sort(random.uniform(-3, 3, n)), random.normal(size=n), weights / np.sum(weights)


def by_hand(x: Floats, y: Floats, weights: Floats, nodes: NDArray[np.int64], offsets: Floats) -> Floats:
    residuals = np.interp(x, x[nodes], y[nodes] + offsets) - y
    rows = []
    for first, last in pairwise(nodes.tolist()):
        here = slice(first, last + (last == x.size - 1))
        part = (x[here] - x[first]) / (x[last] - x[first])
        mass, rest, r = weights[here], 1.0 - part, residuals[here]
        rows.append([np.sum(mass * term) for term in (rest**2, rest * part, part**2, r * rest, r * part, r**2)])
    return np.array(rows)


def test_moments_are_sums_over_the_data() -> None:
    random = np.random.default_rng(0)
    columns, nodes = observed(random), np.array([0, 1, 7, 20, 58, 59])
    offsets = random.normal(size=nodes.size)
    assert measured(*columns, nodes, offsets)[:, :6] == pytest.approx(by_hand(*columns, nodes, offsets), abs=1e-14)


@pytest.mark.parametrize("size", [1.0, 1e-3])
def test_a_step_and_nodes_left_out_change_them_as_if_they_were_measured_anew(size: float) -> None:
    random = np.random.default_rng(1)
    columns, nodes = observed(random), np.array([0, 1, 7, 20, 33, 40, 59])
    offsets = random.normal(size=nodes.size)
    kept = np.array([True, True, False, True, False, True, True])
    there = (offsets + size * random.normal(size=nodes.size))[kept]
    found = updated(*columns, nodes, offsets, measured(*columns, nodes, offsets), nodes[kept], there)
    assert found[:, :6] == pytest.approx(by_hand(*columns, nodes[kept], there), abs=1e-14)


def test_digits_are_kept_where_nearly_all_of_the_squares_go() -> None:
    x, y, weights = observed(np.random.default_rng(2), 9)
    nodes = np.arange(9)
    before, after = np.full(9, 1.0), np.full(9, 1e-12)
    found = updated(x, y, weights, nodes, before, measured(x, y, weights, nodes, before), nodes, after)
    assert np.sum(found[:, 5]) == pytest.approx(1e-24, rel=1e-12)
