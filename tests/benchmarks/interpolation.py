"""The exact solver beside SciPy's cubic spline on the same points, and beside a cone program on small ones."""

import tracemalloc
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from tests.benchmarks.pairs import compare, seconds
from workers.minnorm.chords import curvatures
from workers.minnorm.dataset import Dataset
from workers.minnorm.interpolate import interpolate
from workers.minnorm.placement import place_kinks
from workers.minnorm.splitting import split_masses

Floats = NDArray[np.float64]
Points = tuple[str, Floats, Floats]
MANY = 1_000_000


def data_sets(points: int) -> Iterator[Points]:
    """Random, smooth on a uniform grid, and long convex random data."""
    generator = np.random.default_rng(7)
    yield "random", np.sort(generator.uniform(-1, 1, points)), generator.normal(size=points)
    walk = np.cumsum(generator.normal(size=points))
    yield "random walk", np.cumsum(generator.uniform(0.1, 1, points)), walk
    grid = np.linspace(-2, 2, points)
    yield "x^2, uniform grid", grid, grid**2
    yield "cosh x, uniform grid", grid, np.cosh(grid)
    steps = generator.uniform(0.2, 2, points - 1)
    slopes = np.cumsum(generator.uniform(0.2, 2, points - 1))
    rise = np.concatenate(([0.0], np.cumsum(slopes * steps)))
    yield "long convex, random", np.concatenate(([0.0], np.cumsum(steps))) / points - 0.5, rise


def solve(data: Dataset) -> None:
    """The kernel alone: kinks, slope changes and dual values from points known to be in order."""
    curvature = curvatures(data.x, data.y)
    dual, from_left, from_right = split_masses(data.x, curvature)
    place_kinks(data.x, data.y, from_left, from_right, float(curvature @ dual))


def whole(x: Floats, y: Floats) -> None:
    """Everything that a caller gets: checks, collinear points, the solution, norm and certificate."""
    interpolate(Dataset.from_points(x, y))


def growth(name: str) -> float:
    """Time at 1e6 points over time at 1e5, best of five each."""
    times = []
    for points in (MANY // 10, MANY):
        x, y = next((x, y) for found, x, y in data_sets(points) if found == name)
        times.append(min(seconds(lambda: whole(x, y)) for _ in range(5)))  # noqa: B023
    return times[1] / times[0]


def bytes_a_point(data: Dataset) -> float:
    """Peak memory of a solve over the data's own, by point."""
    tracemalloc.start()
    interpolate(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / data.x.size


def run() -> None:
    """Print all figures."""
    print(f"Interpolation, {MANY:,} points on one core; the rival is scipy.interpolate.CubicSpline on the same points.")
    for name, x, y in data_sets(MANY):
        data = Dataset.from_points(x, y)
        print(f"  {name}")
        print(f"    solution                     {compare(lambda: solve(data), lambda: CubicSpline(x, y))}")  # noqa: B023
        print(f"    with checks and certificate  {compare(lambda: whole(x, y), lambda: CubicSpline(x, y))}")  # noqa: B023
        print(f"    time from 1e5 to 1e6 points  {growth(name):.1f} x; memory {bytes_a_point(data):.0f} bytes a point")
