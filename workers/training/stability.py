"""What to advise those whose training has diverged."""

from dataclasses import replace

from workers.fitting.sample import Sample
from workers.training.descent import CHECKED_EVERY, DIVERGED
from workers.training.recipe import Recipe
from workers.training.run import Run, cost_ns

_HALVINGS = 100
_TRIAL_NS = 2e8
_TRIAL_STEPS = (2 * CHECKED_EVERY, 20_000)


def largest_stable_step(sample: Sample, recipe: Recipe, seed: int) -> float | None:
    """The step size, halved until a trial from the same start does not diverge; None if none is found.

    A trial takes up to 20,000 steps of constant size, fewer where they take long. Of two step sizes that differ by
    less than a factor of two it cannot tell which is better.
    """
    trial = replace(recipe, steps=_trial_steps(sample, recipe), snapshots=0, frames=0, tolerance=0.0)
    size = recipe.optimiser.step_size
    for _ in range(_HALVINGS):
        size *= 0.5
        optimiser = replace(recipe.optimiser, step_size=size, schedule="constant")
        run = Run(sample, replace(trial, optimiser=optimiser), seed)
        while not run.ended:
            run.advance(CHECKED_EVERY)
        if run.status != DIVERGED:
            return size
    return None


def _trial_steps(sample: Sample, recipe: Recipe) -> int:
    fewest, most = _TRIAL_STEPS
    n, width = sample.y.size, recipe.width
    cheapest = min(cost_ns(n, width, is_sorted) for is_sorted in (False, True))
    return min(recipe.steps, most, max(fewest, int(_TRIAL_NS / cheapest)))
