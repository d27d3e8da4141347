"""The checker of fits in docs/ and `judge` come to the same verdicts, on answers and on falsified ones."""

import copy
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workers import compute, payloads

Check = Callable[..., Any]
Problem = dict[str, Any]

SETTINGS = [
    {"penalise_biases": penalise, "skip_connection": skip} for penalise in (True, False) for skip in (True, False)
]
SHAPES: list[list[str]] = [[], ["increasing"], ["decreasing"], ["convex"], ["increasing", "concave"]]
LOSSES: list[Problem] = [
    {"loss": "squared", "regularisation": 0.05},
    {"loss": "absolute", "regularisation": 0.05},
    {"loss": "huber", "huber_delta": 0.3, "regularisation": 0.01},
    {"loss": "hinge", "regularisation": 0.03},
    {"loss": "logistic", "regularisation": 0.03},
    {"loss": "hard_margin"},
]
OF_THE_NETWORK = {"norm", "loss", "objective", "parameter_norm", "relative_gap"}
"""The checker takes the norm from the network, a verification takes it from the function and compares the two."""
OF_VALUES = ("squared", "absolute", "huber")


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch) -> Iterator[Check]:
    """As a reader has it, who copied the files of docs/ into a folder."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent.parent.parent / "docs"))
    yield import_module("check_fit").check
    for name in ("check_fit", "check_dual_of_fit"):
        sys.modules.pop(name, None)


def problem_of(loss: Problem, setting: Problem, shape: list[str], seed: int) -> Problem:
    """Noisy observations with ties and weights; labels that no line keeps apart, unless a function has to."""
    random = np.random.default_rng([seed, *loss["loss"].encode()])
    x = np.round(random.normal(size=9), 1)
    y = np.sin(2.0 * x) + 0.3 * random.normal(size=9)
    if loss["loss"] == "hard_margin":
        y = np.where(x > 0.1, 1.0, -1.0) * (-1.0 if shape == ["decreasing"] else 1.0)
    elif loss["loss"] not in OF_VALUES:
        x[:4], y = [-2.0, 2.0, 2.0, -2.0], np.where(x + 0.7 * random.normal(size=9) > 0.1, 1.0, -1.0)
        y[:4] = [-1.0, 1.0, -1.0, 1.0]
    weights = random.choice([1.0, 2.0, 0.5], 9)
    return {"x": x, "y": y, "weights": weights, "shape": shape} | loss | setting


def solve(problem: Problem) -> Any:
    kind = "regressions" if problem["loss"] in OF_VALUES else "classifications"
    return payloads.loads(compute.answer(kind, problem | {"gap": 1e-8}).result)


def verify(problem: Problem, answer: Any) -> Any:
    claims = {name: answer[name] for name in ("function", "network", "certificate", "norm", "kink_count")}
    claims |= {"objective_value": answer["objective"], "loss_value": answer["loss"]}
    return payloads.loads(compute.answer("verifications", problem | claims).result)


def checked(check: Check, problem: Problem, answer: Any) -> Any:
    return check(result=answer, **{k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in problem.items()})


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
@pytest.mark.parametrize("loss", LOSSES[:3], ids=lambda loss: loss["loss"])
@pytest.mark.parametrize("y", [[1.0, -1.0], [3.53868893, 3.56981388], [1.0, 1.0]])
def test_exact_lines_pass(y: list[float], loss: Problem, setting: Problem, check: Check) -> None:
    """What is left of their loss is rounding, which the checker, being exact, sees."""
    problem = {"x": np.array([-2.77090016, 2.79090102]), "y": np.array(y)} | loss | setting
    assert checked(check, problem, solve(problem))["false"] == []


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_a_line_that_is_not_the_best_is_no_rounding(setting: Problem, check: Check) -> None:
    problem = {"x": np.array([0.0, 1.0, 2.0]), "y": np.array([0.0, 1e-3, 0.0]), "loss": "squared"} | setting
    answer = solve(problem | {"regularisation": 10.0})
    claimed = answer | {"certificate": answer["certificate"] | {"dual_values": [0.0] * 3, "lower_bound": 0.0}}
    claimed["certificate"]["relative_gap"] = 0.0
    assert "relative_gap" in checked(check, problem | {"regularisation": 10.0}, claimed)["false"]


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss["loss"])
def test_answers_pass_with_the_same_numbers(loss: Problem, setting: Problem, check: Check) -> None:
    for shape in SHAPES:
        problem = problem_of(loss, setting, shape, 1)
        answer = solve(problem)
        by_checker, verdict = checked(check, problem, answer), verify(problem, answer)
        assert by_checker["false"] == [], problem
        assert verdict["violations"] == [], problem
        for name in ("norm", "loss", "objective"):
            assert by_checker[name] == pytest.approx(verdict[name], rel=1e-9, abs=1e-12)
        assert by_checker["lower_bound"] == pytest.approx(verdict["lower_bound"], rel=1e-9, abs=1e-13)


def raise_largest_dual(answer: Any) -> None:
    dual = answer["certificate"]["dual_values"]
    dual[int(np.argmax(np.abs(dual)))] *= 1.1


def bend_function(answer: Any) -> None:
    changes = answer["function"]["slope_changes"]
    changes[int(np.argmax(np.abs(changes)))] *= 1.001


def lower_norm(answer: Any) -> None:
    answer["norm"] *= 0.99


def lower_objective(answer: Any) -> None:
    answer["objective"] *= 0.99


def end_dual_elsewhere(answer: Any) -> None:
    answer["certificate"]["dual_values"][-1] += 0.25


def raise_total(answer: Any) -> None:
    answer["certificate"]["dual_total"] = answer["certificate"].get("dual_total", 0.0) + 0.9


def turn_dual(answer: Any) -> None:
    certificate = answer["certificate"]
    certificate["dual_values"] = [-value for value in certificate["dual_values"]]


def raise_bound(answer: Any) -> None:
    answer["certificate"]["lower_bound"] *= 1.01


def miscount(answer: Any) -> None:
    answer["kink_count"] -= 1


def bend_network(answer: Any) -> None:
    outputs = answer["network"]["output_weights"]
    outputs[int(np.argmax(np.abs(outputs)))] *= 1.001


def skip(answer: Any) -> None:
    answer["network"]["skip_bias"] = answer["network"].get("skip_bias", 0.0) + 1e-3


def turn_function(answer: Any) -> None:
    for part, name in (("function", "slope_changes"), ("network", "output_weights")):
        answer[part][name] = [-number for number in answer[part][name]]


def turn_slope_multipliers(answer: Any) -> None:
    answer["certificate"]["slope_multipliers"] = [-1.0] * (len(answer["certificate"]["dual_values"]) + 1)


TAMPERINGS = [
    raise_largest_dual, bend_function, lower_norm, lower_objective, end_dual_elsewhere, raise_total, turn_dual,
    raise_bound, miscount, bend_network, skip, turn_function, turn_slope_multipliers,
]  # fmt: skip
HARMLESS = {raise_largest_dual}
"""They may do nothing but lower the bound."""


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss["loss"])
def test_falsified_answers_fail_alike(loss: Problem, check: Check) -> None:
    judged = 0
    for index, setting in enumerate(SETTINGS):
        problem = problem_of(loss, setting, SHAPES[(index + len(loss["loss"])) % len(SHAPES)], 2 + index)
        answer = solve(problem)
        if answer["kink_count"] == 0:
            continue
        judged += 1
        for tamper in TAMPERINGS:
            falsified = copy.deepcopy(answer)
            tamper(falsified)
            verdict, by_checker = verify(problem, falsified), checked(check, problem, falsified)
            found = {violation["code"] for violation in verdict["violations"]}
            case = (problem, tamper)
            assert set(by_checker["false"]) - OF_THE_NETWORK == found - OF_THE_NETWORK, case
            assert by_checker["false"] or tamper in HARMLESS, case
            assert by_checker["lower_bound"] == pytest.approx(verdict["lower_bound"], rel=1e-9, abs=1e-12), case
    assert judged > 1
