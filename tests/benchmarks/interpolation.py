"""Penalised biases with a skip connection: the exact solver beside three rivals."""

from collections.abc import Iterator

from scipy.interpolate import CubicSpline

from tests.benchmarks import data
from tests.benchmarks.data import Floats
from tests.benchmarks.pairs import Work, compare
from tests.benchmarks.report import Comparison, Group, beside
from tests.benchmarks.rivals import PLACES, discretised, once, twice
from tests.oracles.cone import least_norm_by_cones
from workers import compute
from workers.minnorm import least_norm
from workers.minnorm.dataset import Dataset
from workers.minnorm.interpolate import interpolate

SETS, MANY = 200, 1_000_000

LIMITS = """
The grid's program computes 100 x 100 norms an interval. *Twice* is the way of the notebook published with the paper:
once for the least of them and once more for its place; *once* is the same without that waste. *Solution* is kinks,
slope changes and dual values; *all* adds the checks of the points, collinear points, the fewest kinks and the
certificate, which are many calls of NumPy on few numbers at n = 35 and take longer than the solution. *JSON* is all of
it and the text of the answer, network included. The grid finds slopes, no kinks and no proof. The time of a cone
program contains its translation by cvxpy. A cubic spline solves another problem, in linear time too: it stands for
what one is used to wait for on a million points.
""".strip()


def comparisons() -> Iterator[Comparison]:
    """Of small convex data, of larger ones, and of a million points."""
    yield from _beside_the_grid()
    yield from _beside_cones()
    yield from _beside_cubic_splines()


def solve(points: Dataset) -> object:
    """The kernel alone: kinks, slope changes and dual values from points known to be in order."""
    if (found := points.curvature()) is None:
        raise AssertionError("There are collinear points.")
    curvature, longest_run, _ = found
    return least_norm.solve(points.x, points.y, curvature, longest_run)


def whole(x: Floats, y: Floats) -> object:
    """Everything that a caller gets: checks, collinear points, the solution, norm and certificate."""
    return interpolate(Dataset.from_points(x, y))


def _beside_the_grid() -> Iterator[Comparison]:
    sets = data.convex_sets(SETS)
    checked = [Dataset.from_points(x, y) for x, y in sets]
    problems = [{"x": x.tolist(), "y": y.tolist()} for x, y in sets]
    accuracy = _excess_of_the_grid()
    works: dict[str, Work] = {
        "solution": lambda: [solve(points) for points in checked],
        "all": lambda: [whole(x, y) for x, y in sets],
        "JSON": lambda: [compute.answer("interpolations", problem).result for problem in problems],
    }
    for step, way in ((twice, "twice"), (once, "once")):
        for name, work in works.items():
            times = compare(
                work,
                lambda: [discretised(x, y, step) for x, y in sets],  # noqa: B023
                rounds=9,
                parts=(SETS, SETS),
            )
            yield Comparison(
                f"convex, n = 35, {SETS} data sets: {name}", f"grid of {PLACES} slopes, {way}", times, accuracy
            )


def _excess_of_the_grid() -> str:
    """How often the exact norm is above the grid's, and by how much the grid's is above the exact one."""
    pairs = [
        (interpolate(Dataset.from_points(x, y)).norm, discretised(x, y, once).norm) for x, y in data.convex_sets(SETS)
    ]
    excess = [grid / exact - 1.0 for exact, grid in pairs]
    above = sum(exact > grid for exact, grid in pairs)
    mean = sum(excess) / SETS
    return f"above the grid's norm in {above} of {SETS}; the grid's mean excess {mean:.1e}, largest {max(excess):.1e}"


def _beside_cones() -> Iterator[Comparison]:
    for n in (35, 1_000):
        x, y = data.convex_sets(1, n)[0]
        found = interpolate(Dataset.from_points(x, y))
        accuracy = beside(found.norm, found.certificate.lower_bound, _by_cones(x, y))
        times = compare(lambda: whole(x, y), lambda: _by_cones(x, y))  # noqa: B023
        yield Comparison(f"convex, n = {n:,}: all", "cone program, cvxpy and Clarabel", times, accuracy)


def _by_cones(x: Floats, y: Floats) -> float:
    return least_norm_by_cones(x.tolist(), y.tolist())


def _beside_cubic_splines() -> Iterator[Comparison]:
    for name, shape in data.SHAPES.items():
        x, y = shape(MANY)
        points = Dataset.from_points(x, y)
        accuracy = f"gap {interpolate(points).certificate.relative_gap:.1e}"
        works: dict[str, Work] = {"solution": lambda: solve(points), "all": lambda: whole(x, y)}  # noqa: B023
        for part, work in works.items():
            times = compare(work, lambda: CubicSpline(x, y), rounds=5)  # noqa: B023
            yield Comparison(f"{name}, n = {MANY:,}: {part}", "SciPy's CubicSpline", times, accuracy)


GROUP = Group("Interpolation, penalised biases, skip connection", LIMITS, comparisons)
