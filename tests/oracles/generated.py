"""Seeded data sets of many shapes, ascending in x."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Points = tuple[list[float], list[float]]
Random = np.random.Generator


def from_curvature(x: Floats, curvature: Floats, slope: float = 0.0) -> Points:
    """Points with the given differences of neighbouring chord slopes."""
    chords = slope + np.concatenate(([0.0], np.cumsum(curvature)))
    return x.tolist(), np.concatenate(([0.0], np.cumsum(chords * np.diff(x)))).tolist()


def abscissae(random: Random, n: int) -> Floats:
    """Steps between 0.2 and 2, somewhere around zero."""
    start = float(random.choice([-4.0, -n / 2, 0.0]))
    return start + np.cumsum(random.uniform(0.2, 2.0, n))


def convex(random: Random, n: int) -> Points:
    return from_curvature(abscissae(random, n), random.uniform(0.2, 2.0, n - 2), -1.0)


def mixed(random: Random, n: int) -> Points:
    return abscissae(random, n).tolist(), random.normal(size=n).tolist()


def clustered(random: Random, n: int) -> Points:
    """Steps between 1e-9 and 1."""
    x = random.choice([0.0, 1.0, -1.0]) + np.cumsum(10.0 ** random.uniform(-9, 0, n))
    return from_curvature(x, random.uniform(-0.5, 2.0, n - 2))


def spread(random: Random, n: int) -> Points:
    """Steps between 1 and 1e6, zero in the midst."""
    x = np.cumsum(10.0 ** random.uniform(0, 6, n))
    return from_curvature(x - random.uniform(0.1, 0.9) * x[-1], random.uniform(-0.5, 2.0, n - 2))


def far(random: Random, n: int) -> Points:
    return from_curvature(1e4 + abscissae(random, n), random.uniform(-1.0, 2.0, n - 2))


def both_sides(random: Random, n: int) -> Points:
    """Nothing near zero: often an end is active."""
    x = np.sort(random.choice([-1.0, 1.0], n) * 10.0 ** random.uniform(0, 3, n))
    return from_curvature(x, random.uniform(-0.5, 2.0, n - 2))


def one_left(random: Random, n: int) -> Points:
    """One point far on the left, a run on the right."""
    x = np.concatenate(([-(10.0 ** random.uniform(0, 3))], 0.1 + np.cumsum(random.uniform(0.1, 2.0, n - 1))))
    return from_curvature(x, random.uniform(0.1, 2.0, n - 2))


def one_right(random: Random, n: int) -> Points:
    x, y = one_left(random, n)
    return [-a for a in reversed(x)], y[::-1]


def integers(random: Random, n: int) -> Points:
    """Many points on lines, exactly."""
    x = np.unique(random.integers(-n, n, n))
    x = x if x.size > 1 else np.array([0, 1])
    return x.astype(float).tolist(), random.integers(0, 3, x.size).astype(float).tolist()


def decimals(random: Random, n: int) -> Points:
    """Many points on lines, as written, though not as stored."""
    x = np.round(0.1 * np.unique(random.integers(-2 * n, 2 * n, n + 2)), 1)
    return x.tolist(), np.round(np.abs(np.round(x) - 1.0) * 0.3 + random.choice([0.0, 0.7]), 1).tolist()


def plateaus(random: Random, n: int) -> Points:
    """Stretches of three equal values."""
    return abscissae(random, n).tolist(), np.repeat(random.integers(0, 3, n).astype(float), 3)[:n].tolist()


def alternating(random: Random, n: int) -> Points:
    return abscissae(random, n).tolist(), ((-1.0) ** np.arange(n)).tolist()


def lopsided(random: Random, n: int) -> Points:
    """Curvatures of very different size in one run."""
    return from_curvature(abscissae(random, n), 10.0 ** random.uniform(-6, 6, n - 2))


def symmetric(random: Random, n: int) -> Points:
    """An even function on abscissae symmetric about zero: ties, and shares that vanish."""
    x = np.unique(np.concatenate((half := np.cumsum(random.uniform(0.2, 2.0, (n + 1) // 2)), -half)))
    return x.tolist(), np.round(np.abs(x) ** random.choice([1.0, 2.0, 3.0]), 6).tolist()


SHAPES: dict[str, Callable[[Random, int], Points]] = {
    shape.__name__: shape
    for shape in (
        convex, mixed, clustered, spread, far, both_sides, one_left, one_right,
        integers, decimals, plateaus, alternating, lopsided, symmetric,
    )
}  # fmt: skip


def some(shape: str, count: int, largest: int = 40) -> Iterator[Points]:
    """Data sets of one shape with 2 to `largest` points, the same ones every time."""
    random = np.random.default_rng([ord(letter) for letter in shape])
    for _ in range(count):
        yield SHAPES[shape](random, int(random.integers(2, largest + 1)))
