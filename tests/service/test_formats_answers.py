"""Answers in other forms than JSON: which one, and what is in it."""

import io
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import orjson
import pyarrow as pa
import pytest
from fastapi import FastAPI
from pyarrow import csv, ipc, parquet

from service.examples import CLASSIFICATIONS, INTERPOLATIONS, NILE, NOISY, NORMS, REGRESSIONS
from service.five_points import FIVE_POINTS
from service.formats.media import ARROW_FILE, ARROW_STREAM, CSV, JSON, PARQUET, PICTURES, best
from service.refusals import NotAcceptable
from service.sending import LONG_BYTES
from service.settings import GatewaySettings
from tests.service.test_document import DOCUMENT
from workers import compute
from workers.records import JobRecord, State

pytestmark = pytest.mark.anyio

SVG, PNG = PICTURES
READ: dict[str, Callable[[Any], Any]] = {
    ARROW_STREAM: lambda source: ipc.open_stream(source).read_all(),
    ARROW_FILE: lambda source: ipc.open_file(source).read_all(),
    PARQUET: parquet.read_table,
}
FIT = NOISY | {"regularisation": 0.05}


@pytest.fixture
def settings() -> GatewaySettings:
    """Everything is solved here."""
    return GatewaySettings(ledger_timeout_s=0.2, thread_size=10**9)


async def asked(client: httpx.AsyncClient, kind: str, body: Any, accept: str, **query: Any) -> httpx.Response:
    return await client.post(f"/v1/{kind}", json=body, headers={"accept": accept}, params=query)


async def result_of(client: httpx.AsyncClient, kind: str, body: Any) -> Any:
    return (await client.post(f"/v1/{kind}", json=body)).json()["result"]


async def table_of(client: httpx.AsyncClient, kind: str, body: Any, **query: Any) -> dict[str, list[Any]]:
    answer = await asked(client, kind, body, CSV, **query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith(CSV)
    return dict(csv.read_csv(io.BytesIO(answer.content)).to_pydict())


@pytest.mark.parametrize("media_type", [ARROW_STREAM, ARROW_FILE, PARQUET])
async def test_a_long_table_is_whole(client: httpx.AsyncClient, media_type: str) -> None:
    n = 60_000
    body = {"x": np.arange(n).tolist(), "y": np.random.default_rng(0).normal(size=n).tolist()}
    answer = await asked(client, "interpolations", body, media_type)
    assert int(answer.headers["content-length"]) == len(answer.content) > LONG_BYTES
    table, result = READ[media_type](pa.py_buffer(answer.content)), await result_of(client, "interpolations", body)
    assert table.column_names == ["x", "y", "fitted", "dual"]
    assert [table["x"].to_pylist(), table["y"].to_pylist()] == [body["x"], body["y"]]
    assert np.allclose(table["fitted"], body["y"], rtol=0.0, atol=1e-9)
    assert table["dual"].to_pylist() == result["certificate"]["dual_values"]
    assert orjson.loads(table.schema.metadata[b"skip_weight"]) == result["network"]["skip_weight"]
    network = await asked(client, "interpolations", body, media_type, table="network")
    weights = READ[media_type](pa.py_buffer(network.content))["hidden_weight"]
    assert weights.to_pylist() == result["network"]["hidden_weights"]


async def test_two_lines_of_a_header_are_one_list(client: httpx.AsyncClient) -> None:
    headers = [("Accept", "*/*"), ("Accept", CSV)]
    answer = await client.post("/v1/interpolations", json=FIVE_POINTS, headers=headers)
    assert answer.headers["content-type"].startswith(CSV)


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("application/json", JSON),
        ("APPLICATION/JSON; charset=utf-8", JSON),
        ("text/csv", CSV),
        ("text/*", CSV),
        ("image/*", SVG),
        ("image/png, image/svg+xml;q=0.9", PNG),
        ("text/csv, application/json", JSON),  # equally welcome: ours first
        ("text/csv, */*", CSV),  # named, so meant
        ("text/csv, */*;q=0.1", CSV),
        ("text/csv;q=0.5, application/json;q=0.4", CSV),
        ("text/csv;q=0, */*", JSON),
        ("application/json;q=0, */*", CSV),
        ("application/*, application/json;q=0", ARROW_STREAM),
        ("application/*;q=0.5, text/csv;q=0.4", JSON),
        ('text/html, x/y;a=",text/csv", application/vnd.apache.parquet', PARQUET),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8", JSON),
        ("image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", SVG),
        ("text/csv;q=0.001", CSV),
        ("text/csv;q=high, application/json;q=0.1", JSON),
        ("text/csv;q=1.5, application/json;q=0.1", JSON),
        (",,text/csv,;,", CSV),
    ],
)
def test_the_best_form_is_chosen(accept: str, wanted: str) -> None:
    assert best(accept, (JSON, CSV, ARROW_STREAM, ARROW_FILE, PARQUET, SVG, PNG)) == wanted


def test_what_cannot_be_had_is_refused() -> None:
    for accept in ("text/html", "json", "*/*;q=0", "*/json", "text/csv;q=0", "*", "application/problem+json"):
        with pytest.raises(NotAcceptable):
            best(accept, (JSON, CSV))


def test_no_header_takes_long() -> None:
    for accept in ('"' * 100_000, ",;" * 100_000, 'a;b="\\"' * 50_000, "*/*;q=1," * 50_000):
        best("*/*," + accept, (JSON, CSV))


async def test_a_form_that_is_not_there_is_a_406(client: httpx.AsyncClient) -> None:
    for kind, body in (("interpolations", FIVE_POINTS), ("norms", NORMS["network"]["value"])):
        answer = await asked(client, kind, body, "text/html")
        assert (answer.status_code, answer.json()["type"]) == (406, "/problems/not-acceptable")
        assert answer.headers["content-type"] == "application/problem+json"


async def test_errors_are_problem_documents_whatever_is_asked(client: httpx.AsyncClient) -> None:
    answer = await asked(client, "interpolations", {"x": [1], "y": [1]}, CSV)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


async def test_answers_in_all_forms_say_how_long_it_took_and_are_not_kept(client: httpx.AsyncClient) -> None:
    for accept in ("*/*", CSV, SVG):
        answer = await asked(client, "interpolations", FIVE_POINTS, accept)
        assert "solve;dur" in answer.headers["server-timing"]
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("body", [example["value"] for example in INTERPOLATIONS.values()])
async def test_points_of_interpolations(client: httpx.AsyncClient, body: Any) -> None:
    result, table = await result_of(client, "interpolations", body), await table_of(client, "interpolations", body)
    assert list(table) == ["x", "y", "fitted", "dual"]
    assert (table["x"], table["y"]) == (body["x"], body["y"])
    assert table["fitted"] == pytest.approx(body["y"], abs=1e-9)
    assert table["dual"] == result["certificate"]["dual_values"]  # the examples ascend, without repetition


@pytest.mark.parametrize("kind", ["regressions", "classifications"])
async def test_points_of_fits_and_paths_of_several(client: httpx.AsyncClient, kind: str) -> None:
    for example in (REGRESSIONS if kind == "regressions" else CLASSIFICATIONS).values():
        body: Any = example["value"]
        result, table = await result_of(client, kind, body), await table_of(client, kind, body)
        if "fitted" in result:
            assert table["fitted"] == result["fitted"]
            dual = dict(zip(sorted(set(body["x"])), result["certificate"]["dual_values"], strict=True))
            assert table["dual"] == [dual[x] for x in body["x"]]
            assert table.get("weights") == body.get("weights")
        elif "path" in result:
            assert table["objective"] == [fit["objective"] for fit in result["path"]]
            assert table["lower_bound"] == [fit["certificate"]["lower_bound"] for fit in result["path"]]
        else:
            assert list(table) == ["x", "y"]  # nothing separates them
        if "cross_validation" in result:
            path = await table_of(client, kind, body, table="path")
            assert path["mean_loss"] == result["cross_validation"]["mean_loss"]


async def test_kinks_are_the_corners_of_the_graph(client: httpx.AsyncClient) -> None:
    function = (await result_of(client, "interpolations", FIVE_POINTS))["function"]
    table = await table_of(client, "interpolations", FIVE_POINTS, table="kinks")
    assert table["x"] == [function["x0"], *function["kinks"]]
    assert table["slope_change"] == [0, *function["slope_changes"]]
    assert table["slope"] == pytest.approx(np.cumsum([function["slope0"], *function["slope_changes"]]).tolist())
    rises = np.array(table["slope"][:-1]) * np.diff(table["x"])
    assert np.diff(table["value"]) == pytest.approx(rises)


async def test_networks_are_a_neuron_a_line(client: httpx.AsyncClient) -> None:
    for kind, body in (("interpolations", FIVE_POINTS), ("norms", NORMS["network"]["value"])):
        network = (await result_of(client, kind, body))["network"]
        table = await table_of(client, kind, body, table="network")
        names = {"hidden_weight": "hidden_weights", "hidden_bias": "hidden_biases", "output_weight": "output_weights"}
        assert table == {name: network[column] for name, column in names.items()}
    assert table == await table_of(client, "norms", NORMS["network"]["value"])


async def test_verifications_tell_what_is_violated(client: httpx.AsyncClient) -> None:
    function = {"x0": -1.5, "y0": 0.7, "slope0": -2.0, "kinks": [0], "slope_changes": [1]}
    body = FIVE_POINTS | {"function": function, "norm": 1, "certificate": {"dual_values": [0, 0, 0, 0, 0]}}
    verdict = await result_of(client, "verifications", body)
    table = await table_of(client, "verifications", body, table="violations")
    assert table["code"] == [found["code"] for found in verdict["violations"]]
    points = await table_of(client, "verifications", body)
    assert max(abs(np.subtract(points["fitted"], points["y"]))) == pytest.approx(verdict["max_residual"])
    assert points["dual"] == [0] * 5


@pytest.mark.parametrize("media_type", [ARROW_STREAM, ARROW_FILE, PARQUET])
async def test_arrow_and_parquet_have_the_same_numbers_and_notes(client: httpx.AsyncClient, media_type: str) -> None:
    job = (await client.post("/v1/regressions", json=NILE | {"standardise": True, "regularisation": 500})).json()
    body = NILE | {"standardise": True, "regularisation": 500}
    answer = await asked(client, "regressions", body, media_type)
    assert answer.headers["content-type"] == media_type
    table = READ[media_type](pa.BufferReader(answer.content))
    assert table["fitted"].to_pylist() == job["result"]["fitted"]
    assert table["x"].to_pylist() == NILE["x"]
    notes = {name.decode(): orjson.loads(value) for name, value in table.schema.metadata.items()}
    for name in ("norm", "objective", "loss", "regularisation"):
        assert notes[name] == job["result"][name]
    assert notes["lower_bound"] == job["result"]["certificate"]["lower_bound"]
    assert notes["slope0"] == job["result"]["function"]["slope0"]
    assert notes["shift"] == job["result"]["transformation"]["shift"]
    assert (notes["kind"], notes["outcome"], notes["table"]) == ("regressions", "optimal", "points")


async def test_tables_go_in_as_they_come_out(client: httpx.AsyncClient) -> None:
    table = await asked(client, "interpolations", NILE, PARQUET)
    again = await client.post("/v1/interpolations", content=table.content, headers={"content-type": PARQUET})
    assert again.json()["digest"] == (await client.post("/v1/interpolations", json=NILE)).json()["digest"]


async def test_a_table_that_is_not_there_is_a_406(client: httpx.AsyncClient) -> None:
    for kind, body, table in (
        ("interpolations", FIVE_POINTS, "history"),
        ("interpolations", FIVE_POINTS, "path"),
        ("interpolations", FIVE_POINTS, "violations"),
        ("regressions", NOISY | {"regularisation": [1, 2]}, "kinks"),
        ("norms", NORMS["spline"]["value"], "network"),
        ("norms", NORMS["spline"]["value"], "points"),
    ):
        answer = await asked(client, kind, body, CSV, table=table)
        assert (answer.status_code, answer.json()["type"]) == (406, "/problems/not-acceptable")


async def test_pictures_are_drawn_as_asked(client: httpx.AsyncClient) -> None:
    answer = await asked(client, "interpolations", FIVE_POINTS, SVG, theme="dark", width=300)
    assert answer.headers["content-type"] == SVG
    assert b"<svg" in answer.content
    assert (await asked(client, "interpolations", FIVE_POINTS, PNG)).content.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("name", "value"),
    [("theme", "pink"), ("width", "1"), ("height", "1e9"), ("frame", "-1"), ("table", "points "), ("width", "")],
)
async def test_parameters_are_looked_at_although_they_may_not_be_needed(
    client: httpx.AsyncClient, name: str, value: str
) -> None:
    answer = await asked(client, "interpolations", FIVE_POINTS, "*/*", **{name: value})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"/{name}")


TRAINING = FIVE_POINTS | {"width": 5, "weight_decay": 1e-3, "steps": 50, "seeds": [3, 1], "snapshots": 4}


class KnownJob:
    """A ledger with one job."""

    def __init__(self, state: State, with_input: bool = True, kind: str = "regressions") -> None:
        self.record = JobRecord("job_a", kind, "interactive", state, 1, created_at=1.0, digest="d", revision=7)
        asked: Any = TRAINING if kind == "trainings" else FIT | {"loss": "squared", "gap": 1e-8}
        self._input = orjson.dumps(asked) if with_input else None
        problem = asked | {name: np.array(asked[name], float) for name in ("x", "y")}
        self._result = compute.answer(kind, problem).result

    async def get(self, _: str) -> JobRecord:
        return self.record

    async def result(self, _: str) -> bytes:
        return self._result

    async def input(self, _: str) -> bytes | None:
        return self._input


Known = Callable[[KnownJob], None]


@pytest.fixture
def known(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> Known:
    """Makes a job the only one of the ledger."""

    def put(job: KnownJob) -> None:
        for name in ("get", "result", "input"):
            monkeypatch.setattr(app.state.queue, name, getattr(job, name))

    return put


async def test_finished_jobs_come_in_any_form(client: httpx.AsyncClient, known: Known) -> None:
    known(KnownJob(State.SUCCEEDED))
    wanted = (await asked(client, "regressions", FIT, CSV)).content
    for path in ("/v1/jobs/job_a", "/v1/jobs/job_a/result"):
        answer = await client.get(path, headers={"accept": CSV})
        assert (answer.status_code, answer.content) == (200, wanted)
        assert (await client.get(path)).headers["vary"] == "Accept"
        assert (await client.get(path, headers={"accept": SVG})).headers["content-type"] == SVG
        assert (await client.get(path, headers={"accept": "text/html"})).status_code == 406
    drawn = await client.get("/v1/jobs/job_a/plot", params={"theme": "dark"})
    assert (drawn.status_code, drawn.headers["content-type"]) == (200, SVG)
    assert (await client.get("/v1/jobs/job_a/plot", headers={"accept": PNG})).headers["content-type"] == PNG
    assert (await client.get("/v1/jobs/job_a/plot", headers={"accept": CSV})).status_code == 406


async def test_trainings_have_a_history(client: httpx.AsyncClient, known: Known) -> None:
    known(KnownJob(State.SUCCEEDED, kind="trainings"))
    result = (await client.get("/v1/jobs/job_a/result")).json()
    read: dict[str, Any] = {}
    for name in ("points", "history", "kinks", "network"):
        answer = await client.get("/v1/jobs/job_a", params={"table": name, "width": 900}, headers={"accept": CSV})
        assert answer.status_code == 200, answer.text
        read[name] = csv.read_csv(io.BytesIO(answer.content)).to_pydict()
    best_run = result["runs"][result["best"]]
    steps = [step for run in result["runs"] for step in run["history"]["step"]]
    assert (read["history"]["step"], set(read["history"]["seed"])) == (steps, {1, 3})
    assert read["network"]["output_weight"] == best_run["network"]["output_weights"]
    assert read["kinks"]["x"][1:] == best_run["function"]["kinks"]
    residuals = np.subtract(read["points"]["fitted"], read["points"]["y"])
    assert np.mean(residuals**2) == pytest.approx(best_run["loss"], rel=1e-3)
    residuals = np.subtract(read["points"]["optimum"], read["points"]["y"])
    assert np.mean(residuals**2) == pytest.approx(result["optimum"]["loss"], rel=1e-6)


async def test_a_network_alone_is_a_function_too(client: httpx.AsyncClient) -> None:
    network = (await result_of(client, "interpolations", FIVE_POINTS))["network"]
    table = await table_of(client, "verifications", FIVE_POINTS | {"network": network})
    assert table["fitted"] == pytest.approx(FIVE_POINTS["y"], abs=1e-12)


async def test_forms_are_versions_of_their_own(client: httpx.AsyncClient, known: Known) -> None:
    known(KnownJob(State.SUCCEEDED))
    tags = {}
    for accept, query in ((JSON, {}), (CSV, {}), (CSV, {"table": "kinks"}), (PARQUET, {})):
        answer = await client.get("/v1/jobs/job_a", headers={"accept": accept}, params=query)
        tags[answer.headers["etag"]] = (accept, query)
    assert len(tags) == 4
    for tag, (accept, query) in tags.items():
        for other in tags:
            headers = {"accept": accept, "if-none-match": other}
            again = await client.get("/v1/jobs/job_a", headers=headers, params=query)
            assert again.status_code == (304 if other == tag else 200)


async def test_without_its_input_a_job_has_no_points(client: httpx.AsyncClient, known: Known) -> None:
    known(KnownJob(State.SUCCEEDED, with_input=False))
    answer = await client.get("/v1/jobs/job_a", headers={"accept": CSV})
    assert (answer.status_code, answer.json()["type"]) == (410, "/problems/input-not-kept")
    assert (await client.get("/v1/jobs/job_a?table=kinks", headers={"accept": CSV})).status_code == 200


async def test_jobs_that_have_not_ended_are_told_in_json(client: httpx.AsyncClient, known: Known) -> None:
    known(KnownJob(State.RUNNING))
    answer = await client.get("/v1/jobs/job_a", headers={"accept": CSV})
    assert (answer.status_code, answer.headers["content-type"]) == (200, JSON)
    for path in ("result", "plot"):
        refused = await client.get(f"/v1/jobs/job_a/{path}")
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/job-not-finished")


def test_the_document_names_all_forms() -> None:
    for path, method in (("/v1/regressions", "post"), ("/v1/norms", "post"), ("/v1/jobs/{job_id}", "get")):
        content = DOCUMENT["paths"][path][method]["responses"]["200"]["content"]
        assert {JSON, CSV, ARROW_STREAM, ARROW_FILE, PARQUET, SVG, PNG} == set(content)
    assert set(DOCUMENT["paths"]["/v1/jobs/{job_id}/plot"]["get"]["responses"]["200"]["content"]) == set(PICTURES)


async def test_csv_examples_of_the_document_work(client: httpx.AsyncClient) -> None:
    query: dict[str, Any] = {
        "regressions": {"regularisation": 0.1},
        "verifications": {"certificate.dual_values": "[0,0,0,0,0]"},
    }
    for kind in ("interpolations", "regressions", "classifications", "verifications"):
        content = DOCUMENT["paths"][f"/v1/{kind}"]["post"]["requestBody"]["content"]
        assert {JSON, CSV, ARROW_STREAM, ARROW_FILE, PARQUET} == set(content)
        text = content[CSV]["examples"]["points"]["value"]
        asked_for = query.get(kind, {}) | (
            {"loss": "squared", "regularisation": 0.1} if kind == "verifications" else {}
        )
        answer = await client.post(f"/v1/{kind}", content=text, headers={"content-type": CSV}, params=asked_for)
        assert answer.status_code == 200, answer.text


def test_parameters_are_documented() -> None:
    def names(kind: str) -> set[str]:
        parameters = DOCUMENT["paths"][f"/v1/{kind}"]["post"]["parameters"]
        return {found["name"] for found in parameters if found["in"] == "query"}

    answers = {"table", "theme", "width", "height", "frame"}
    assert names("norms") == answers
    assert names("interpolations") == answers | {"x_column", "y_column"}
    assert names("regressions") == answers | {"x_column", "y_column", "weights_column"}
    assert names("trainings") == answers - {"width"} | {"x_column", "y_column"}
