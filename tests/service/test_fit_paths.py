"""Several regularisations, and the choice of one."""

from dataclasses import replace
from typing import Any

import httpx
import numpy as np
import pytest

from service.examples import LABELS, NILE, NOISY, O_RINGS
from service.settings import GatewaySettings
from workers import compute, fits, payloads
from workers.driver import Runner, Work
from workers.fitting.fit import fit
from workers.fitting.path import follow
from workers.records import Canceled, Order
from workers.settings import WorkerSettings

pytestmark = pytest.mark.anyio

GRID = {"path": {"count": 6, "ratio": 0.01}}
STANDARD = NILE | {"standardise": True}
LOGISTIC = O_RINGS | {"standardise": True, "loss": "logistic"}


@pytest.fixture
def settings() -> GatewaySettings:
    """Everything is solved here."""
    return GatewaySettings(ledger_timeout_s=0.2, thread_size=10**9)


async def result_of(client: httpx.AsyncClient, body: Any, kind: str = "regressions") -> Any:
    response = await client.post(f"/v1/{kind}", json=body)
    assert response.status_code == 200, response.text
    job = response.json()
    assert job["outcome"] == "optimal"
    return job["result"]


async def test_a_list_is_answered_in_its_order(client: httpx.AsyncClient) -> None:
    wanted = [0.05, 1, 0.2, 0.05]
    result = await result_of(client, NOISY | {"regularisation": wanted})
    assert [point["regularisation"] for point in result["path"]] == wanted
    assert result["path"][0] == result["path"][3]
    assert set(result) == {"path", "affine_from"}
    for point in result["path"]:
        alone = await result_of(client, NOISY | {"regularisation": point["regularisation"]})
        assert point["objective"] == pytest.approx(alone["objective"], rel=1e-7)
        assert point["outcome"] == "optimal"
        assert point["certificate"]["relative_gap"] <= 1e-8


async def test_a_list_of_one_is_a_list(client: httpx.AsyncClient) -> None:
    assert len((await result_of(client, NOISY | {"regularisation": [0.05]}))["path"]) == 1


async def test_a_path_starts_where_the_fit_is_a_line(client: httpx.AsyncClient) -> None:
    result = await result_of(client, NOISY | GRID)
    grid = [point["regularisation"] for point in result["path"]]
    assert grid == pytest.approx(list(result["affine_from"] * np.geomspace(1, 0.01, 6)), rel=1e-12)
    norms = [point["norm"] for point in result["path"]]
    assert norms == sorted(norms)
    assert norms[0] <= 1e-6 < norms[1]
    below = await result_of(client, NOISY | {"regularisation": 0.999 * result["affine_from"]})
    above = await result_of(client, NOISY | {"regularisation": 1.001 * result["affine_from"]})
    assert below["kink_count"] > 0 == above["kink_count"]


async def test_paths_of_labels(client: httpx.AsyncClient) -> None:
    body = LABELS | {"loss": "hinge", "regularisation": [0.01, 1]}
    first, last = (await result_of(client, body, "classifications"))["path"]
    assert (first["accuracy"], len(first["decision_boundaries"])) == (1, 2)
    assert last["loss"] > first["loss"]


@pytest.mark.parametrize(("kind", "body"), [("regressions", STANDARD | GRID), ("classifications", LOGISTIC | GRID)])
async def test_cross_validation_chooses_one_of_the_path(client: httpx.AsyncClient, kind: str, body: Any) -> None:
    asked = {"folds": 4, "seed": 3}
    best = await result_of(client, body | {"cross_validation": asked}, kind)
    careful = await result_of(client, body | {"cross_validation": asked | {"rule": "one_standard_error"}}, kind)
    told = best["cross_validation"]
    assert told["regularisations"] == [point["regularisation"] for point in best["path"]]
    assert told["chosen"] == int(np.argmin(told["mean_loss"]))
    least = told["mean_loss"][told["chosen"]] + told["standard_error"][told["chosen"]]
    within = [index for index, loss in enumerate(told["mean_loss"]) if loss <= least]
    assert careful["cross_validation"]["chosen"] == min(within)
    for result in (best, careful):
        chosen = result["path"][result["cross_validation"]["chosen"]]
        shared = chosen.keys() - {"outcome"}
        assert {name: result[name] for name in shared} == {name: chosen[name] for name in shared}
        assert len(result["fitted"]) == len(body["x"])
        assert result["network"]["hidden_weights"]
        assert "transformation" in result


async def test_the_seed_divides(client: httpx.AsyncClient) -> None:
    def asked(seed: int) -> Any:
        return STANDARD | GRID | {"cross_validation": {"folds": 4, "seed": seed}}

    first, again, other = [
        (await result_of(client, asked(seed)))["cross_validation"]["mean_loss"] for seed in (0, 0, 1)
    ]
    assert first == again != other


async def test_an_unordered_list_is_chosen_from_by_its_own_indices(client: httpx.AsyncClient) -> None:
    ordered = [5_000.0, 500.0, 50.0, 5.0]
    asked = {"cross_validation": {"folds": 3, "seed": 0}}
    by_order = (await result_of(client, STANDARD | asked | {"regularisation": ordered}))["cross_validation"]
    mixed = [ordered[index] for index in (2, 0, 3, 1, 0)]
    by_mix = (await result_of(client, STANDARD | asked | {"regularisation": mixed}))["cross_validation"]
    assert mixed[by_mix["chosen"]] == ordered[by_order["chosen"]]
    assert by_mix["mean_loss"] == [by_order["mean_loss"][ordered.index(value)] for value in mixed]


def test_several_fits_are_optimal_only_if_each_one_is(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = {**NOISY, "loss": "squared", "gap": 1e-8, "regularisation": [0.05, 0.1]}
    assert compute.answer("regressions", problem).outcome == "optimal"

    def doubtful(*asked: Any) -> Any:
        first, *others = follow(*asked)
        return [replace(first, outcome="feasible"), *others]

    monkeypatch.setattr(fits, "follow", doubtful)
    answer = compute.answer("regressions", problem)
    assert answer.outcome == "feasible"
    assert [point["outcome"] for point in payloads.loads(answer.result)["path"]] == ["optimal", "feasible"]


@pytest.mark.parametrize("regularisation", [0.05, [0.05]])
def test_the_gap_that_is_asked_for_is_worked_for(monkeypatch: pytest.MonkeyPatch, regularisation: Any) -> None:
    gaps = list[float]()

    def noting(sample: Any, task: Any, gap: float) -> Any:
        gaps.append(gap)
        return fit(sample, task, gap)

    def noting_all(sample: Any, task: Any, regularisations: Any, tell: Any, gap: float) -> Any:
        gaps.append(gap)
        return follow(sample, task, regularisations, tell, gap)

    monkeypatch.setattr(fits, "fit", noting)
    monkeypatch.setattr(fits, "follow", noting_all)
    compute.answer("regressions", {**NOISY, "loss": "squared", "gap": 1e-5, "regularisation": regularisation})
    assert gaps == [1e-5]


@pytest.mark.parametrize("folds", [0, 3])
def test_progress_is_told_and_never_goes_back(folds: int) -> None:
    told = list[Any]()
    problem = {
        **STANDARD,
        "loss": "squared",
        "gap": 1e-8,
        "path": {"count": 5, "ratio": 0.01},
        **({"cross_validation": {"folds": folds, "seed": 0, "rule": "best"}} if folds else {}),
    }
    result = payloads.loads(compute.answer("regressions", problem, told.append).result)
    assert len(result["path"]) == 5
    fractions = [progress["fraction"] for progress in told]
    assert fractions == sorted(fractions)
    assert len(set(fractions)) >= 5 * (folds + 1) - 1
    assert 0 <= fractions[0] < 0.5
    assert fractions[-1] == pytest.approx(1)
    assert all(set(progress) <= {"fraction", "phase", "step"} for progress in told)


def test_a_long_path_tells_its_progress_to_the_worker_and_can_be_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINNORM_BEAT_S", "0.05")
    told = list[Any]()

    def beat(progress: Any) -> Order:
        told.append(progress)
        return Order.CANCEL if progress and progress["fraction"] > 0 else Order.GO_ON

    x = np.linspace(-1, 1, 300)
    problem = {"x": x, "y": np.sin(9 * x), "loss": "absolute", "gap": 1e-8, "path": {"count": 1_000, "ratio": 1e-4}}
    runner = Runner(WorkerSettings())
    try:
        runner.wait_until_warm()
        answer = runner.solve(Work("regressions", payloads.dumps(problem)), beat)
        assert isinstance(answer, Canceled)
        assert runner.alive  # it was asked, not killed
    finally:
        runner.kill()
    assert 0 < told[-1]["fraction"] < 0.5
