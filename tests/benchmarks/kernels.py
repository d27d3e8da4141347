"""`python -m tests.benchmarks.kernels`: which kernel of training is faster for which sizes; `run.plan` goes by it."""

from itertools import product

import numpy as np

from tests.benchmarks import data
from tests.benchmarks.pairs import Pair, compare
from tests.benchmarks.report import duration, heading, row, spread
from workers.training.descent import State, descend
from workers.training.parameters import initial
from workers.training.recipe import Recipe
from workers.training.run import bench, plan

OBSERVATIONS = (5, 20, 50, 100, 200, 1_000, 10_000)
WIDTHS = (10, 50, 200, 1_000, 10_000)
LARGEST = 30_000_000
"""Of their products: beyond, nobody wonders."""
STEPS = 500


def pair(n: int, width: int) -> Pair:
    """Seconds of a step by the sorted kernel and by the direct one, in turn."""
    x, y = data.noisy_sine(n)
    recipe = Recipe(width, 1e-3, 10**9)

    def steps(is_sorted: bool) -> None:
        descend(x, y, plans[is_sorted], states[is_sorted], benches[is_sorted], 1, 1 + STEPS)

    plans, states, benches = {}, {}, {}
    for is_sorted in (True, False):
        theta = initial(recipe, 0)
        plans[is_sorted] = plan(recipe, n, is_sorted)
        states[is_sorted] = State(theta, np.zeros_like(theta), np.zeros_like(theta), theta.copy())
        benches[is_sorted] = bench(n, recipe)
    return compare(lambda: steps(True), lambda: steps(False), parts=(STEPS, STEPS))


if __name__ == "__main__":
    print(heading(("observations", "width", "sorted", "direct", "direct / sorted", "chosen")))
    for n, width in product(OBSERVATIONS, WIDTHS):
        if n * width <= LARGEST:
            found = pair(n, width)
            chosen = "sorted" if plan(Recipe(width, 1e-3, 1), n).is_sorted else "direct"
            cells = f"{n:,}", f"{width:,}", duration(found.first), duration(found.second), spread(found), chosen
            print(row(cells), flush=True)
