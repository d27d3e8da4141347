"""Penalised biases without a skip connection, where a cone program is needed, and what exact kinks cost."""

from collections.abc import Iterator
from unittest.mock import patch

from tests.benchmarks import data
from tests.benchmarks.pairs import compare
from tests.benchmarks.report import Comparison, Group, beside
from tests.oracles.patterns import least_norm_by_patterns
from workers.minnorm import without_skip
from workers.minnorm.cones import solve_cones
from workers.minnorm.dataset import Dataset
from workers.minnorm.interpolate import interpolate
from workers.minnorm.without_skip import WITHOUT_SKIP

LIMITS = """
`exp x` on a uniform grid needs the cone program, data that turn to and fro do not (see the growth below). The solver
runs the sparse cone program, then makes kinks exact; beside the cone program alone (the project's own formulation) the
ratio is what exactness costs. The program over all activation patterns is the textbook's, dense, and is out of reach
for many points.
""".strip()


def comparisons() -> Iterator[Comparison]:
    """The textbook's program at n = 20, then the project's own."""
    x, y = data.exponential(20)
    points = Dataset.from_points(x, y)
    found = interpolate(points, WITHOUT_SKIP)
    accuracy = beside(found.norm, found.certificate.lower_bound, least_norm_by_patterns(x.tolist(), y.tolist()))
    times = compare(
        lambda: interpolate(points, WITHOUT_SKIP), lambda: least_norm_by_patterns(x.tolist(), y.tolist()), rounds=5
    )
    yield Comparison("exp x, n = 20", "cone program over all patterns, cvxpy and Clarabel", times, accuracy)
    for n in (20, 200, 1_000):
        yield _beside_cones_alone(n)


def _beside_cones_alone(n: int) -> Comparison:
    """With the program that the solver poses, and nothing else."""
    points = Dataset.from_points(*data.exponential(n))
    with patch.object(without_skip, "solve_cones", wraps=solve_cones) as posed:
        found = interpolate(points, WITHOUT_SKIP)
    program = posed.call_args.args
    solution = solve_cones(*program)
    assert solution is not None
    accuracy = beside(found.norm, found.certificate.lower_bound, solution[-1])
    times = compare(lambda: interpolate(points, WITHOUT_SKIP), lambda: solve_cones(*program), rounds=3)
    return Comparison(f"exp x, n = {n:,}", "the sparse cone program alone", times, accuracy)


GROUP = Group("Interpolation, penalised biases, no skip connection", LIMITS, comparisons)
