"""POST /v1/verifications of fits: what somebody says about one is judged, whoever made it."""

from typing import Any

import httpx
import pytest

from service.examples import LABELS, NOISY

pytestmark = pytest.mark.anyio

PATH = "/v1/verifications"
QUESTION = NOISY | {"regularisation": 0.05}
JUDGED = QUESTION | {"loss": "squared"}


@pytest.fixture
async def answer(client: httpx.AsyncClient) -> Any:
    """A fit, whose parts the tests falsify."""
    return (await client.post("/v1/regressions", json=QUESTION)).json()["result"]


async def verdict_on(client: httpx.AsyncClient, claims: Any, question: Any = JUDGED) -> Any:
    response = await client.post(PATH, json=question | claims)
    assert response.status_code == 200, response.text
    return response.json()["result"]


def codes(verdict: Any) -> set[str]:
    return {violation["code"] for violation in verdict["violations"]}


async def test_our_own_answers_are_confirmed(client: httpx.AsyncClient, answer: Any) -> None:
    parts = {name: answer[name] for name in ("function", "network", "certificate", "norm", "kink_count")}
    verdict = await verdict_on(client, parts | {"objective_value": answer["objective"], "loss_value": answer["loss"]})
    assert verdict["violations"] == []
    for name in ("norm", "loss", "objective"):
        assert verdict[name] == pytest.approx(answer[name], rel=1e-12)
    assert verdict["lower_bound"] == pytest.approx(answer["certificate"]["lower_bound"], rel=1e-12)
    assert verdict["relative_gap"] <= 1e-8


async def test_parts_are_judged_alone(client: httpx.AsyncClient, answer: Any) -> None:
    alone = await verdict_on(client, {"certificate": answer["certificate"]})
    assert alone["lower_bound"] == pytest.approx(answer["certificate"]["lower_bound"], rel=1e-12)
    assert not {"norm", "loss", "objective"} & alone.keys()
    assert "lower_bound" not in await verdict_on(client, {"function": answer["function"]})
    of_network = await verdict_on(client, {"network": answer["network"]})
    assert of_network["objective"] == pytest.approx(answer["objective"], rel=1e-9)


@pytest.mark.parametrize(
    ("claim", "code"),
    [
        ({"norm": 9.0}, "norm"),
        ({"objective_value": 9.0}, "objective"),
        ({"loss_value": 9.0}, "loss"),
        ({"kink_count": 9}, "kink_count"),
    ],
)
async def test_false_numbers(client: httpx.AsyncClient, answer: Any, claim: Any, code: str) -> None:
    assert codes(await verdict_on(client, {"function": answer["function"]} | claim)) == {code}


async def test_false_certificates(client: httpx.AsyncClient, answer: Any) -> None:
    parts = {"function": answer["function"], "certificate": answer["certificate"]}
    certificate = answer["certificate"]
    high = parts | {"certificate": certificate | {"lower_bound": 9.0}}
    assert codes(await verdict_on(client, high)) == {"lower_bound"}
    doubled = parts | {"certificate": {"dual_values": [2 * value for value in certificate["dual_values"]]}}
    verdict = await verdict_on(client, doubled)
    assert codes(verdict) == {"dual_envelope"}
    assert verdict["lower_bound"] <= answer["objective"]
    better = parts | {"function": answer["function"] | {"y0": answer["function"]["y0"] + 0.1}}
    better["certificate"] = certificate | {"relative_gap": 1e-9}
    assert codes(await verdict_on(client, better)) == {"relative_gap"}
    ends = parts | {"certificate": {"dual_values": [0.1, *certificate["dual_values"][1:]]}}
    assert "dual_end" in codes(await verdict_on(client, ends))


async def test_another_question_has_another_answer(client: httpx.AsyncClient, answer: Any) -> None:
    parts = {"function": answer["function"], "certificate": answer["certificate"], "norm": answer["norm"]}
    parts |= {"objective_value": answer["objective"], "loss_value": answer["loss"]}
    assert "objective" in codes(await verdict_on(client, parts, JUDGED | {"regularisation": 0.1}))
    assert "loss" in codes(await verdict_on(client, parts, JUDGED | {"loss": "absolute"}))
    assert "loss" in codes(await verdict_on(client, parts, JUDGED | {"weights": [1, 1, 1, 9, 1, 1, 1, 1]}))
    assert "norm" in codes(await verdict_on(client, parts, JUDGED | {"penalise_biases": False}))
    assert "shape" in codes(await verdict_on(client, parts, JUDGED | {"shape": ["increasing"]}))


async def test_margins_that_are_not_kept(client: httpx.AsyncClient) -> None:
    question = LABELS | {"loss": "hard_margin"}
    answer = (await client.post("/v1/classifications", json=LABELS)).json()["result"]
    assert codes(await verdict_on(client, {"function": answer["function"]}, question)) == set()
    lower = answer["function"] | {"y0": answer["function"]["y0"] + 0.01}
    assert codes(await verdict_on(client, {"function": lower}, question))
    loose = await verdict_on(client, {"function": lower, "tolerance": 0.02}, question)
    assert codes(loose) == set()


async def test_both_verdicts_have_their_own_fields(client: httpx.AsyncClient, answer: Any) -> None:
    of_fit = await verdict_on(client, {"function": answer["function"]})
    assert "interpolates" not in of_fit
    points = {"x": [0, 1], "y": [0, 1]}
    of_points = await verdict_on(client, {"function": answer["function"]}, points)
    assert "interpolates" in of_points
    assert not {"loss", "objective"} & of_points.keys()
