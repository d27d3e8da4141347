"""What a training job answers, from its wire form: whole, resumed, interrupted, diverged."""

import io
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from workers import trainings
from workers.minnorm.errors import MinnormError, OutOfRange, TooFewPoints, WrongLabel
from workers.payloads import dumps, loads
from workers.trainings import check, effort, solve

X, Y = np.array([-1.5, -1.0, 0.0, 0.25, 2.0]), np.array([0.7, -0.3, -0.3, 0.4, 0.2])


def problem(**more: Any) -> dict[str, Any]:
    """A short one."""
    return {"x": X, "y": Y, "width": 30, "steps": 2_000, "weight_decay": 1e-2} | more


class Diary:
    """A memory, and what has been told; it may interrupt once so much has been told, or saved."""

    def __init__(self, saved: bytes | None = None, most: float = np.inf, most_states: float = np.inf) -> None:
        self.saved, self.states, self.told = saved, list[bytes](), list[Mapping[str, Any]]()
        self._most = most
        self._most_states = most_states

    def save(self, state: bytes) -> None:
        """Keep all of them, or interrupt."""
        self.states.append(state)
        if len(self.states) >= self._most_states:
            raise KeyboardInterrupt

    def tell(self, told: Mapping[str, Any]) -> None:
        """Keep it, or interrupt."""
        self.told.append(told)
        if len(self.told) > self._most:
            raise KeyboardInterrupt


def answer(asked: Mapping[str, Any], diary: Diary | None = None) -> tuple[str, Any]:
    """As it goes over the wire."""
    diary = diary or Diary()
    outcome, wire = solve(asked, diary.tell, diary)
    return outcome, loads(dumps(wire))


def test_the_number_of_seeds_changes_no_run() -> None:
    """Nor the order; the best is the one with the least objective."""
    _, together = answer(problem(seeds=[5, 1, 3]))
    alone = [answer(problem(seeds=[seed]))[1]["runs"][0] for seed in (5, 1, 3)]
    assert together["runs"] == alone
    objectives = [run["objective"] for run in alone]
    assert together["best"] == int(np.argmin(objectives))
    bound = together["optimum"]["lower_bound"]
    assert together["best_relative_gap"] == pytest.approx((min(objectives) - bound) / bound, rel=1e-15)
    assert len(set(objectives)) == 3


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is saved, a hundred times a second."""
    monkeypatch.setattr("workers.training.train.WATCHED_EVERY_S", 0.01)
    monkeypatch.setattr(trainings, "SAVED_EVERY_S", 0.0)
    monkeypatch.setattr(trainings, "SAVED_BYTES_A_SECOND", np.inf)


def is_of_the_end(state: bytes, steps: int) -> bool:
    """Whether there is nothing left to do after it."""
    with np.load(io.BytesIO(state)) as file:
        return all(file[name][0] == steps for name in file.files if name.endswith("progress"))


@pytest.mark.usefixtures("eager")
def test_an_attempt_that_takes_up_another_ends_with_the_same_answer() -> None:
    asked = problem(steps=400_000, seeds=[0, 1, 2], frames=3)
    diary = Diary()
    whole = answer(asked, diary)
    assert diary.states
    interrupted = Diary(most_states=1)  # there is one at the end, if none before
    assert answer(asked, interrupted)[0] == "time_limit"
    for saved in (diary.states[0], diary.states[-1], *interrupted.states):
        resumed = Diary(saved)
        assert answer(asked, resumed) == whole
        steps = [told["step"] for told in resumed.told if told["phase"] == "training"]
        assert (steps == []) == is_of_the_end(saved, asked["steps"])


@pytest.mark.parametrize("seeds", [[0], [0, 1, 2]])
def test_an_interruption_tells_what_there_is(seeds: list[int]) -> None:
    outcome, wire = answer(problem(steps=10**9, seeds=seeds), Diary(most=1))
    assert outcome == "time_limit"
    assert {run["outcome"] for run in wire["runs"]} == {"stopped"}
    assert wire["optimum"]["lower_bound"] <= wire["runs"][wire["best"]]["objective"]
    for run in wire["runs"]:
        assert run["history"]["step"][-1] <= run["steps"] < 10**9


def test_progress_goes_up_to_the_whole() -> None:
    diary = Diary()
    _, wire = answer(problem(steps=300_000, seeds=[0, 1]), diary)
    assert diary.told[0] == {"fraction": 0.0, "phase": "optimum"}
    training = diary.told[1:]
    fractions = [told["fraction"] for told in training]
    assert fractions == sorted(fractions)
    assert training[-1]["fraction"] == 1.0
    assert training[-1]["step"] == 300_000
    for told in training:
        assert told["bound"] == wire["optimum"]["lower_bound"] <= told["objective"]


def test_a_divergence_is_an_answer_with_advice() -> None:
    step = {"name": "gradient_descent", "step_size": 50.0}
    outcome, wire = answer(problem(optimiser=step, seeds=[0, 1]))
    assert outcome == "numerical_failure"
    assert [run["outcome"] for run in wire["runs"]] == ["diverged"] * 2
    advised = wire["runs"][0]["advice"]["largest_stable_step"]
    outcome, wire = answer(problem(optimiser=step | {"step_size": advised}))
    assert outcome == "feasible"
    assert wire["runs"][0]["outcome"] == "finished"
    assert "advice" not in wire["runs"][0]


def test_a_proved_optimum_is_called_optimal() -> None:
    """Adam with a step size that goes to zero gets there."""
    adam = {"name": "adam", "step_size": 0.02, "schedule": "cosine"}
    outcome, wire = answer(problem(weight_decay=0.05, width=60, steps=60_000, optimiser=adam))
    assert outcome == "optimal"
    assert 0.0 <= wire["best_relative_gap"] <= 1e-9
    assert wire["runs"][0]["kink_count"] == wire["optimum"]["kink_count"]
    kinks = [wire["optimum"]["function"]["kinks"], wire["runs"][0]["function"]["kinks"]]
    assert kinks[1] == pytest.approx(kinks[0], abs=wire["kink_tolerance"])


def test_convergence_is_told() -> None:
    _, wire = answer(problem(weight_decay=0.5, steps=100_000, tolerance=1e-8))
    run = wire["runs"][0]
    assert run["outcome"] == "converged"
    assert run["gradient_norm"] <= 1e-8
    assert run["steps"] < 100_000


def test_without_an_optimum_it_says_why() -> None:
    labels = np.where(X > 0.1, 1.0, -1.0)
    outcome, wire = answer(problem(y=labels, loss="logistic"))
    assert outcome == "feasible"
    assert "keeps the labels apart" in wire["optimum_missing"]
    assert "optimum" not in wire
    assert "best_relative_gap" not in wire
    assert "optimum_missing" in answer(problem(compare=False))[1]


def test_standardised_data() -> None:
    """Are trained as if they had been given so."""
    given = 1e6 + 3.0 * X
    _, wire = answer(problem(x=given, standardise=True))
    told = wire["transformation"]
    _, wanted = answer(problem(x=(given - told["shift"]) / told["scale"]))
    del wire["transformation"]
    assert wire == wanted


@pytest.mark.parametrize(
    ("asked", "error", "pointer"),
    [
        (problem(x=np.zeros(5)), TooFewPoints, "/x"),
        (problem(loss="logistic"), WrongLabel, "/y/0"),
        (problem(width=0), OutOfRange, "/width"),
        (problem(seeds=[]), OutOfRange, "/seeds"),
        (problem(optimiser={"name": "momentum", "momentum": 2.0}), OutOfRange, "/optimiser/momentum"),
    ],
)
@pytest.mark.parametrize("ask", [check, lambda asked: solve(asked, lambda _: None)])
def test_what_is_refused(
    ask: Callable[[dict[str, Any]], object], asked: dict[str, Any], error: type[MinnormError], pointer: str
) -> None:
    with pytest.raises(error) as raised:
        ask(asked)
    assert raised.value.pointer == pointer


def test_the_effort_grows_with_everything() -> None:
    least = effort(problem(steps=10**6))
    assert least > 0
    assert effort(problem(steps=10**7)) == pytest.approx(10 * least, rel=0.01)
    assert effort(problem(steps=10**6, seeds=[0, 1, 2])) == pytest.approx(3 * least, rel=0.01)
    assert effort(problem(steps=10**6, width=3_000)) > least
    assert effort(problem(steps=10**6, x=np.arange(1e4), y=np.zeros(10_000))) > least
