"""Figures of Boursier and Flammarion, *Penalising the biases in norm regularisation enforces sparsity* (2023).

And of the five points of their training experiment, worked out by hand.
"""

from collections import Counter
from itertools import pairwise
from math import hypot

import numpy as np
import pytest
from scipy.stats import chi2

from tests.theorems.answers import answer
from workers.minnorm.dataset import Dataset
from workers.minnorm.interpolate import interpolate

SLOPES = [-1.0, -0.33483259, 0.26749173, 1.07712721, 1.72695455]

PUBLISHED = {
    17: 10, 18: 123, 19: 771, 20: 2126, 21: 2914, 22: 2350, 23: 1192, 24: 397, 25: 95, 26: 19, 27: 2, 28: 1,
}  # fmt: skip
"""Kinks of the least-norm interpolator of 10,000 random convex data sets with 35 points."""


def convex_example() -> tuple[list[float], list[float]]:
    """Six points, drawn by NumPy's legacy generator with seed 2."""
    steps = np.random.RandomState(2).uniform(0.2, 1.0, 5)
    return np.concatenate(([0.0], np.cumsum(steps))).tolist(), np.concatenate(
        ([0.0], np.cumsum(SLOPES * steps))
    ).tolist()


def crossing(x: list[float], y: list[float], i: int) -> float:
    """Where the chords left of point i and right of point i + 1 meet."""
    left, right = SLOPES[i - 1], SLOPES[i + 1]
    return (y[i + 1] - y[i] + left * x[i] - right * x[i + 1]) / (left - right)


def test_the_convex_example() -> None:
    x, y = convex_example()
    wire = answer(x, y)
    assert wire["norm"] == pytest.approx(4.323781, abs=5e-7)
    kinks = [crossing(x, y, 1), crossing(x, y, 3)]
    assert all(a < kink < b for kink, a, b in zip(kinks, (x[1], x[3]), (x[2], x[4]), strict=True))
    changes = [after - before for before, after in pairwise(SLOPES[::2])]
    sparsest = sum(change * hypot(1, kink) for change, kink in zip(changes, kinks, strict=True))
    assert sparsest == pytest.approx(4.3343506, abs=1e-6)
    assert (wire["kink_count"], wire["fewest_kinks"]) == (3, 2)


def test_the_five_points() -> None:
    wire = answer([-1.5, -1.0, 0.0, 0.25, 2.0], [0.7, -0.3, -0.3, 0.4, 0.2])
    assert wire["function"]["kinks"] == pytest.approx([-5 / 12, 0.25], rel=1e-15)
    assert wire["function"]["slope_changes"] == pytest.approx([4.8, -2.9142857142857146], rel=1e-15)
    assert wire["norm"] == pytest.approx(8.203976955807153, rel=1e-15)
    assert wire["is_sparsest"]


def test_the_table_of_ten_thousand_convex_data_sets() -> None:
    """A chi-square test that both samples have one distribution; a right program fails one seed in a million."""
    random = np.random.default_rng(2023)
    counts: Counter[int] = Counter()
    for _ in range(10_000):
        x = -4.0 + np.concatenate(([0.0], np.cumsum(random.uniform(0.2, 2.0, 34))))
        slopes = np.cumsum(random.uniform(0.2, 2.0, 34))
        y = np.concatenate(([0.0], np.cumsum(slopes * np.diff(x))))
        counts[interpolate(Dataset.from_points(x, y)).kink_count] += 1
    ours = [
        sum(counts[k] for k in range(18)),
        *(counts[k] for k in range(18, 25)),
        sum(counts[k] for k in range(25, 40)),
    ]
    theirs = [10, *(PUBLISHED[k] for k in range(18, 25)), 95 + 19 + 2 + 1]
    assert sum(ours) == sum(theirs) == 10_000
    statistic = sum((a - b) ** 2 / (a + b) for a, b in zip(ours, theirs, strict=True))
    assert statistic < chi2.isf(1e-6, df=len(ours) - 1), counts
