"""The loop: each method and schedule beside its definition and PyTorch, and the same bits however it is cut up."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.oracles.training import Method, Objective
from tests.training.problems import objective_of, pytorch, recipe_of, sample_of, some_objectives, trained_by
from workers.training.run import Run

Floats = NDArray[np.float64]

KERNELS = pytest.mark.parametrize("is_sorted", [False, True], ids=["direct", "sorted"])
SCHEDULES = ("constant", "cosine")
METHODS = [
    Method(schedule=schedule, **form)  # type: ignore[arg-type]
    for schedule, form in product(
        SCHEDULES,
        (
            {"name": "gradient_descent", "step_size": 0.05},
            {"name": "momentum", "step_size": 0.03, "momentum": 0.8},
            {"name": "momentum", "step_size": 0.03, "momentum": 0.8, "nesterov": True},
            {"name": "adam", "step_size": 0.01, "beta1": 0.85, "beta2": 0.97, "epsilon": 1e-6},
        ),
    )
]


def assert_close(found: Floats, wanted: Floats) -> None:
    assert found == pytest.approx(wanted, rel=1e-12, abs=1e-12)


@KERNELS
def test_does_what_pytorch_does(is_sorted: bool) -> None:
    reference = pytorch()
    for problem in reference["problems"]:
        objective = objective_of(problem)
        for told in problem["trained"]:
            found = trained_by(is_sorted, objective, problem["theta"], Method(**told["method"]), reference["steps"])
            assert_close(found, told["theta"])


def test_the_oracle_does_what_pytorch_does() -> None:
    reference = pytorch()
    for problem in reference["problems"]:
        for told in problem["trained"]:
            found = Method(**told["method"]).trained(objective_of(problem), problem["theta"], reference["steps"])
            assert_close(found.astype(float), told["theta"])


@KERNELS
@pytest.mark.parametrize("method", METHODS)
def test_does_what_the_method_is_defined_to_do(is_sorted: bool, method: Method) -> None:
    for objective, theta in some_objectives(3, 11, 13):
        found = trained_by(is_sorted, objective, theta, method, 120)
        assert_close(found, method.trained(objective, theta, 120).astype(float))


def bits(run: Run) -> bytes:
    """All that a run knows."""
    return b"".join(name.encode() + np.asarray(part).tobytes() for name, part in run.saved().items())


def running(problem: Objective, method: Method, is_sorted: bool, seed: int = 5) -> Run:
    """Some steps of a network with snapshots and frames; its width is not one of whole lanes."""
    recipe = recipe_of(problem, 21, method, 730, snapshots=12, frames=3)
    return Run(sample_of(problem), recipe, seed, is_sorted)


PROBLEMS = [problem for problem, _ in some_objectives(4, 17, 1)]
ENDS: dict[tuple[int, int, bool], bytes] = {}


@settings(max_examples=60, deadline=None)
@given(
    place=st.integers(0, len(PROBLEMS) - 1),
    method=st.integers(0, len(METHODS) - 1),
    is_sorted=st.booleans(),
    slices=st.lists(st.one_of(st.integers(1, 7), st.integers(1, 400)), max_size=12),
    saves=st.sets(st.integers(0, 12)),
)
def test_every_bit_is_the_same_however_steps_are_cut_up(
    place: int, method: int, is_sorted: bool, slices: list[int], saves: set[int]
) -> None:
    """Also if the run is put away between two slices, and taken up by another that starts elsewhere."""
    run = running(PROBLEMS[place], METHODS[method], is_sorted)
    for number, length in enumerate(slices):
        if number in saves:
            kept = run.saved()
            run = running(PROBLEMS[place], METHODS[method], is_sorted)
            run.advance(3)
            run.resume(kept)
        run.advance(length)
    ended = _end(run)
    key = place, method, is_sorted
    ENDS.setdefault(key, _end(running(PROBLEMS[place], METHODS[method], is_sorted)))
    assert ended == ENDS[key]


def _end(run: Run) -> bytes:
    while not run.ended:
        run.advance(10**9)
    return bits(run)


def test_what_is_saved_says_where_it_was() -> None:
    """Bits that were always equal would prove nothing above."""
    seen = set()
    run = running(PROBLEMS[0], METHODS[0], False)
    while not run.ended:
        seen.add(bits(run))
        run.advance(100)
    assert len(seen | {bits(run)}) > 7
    assert bits(run) != _end(running(PROBLEMS[0], METHODS[0], False, seed=6))
