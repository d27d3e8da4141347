"""The points on which solvers are timed, the same ones every time."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Points = tuple[Floats, Floats]


def convex_sets(count: int, n: int = 35) -> list[Points]:
    """As Boursier and Flammarion drew them: steps and differences of slopes uniform in [0.2, 2], from x = -4."""
    random = np.random.default_rng(2023)
    return [_convex_set(random, n) for _ in range(count)]


def _convex_set(random: np.random.Generator, n: int) -> Points:
    steps = random.uniform(0.2, 2.0, n - 1)
    slopes = np.concatenate(([0.0], np.cumsum(random.uniform(0.2, 2.0, n - 2))))
    return -4.0 + _running(steps), _running(slopes * steps)


def random(n: int) -> Points:
    """Without any order: such data turn to and fro."""
    generator = np.random.default_rng(7)
    return np.sort(generator.uniform(-1, 1, n)), generator.normal(size=n)


def random_walk(n: int) -> Points:
    """Steps between 0.1 and 1, far from the origin in the end."""
    generator = np.random.default_rng(7)
    return np.cumsum(generator.uniform(0.1, 1, n)), np.cumsum(generator.normal(size=n))


def noisy_sine(n: int) -> Points:
    """`sin 2x` with noise of a third of its height."""
    generator = np.random.default_rng(7)
    x = np.sort(generator.uniform(-3, 3, n))
    return x, np.sin(2.0 * x) + 0.3 * generator.normal(size=n)


def square(n: int) -> Points:
    """`x^2` on a uniform grid."""
    grid = np.linspace(-2, 2, n)
    return grid, grid**2


def cosh(n: int) -> Points:
    """`cosh x` on a uniform grid."""
    grid = np.linspace(-2, 2, n)
    return grid, np.cosh(grid)


def exponential(n: int) -> Points:
    """`exp x` on a uniform grid."""
    grid = np.linspace(-2, 2, n)
    return grid, np.exp(grid)


def long_convex(n: int) -> Points:
    """One run of random curvatures."""
    generator = np.random.default_rng(7)
    steps = generator.uniform(0.2, 2, n - 1)
    slopes = np.cumsum(generator.uniform(0.2, 2, n - 1))
    return _running(steps) / n - 0.5, _running(slopes * steps)


SHAPES = {
    "random": random,
    "random walk": random_walk,
    "x^2, uniform grid": square,
    "cosh x, uniform grid": cosh,
    "convex, random": long_convex,
}


def _running(steps: Floats) -> Floats:
    """Sums, from zero on."""
    return np.concatenate(([0.0], np.cumsum(steps)))
