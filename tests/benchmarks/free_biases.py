"""Free biases: least norm beside linear programs; fewest kinks and `l^p` beside an integer and a dynamic program."""

import math
from collections.abc import Iterator

from tests.benchmarks import data
from tests.benchmarks.pairs import compare
from tests.benchmarks.report import Comparison, Group, beside
from tests.benchmarks.rivals import cheapest_pairing, least_variation_by_highs
from tests.oracles.bases import places
from tests.oracles.variation import Program
from workers.minnorm.dataset import Dataset
from workers.minnorm.interpolate import interpolate
from workers.minnorm.setting import Setting

FREE = Setting(penalise_biases=False)

LIMITS = """
The linear program is sparse and knows that kinks at the data are enough, which leaves it little to choose. The integer
program may put kinks at the data and where outer chords meet, and knows the least norm. The dynamic program in plain
Python is of the same linear kind as ours; it returns value and kinks, ours also the proof, the norm, and what is
unique. So what is gained there is the compiler's, less what the evidence costs.
""".strip()


def comparisons() -> Iterator[Comparison]:
    """Least norm, fewest kinks, least `l^p` path norm."""
    for n in (1_000, 100_000):
        for has_skip in (True, False):
            yield _beside_highs(n, has_skip)
    yield _beside_integers()
    for n in (1_000, 100_000):
        yield _beside_python(n, "kinks", None)
        yield _beside_python(n, "lp", 0.5)


def _beside_highs(n: int, has_skip: bool) -> Comparison:
    x, y = data.random_walk(n)
    points, setting = Dataset.from_points(x, y), Setting(penalise_biases=False, skip_connection=has_skip)
    found = interpolate(points, setting)
    accuracy = beside(found.norm, found.certificate.lower_bound, least_variation_by_highs(x, y, has_skip))
    rounds = 3 if n > 1_000 else 7
    times = compare(lambda: interpolate(points, setting), lambda: least_variation_by_highs(x, y, has_skip), rounds)
    skip = "skip" if has_skip else "no skip"
    return Comparison(f"least norm, {skip}, random walk, n = {n:,}", "linear program, HiGHS", times, accuracy)


def _beside_integers() -> Comparison:
    x, y = data.random(60)
    points = Dataset.from_points(x, y)
    norm = interpolate(points, FREE).norm * (1.0 + 1e-9)
    program = Program(x, y, places(x, y, 0), has_skip=True)
    found = interpolate(points, FREE, "kinks")
    accuracy = _counts(found.kink_count, program.fewest_kinks(norm))
    times = compare(lambda: interpolate(points, FREE, "kinks"), lambda: program.fewest_kinks(norm))
    return Comparison("fewest kinks, random, n = 60", "integer program, HiGHS", times, accuracy)


def _beside_python(n: int, objective: str, p: float | None) -> Comparison:
    x, y = data.random_walk(n)
    points = Dataset.from_points(x, y)
    found = interpolate(points, FREE, objective, p)
    power = math.sqrt if p else _one
    value, kinks = cheapest_pairing(x, y, power)
    counted = found.objective_value, found.certificate.lower_bound, value
    accuracy = beside(*counted) if p else _counts(found.kink_count, len(kinks))
    times = compare(lambda: interpolate(points, FREE, objective, p), lambda: cheapest_pairing(x, y, power), rounds=5)
    name = f"least l^p, p = {p}" if p else "fewest kinks"
    return Comparison(f"{name}, random walk, n = {n:,}", "dynamic program, plain Python", times, accuracy)


def _one(_: float) -> float:
    return 1.0


def _counts(ours: int, rivals: int) -> str:
    if ours != rivals:
        raise AssertionError(f"{ours} kinks, the rival has {rivals}.")
    return f"{ours:,} kinks both"


GROUP = Group("Interpolation, free biases", LIMITS, comparisons)
