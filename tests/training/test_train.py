"""Several runs side by side: none notices the others, nor that it has been put away in between."""

import threading

import numpy as np
import pytest

from tests.oracles.training import Method
from tests.training.problems import recipe_of, sample_of, some_objectives
from workers.training.run import Rooms, Run
from workers.training.train import packed, train, unpack

PROBLEM = next(some_objectives(6, 30, 1))[0]
METHOD = Method("adam", 0.01)
STEPS = 20_000
KERNELS = pytest.mark.parametrize("is_sorted", [False, True], ids=["direct", "sorted"])


def runs(seeds: list[int], steps: int = STEPS, is_sorted: bool | None = None) -> list[Run]:
    """One a seed; they share room to work in."""
    recipe, sample = recipe_of(PROBLEM, 37, METHOD, steps, snapshots=5, frames=2), sample_of(PROBLEM)
    rooms = Rooms(PROBLEM.x.size, recipe)
    return [Run(sample, recipe, seed, is_sorted, rooms) for seed in seeds]


@KERNELS
def test_runs_do_not_notice_one_another(is_sorted: bool) -> None:
    together = runs([3, 1, 4, 15, 92], is_sorted=is_sorted)
    assert train(together, lambda: None)
    for run in together:
        alone = runs([run.seed], is_sorted=is_sorted)
        alone[0].go_on(threading.Event())
        assert packed(alone) == packed([run])
    assert len({packed([run]) for run in together}) == len(together)


@KERNELS
def test_what_is_packed_on_the_way_leads_to_the_same_end(is_sorted: bool) -> None:
    """Packed by another thread, at whatever step that is; and again from there."""
    whole = runs([7, 8], is_sorted=is_sorted)
    assert train(whole, lambda: None)
    onlooker = runs([7, 8], is_sorted=is_sorted)
    saved = [packed(onlooker)]
    train(onlooker, lambda: saved.append(packed(onlooker)))
    onlooker = runs([7, 8], is_sorted=is_sorted)
    for run, length in zip(onlooker, (2_345, 777), strict=True):
        run.advance(length)
    for kept in (*saved, packed(onlooker)):
        resumed = runs([7, 8], is_sorted=is_sorted)
        unpack(kept, resumed)
        assert train(resumed, lambda: None)
        assert packed(resumed) == packed(whole)


def test_an_interruption_stops_all_between_two_steps() -> None:
    stopped = runs([0, 1, 2], steps=10**9)

    def interrupt() -> None:
        if any(run.step for run in stopped):
            raise KeyboardInterrupt

    assert not train(stopped, interrupt)
    assert all(run.step < 10**9 for run in stopped)
    again = runs([0, 1, 2], steps=10**9)
    for run, other in zip(stopped, again, strict=True):
        while other.step < run.step:
            other.advance(run.step - other.step)
    assert packed(again) == packed(stopped)


def test_what_another_engine_packed_is_not_taken_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its bits may differ."""
    ahead = runs([0])
    ahead[0].advance(50)
    monkeypatch.setattr("workers.training.train.ENGINE", "another")
    kept = packed(ahead)
    monkeypatch.undo()
    fresh = runs([0])
    unpack(kept, fresh)
    assert fresh[0].step == 0
    unpack(packed(ahead), fresh)
    assert fresh[0].step == ahead[0].step > 0
    assert np.array_equal(fresh[0].network.output_weights, ahead[0].network.output_weights)
