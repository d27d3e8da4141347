"""Every solver that claims linear time: ten times the size in ten times the time, or nearly."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

from tests.benchmarks import data, memory, norms
from tests.benchmarks.pairs import Work, compare
from tests.benchmarks.report import Growth
from workers.fitting.fit import Task, fit
from workers.fitting.losses import Loss
from workers.fitting.sample import Sample
from workers.minnorm.dataset import Dataset
from workers.minnorm.interpolate import interpolate
from workers.minnorm.norms import function_norm, network_norms
from workers.minnorm.polynomial import polynomial_norm
from workers.minnorm.setting import Setting
from workers.minnorm.verify import Claims, Question, verify

LOADING, SMALL, LARGE = 1_000, 100_000, 1_000_000

USUAL = Setting()
FREE = Setting(penalise_biases=False)
FREE_WITHOUT_SKIP = Setting(penalise_biases=False, skip_connection=False)
WITHOUT_SKIP = Setting(skip_connection=False)

LIMITS = """
Columns of 1e6 numbers no longer fit in the caches of most processors, so that somewhat more than 10 is no surprise.
Points in any order and the neurons of a network are sorted, which is O(n log n); all else is linear. Penalised biases
without a skip connection are linear only for data that turn to and fro, as random ones do. A regression takes
about as many rounds at any size.
""".strip()

Build = Callable[[int], Work]
"""From a size to the work to be timed."""


def growths() -> Iterator[Growth]:
    """Of all solvers."""
    for name, build in _builds().items():
        small, large = build(SMALL), build(LARGE)
        times = compare(small, large, rounds=3)
        yield Growth(name, times, _peak(name) / LARGE)


def _builds() -> dict[str, Build]:
    shapes = {f"least norm: {name}": _interpolation(shape, USUAL) for name, shape in data.SHAPES.items()}
    return {
        **shapes,
        "least norm, no skip: random": _interpolation(data.random, WITHOUT_SKIP),
        "least norm, free biases: random walk": _interpolation(data.random_walk, FREE),
        "least norm, free biases, no skip: random walk": _interpolation(data.random_walk, FREE_WITHOUT_SKIP),
        "fewest kinks: random walk": _interpolation(data.random_walk, USUAL, "kinks"),
        "fewest kinks, free biases: random walk": _interpolation(data.random_walk, FREE, "kinks"),
        "least l^p, p = 0.5: random walk": _interpolation(data.random_walk, USUAL, "lp", 0.5),
        "least l^p, p = 0.5, free biases: random walk": _interpolation(data.random_walk, FREE, "lp", 0.5),
        "sorting of points in any order": _sorting,
        "verification: random walk": _verification,
        "regression, 1e-1: noisy sine": _regression(1e-1),
        "regression, 1e-4: noisy sine": _regression(1e-4),
        "regression, 1e-6: noisy sine": _regression(1e-6),
        "norm of a function": _function(USUAL),
        "norm of a function, no skip": _function(WITHOUT_SKIP),
        "norms of a network": _network,
        "norm of a cubic spline": _spline(USUAL),
        "norm of a cubic spline, no skip": _spline(WITHOUT_SKIP),
    }


def _interpolation(
    shape: Callable[[int], data.Points], setting: Setting, objective: str = "norm", p: float | None = None
) -> Build:
    def build(n: int) -> Work:
        x, y = shape(n)
        return lambda: interpolate(Dataset.from_points(x, y), setting, objective, p)

    return build


def _sorting(n: int) -> Work:
    x, y = (column[::-1].copy() for column in data.random(n))
    return lambda: Dataset.from_points(x, y)


def _verification(n: int) -> Work:
    points = Dataset.from_points(*data.random_walk(n))
    found = interpolate(points)
    claims = Claims(found.function, found.network, found.certificate.dual, norm=found.norm)
    return lambda: verify(points, claims, None, Question(USUAL))


def _regression(regularisation: float) -> Build:
    def build(n: int) -> Work:
        x, y = data.noisy_sine(n)
        return lambda: fit(Sample.from_observations(x, y), Task(Loss(), regularisation))

    return build


def _function(setting: Setting) -> Build:
    def build(n: int) -> Work:
        function = norms.random_function(n)
        return lambda: function_norm(function, setting)

    return build


def _network(n: int) -> Work:
    network = function_norm(norms.random_function(n), WITHOUT_SKIP).network
    return lambda: network_norms(network, WITHOUT_SKIP)


def _spline(setting: Setting) -> Build:
    def build(n: int) -> Work:
        curve = norms.polynomial(norms.spline(n))
        return lambda: polynomial_norm(curve, setting)

    return build


def _peak(name: str) -> int:
    """Bytes that a solver allocates at its peak, in a process of its own: others hold what they have freed."""
    command = [sys.executable, "-m", __spec__.name, name]
    return int(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def _measure(build: Build) -> int:
    """The same in this process, which has done nothing else; compiled code included, but not what it is loaded with."""
    pid = os.getpid()
    build(LOADING)()
    work = build(LARGE)
    memory.give_back()
    memory.forget_peak(pid)
    before = memory.held_by(pid)
    work()
    return memory.peak_of(pid) - before


if __name__ == "__main__":
    print(_measure(_builds()[sys.argv[1]]))
