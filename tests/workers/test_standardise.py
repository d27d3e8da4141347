"""`standardise: true` in a question, and in the verification of its answer."""

from typing import Any

import numpy as np
import pytest

from tests.oracles.generated import SHAPES, some
from workers import compute, payloads
from workers.minnorm.errors import ConflictingValues

CLAIMS = ("function", "network", "certificate", "norm", "objective_value", "kink_count")


def answer(kind: str, problem: dict[str, Any]) -> Any:
    return payloads.loads(compute.answer(kind, problem).result)


@pytest.mark.parametrize("setting", [{}, {"penalise_biases": False}, {"objective": "lp", "p": 0.5}])
@pytest.mark.parametrize("offset", [0.0, 1871.0, 1.7e9])
@pytest.mark.parametrize("shape", SHAPES)
def test_answers_are_of_the_standardised_points(shape: str, offset: float, setting: dict[str, Any]) -> None:
    for x, y in some(shape, 4):
        written = np.array(x) + offset
        if np.unique(written).size < written.size:
            continue
        question = {"x": written, "y": y, "standardise": True, **setting}
        result = answer("interpolations", question)
        shift, scale = result["transformation"]["shift"], result["transformation"]["scale"]
        standard = (written - shift) / scale
        assert abs(np.mean(standard)) < 1e-6
        assert np.std(standard) == pytest.approx(1.0, rel=1e-6)
        claims = {name: result[name] for name in CLAIMS}
        verdict = answer("verifications", question | claims)
        assert verdict["violations"] == []
        assert verdict["transformation"] == result["transformation"]
        plain = answer("verifications", {**question, "x": standard, "standardise": False} | claims)
        assert plain["max_residual"] == verdict["max_residual"]
        assert plain["norm"] == verdict["norm"]
        assert plain["lower_bound"] == verdict["lower_bound"]


def test_nothing_is_standardised_unless_asked_for() -> None:
    question = {"x": [10.0, 11.0, 13.0], "y": [0.0, 1.0, 0.0]}
    result = answer("interpolations", question)
    assert "transformation" not in result
    assert result["function"]["x0"] == 10.0
    assert "transformation" not in answer("verifications", question | {"function": result["function"]})


def test_answers_do_not_depend_on_origin_and_unit() -> None:
    x, y = np.array([-2.0, -1.0, 0.0, 0.25, 2.0]), [0.7, -0.3, -0.3, 0.4, 0.2]
    norms = [
        answer("interpolations", {"x": unit * x + origin, "y": y, "standardise": True})["norm"]
        for unit, origin in ((1.0, 0.0), (1024.0, 3.0), (0.5, -7.0))
    ]
    assert norms == pytest.approx([norms[0]] * 3, rel=1e-13)


def test_abscissae_that_would_become_equal_are_an_error_of_both() -> None:
    question = {"x": [0.0, 1e-300, 1.0], "y": [0.0, 0.0, 0.0], "standardise": True}
    for kind in ("interpolations", "verifications"):
        with pytest.raises(ConflictingValues):
            compute.answer(kind, question)
        with pytest.raises(ConflictingValues):
            compute.check(kind, question)
