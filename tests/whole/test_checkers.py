"""The checkers in docs/ and POST /v1/verifications come to the same verdicts, on answers and on falsified ones."""

import copy
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.oracles.generated import SHAPES, some
from workers import compute, payloads

SETTINGS: dict[str, dict[str, Any]] = {
    "least norm": {},
    "free": {"penalise_biases": False},
    "no skip": {"skip_connection": False},
    "free, no skip": {"penalise_biases": False, "skip_connection": False},
    "kinks": {"objective": "kinks"},
    "kinks, free": {"objective": "kinks", "penalise_biases": False},
    "lp": {"objective": "lp", "p": 0.5},
    "lp, free": {"objective": "lp", "p": 0.25, "penalise_biases": False},
}
CLAIMS = ("function", "network", "certificate", "norm", "objective_value", "kink_count")
OF_THE_NETWORK = {"norm", "objective_value", "parameter_norm", "relative_gap"}
"""The checkers take the norm from the network, a verification takes it from the function and compares the two."""
Check = Callable[..., Any]


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch) -> Iterator[Check]:
    """As a reader has it, who copied the files of docs/ into a folder."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent.parent.parent / "docs"))
    yield import_module("check_certificate").check
    for name in ("check_certificate", "check_pairing"):
        sys.modules.pop(name, None)


def solve(points: dict[str, Any], setting: dict[str, Any]) -> Any:
    return payloads.loads(compute.answer("interpolations", points | setting).result)


def verify(points: dict[str, Any], setting: dict[str, Any], answer: Any) -> Any:
    claims = {name: answer[name] for name in CLAIMS}
    return payloads.loads(compute.answer("verifications", points | setting | claims).result)


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("shape", SHAPES)
def test_answers_pass_with_the_same_numbers(shape: str, name: str, check: Check) -> None:
    setting = SETTINGS[name]
    for x, y in some(shape, 4, 16):
        points = {"x": x, "y": y}
        answer = solve(points, setting)
        checked, verdict = check(x, y, answer, **setting), verify(points, setting, answer)
        assert checked["false"] == [], points
        assert verdict["violations"] == [], points
        assert checked["norm"] == pytest.approx(verdict["norm"], rel=1e-9, abs=1e-13)
        assert checked["objective_value"] == pytest.approx(answer["objective_value"], rel=1e-9, abs=1e-13)
        assert checked["lower_bound"] == pytest.approx(verdict["lower_bound"], rel=1e-9, abs=1e-13)
        assert checked["max_residual"] == pytest.approx(verdict["max_residual"], rel=1e-9, abs=1e-300)


def raise_largest_dual(answer: Any) -> None:
    dual = answer["certificate"]["dual_values"]
    dual[int(np.argmax(np.abs(dual)))] *= 1.1


def move_kink(answer: Any) -> None:
    answer["function"]["kinks"][0] += 1e-6


def lower_norm(answer: Any) -> None:
    answer["norm"] *= 0.99


def lower_objective(answer: Any) -> None:
    answer["objective_value"] *= 0.99


def end_dual_elsewhere(answer: Any) -> None:
    answer["certificate"]["dual_values"][-1] = 0.25


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
    outputs[int(np.argmax(np.abs(outputs)))] *= 1.001  # without a skip connection others may be tiny


def skip(answer: Any) -> None:
    answer["network"]["skip_bias"] = answer["network"].get("skip_bias", 0.0) + 1e-3


TAMPERINGS = [
    raise_largest_dual, move_kink, lower_norm, lower_objective, end_dual_elsewhere, raise_total, turn_dual, raise_bound,
    miscount, bend_network, skip,
]  # fmt: skip


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("tamper", TAMPERINGS)
def test_falsified_answers_fail_alike(tamper: Callable[[Any], None], name: str, check: Check) -> None:
    setting = SETTINGS[name]
    for shape in ("mixed", "convex", "both_sides"):
        for x, y in some(shape, 4, 12):
            points = {"x": x, "y": y}
            answer = solve(points, setting)
            if answer["kink_count"] == 0:
                continue
            falsified = copy.deepcopy(answer)
            tamper(falsified)
            verdict = verify(points, setting, falsified)
            checked = check(x, y, falsified, **setting)
            found = {violation["code"] for violation in verdict["violations"]}
            assert set(checked["false"]) - OF_THE_NETWORK == found - OF_THE_NETWORK, points
            if tamper is not raise_total or "objective" not in setting:  # pairings have no total
                assert checked["false"], points
            assert checked["lower_bound"] == pytest.approx(verdict["lower_bound"], rel=1e-9, abs=1e-13)
