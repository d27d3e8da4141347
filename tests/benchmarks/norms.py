"""Norms of given functions."""

from collections.abc import Iterator

import numpy as np
from scipy.interpolate import CubicSpline

from tests.benchmarks import data
from tests.benchmarks.pairs import compare
from tests.benchmarks.report import Comparison, Group, beside
from tests.benchmarks.rivals import weighted_variation_by_quad
from tests.oracles.representation import Curvature, least_cost_by_cones
from workers.minnorm.norms import FunctionNorm, function_norm
from workers.minnorm.piecewise_linear import PiecewiseLinear
from workers.minnorm.polynomial import PiecewisePolynomial, polynomial_norm
from workers.minnorm.setting import Setting
from workers.minnorm.without_skip import WITHOUT_SKIP

USUAL = Setting()
FEW, MANY = 200, 100_000
FEW_PIECES, MANY_PIECES = 100, 10_000

LIMITS = """
Without a skip connection the line that is left to pay for is found on a polygon, and the network is written out; the
cone program knows neurons only, and stays at 200 kinks. The norm of a spline is an integral with zeros of `f''` found
beforehand; adaptive quadrature calls Python for each node, and does not know the zeros. Its times are by piece. Its
accuracy is that on 100 pieces, beside antiderivatives with 200 digits.
""".strip()


def comparisons() -> Iterator[Comparison]:
    """Piecewise-linear functions, then cubic splines."""
    few, many = random_function(FEW), random_function(MANY)
    cost = function_norm(few, WITHOUT_SKIP)
    accuracy = beside(cost.representational_cost, _bound(few, cost), _by_cones(few))
    for function in (few, many):
        times = compare(lambda: function_norm(function, WITHOUT_SKIP), lambda: _by_cones(few))  # noqa: B023
        rival = f"cone program, cvxpy and Clarabel, {FEW} kinks"
        yield Comparison(f"no skip, {function.kinks.size:,} kinks", rival, times, accuracy)
    yield _beside_quadrature()


def random_function(kinks: int) -> PiecewiseLinear:
    """Its slope is far from balanced, so that a line has to be paid for."""
    random = np.random.default_rng(11)
    places, changes = np.cumsum(random.uniform(0.5, 1.5, kinks)) / kinks - 0.5, random.normal(size=kinks)
    slope = 2.0 * float(np.sum(np.abs(changes)))
    return PiecewiseLinear.from_numbers(float(places[0]), 1.0, slope, places, changes)


def spline(pieces: int) -> CubicSpline:
    """Through a random walk."""
    return CubicSpline(*data.random_walk(pieces + 1))


def polynomial(curve: CubicSpline) -> PiecewisePolynomial:
    """The spline as the service takes it."""
    return PiecewisePolynomial.from_numbers(curve.x, list(curve.c))


def _by_cones(function: PiecewiseLinear) -> float:
    return least_cost_by_cones(function.kinks, function.slope_changes, _line(function), penalise_biases=True)


def _line(function: PiecewiseLinear) -> tuple[float, float]:
    """Slope and value at zero, left of all kinks."""
    return function.slope0, function.y0 - function.slope0 * function.x0


def _bound(function: PiecewiseLinear, norm: FunctionNorm) -> float:
    """What the dual proves: each kink's cost and gain, and the line's."""
    (a, b), (slope, intercept) = norm.dual or (0.0, 0.0), _line(function)
    costs = np.abs(function.slope_changes) * np.hypot(1.0, function.kinks)
    gains = function.slope_changes * (a - b * function.kinks)
    return float(np.sum(costs) + np.sum(np.minimum(gains, 0.0)) + a * slope + b * intercept)


def _beside_quadrature() -> Comparison:
    few, many = spline(FEW_PIECES), polynomial(spline(MANY_PIECES))
    exact = Curvature(few.x.tolist(), few.c.tolist()).variation(penalise_biases=True)
    ours = polynomial_norm(polynomial(few), USUAL).representational_cost
    accuracy = beside(ours, exact, weighted_variation_by_quad(few))
    times = compare(
        lambda: polynomial_norm(many, USUAL),
        lambda: weighted_variation_by_quad(few),
        parts=(MANY_PIECES, FEW_PIECES),
    )
    rival = f"scipy.integrate.quad, {FEW_PIECES} pieces"
    return Comparison(f"cubic spline, {MANY_PIECES:,} pieces, a piece", rival, times, accuracy)


GROUP = Group("Norms, penalised biases", LIMITS, comparisons)
