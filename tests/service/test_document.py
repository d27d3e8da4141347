"""The OpenAPI document: committed, complete, and true for every example."""

import json
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from service.document import ERRORS, PATH, render, render_errors
from service.five_points import FIVE_POINTS
from service.settings import GatewaySettings

pytestmark = pytest.mark.anyio

DOCUMENT: dict[str, Any] = json.loads(PATH.read_text())
OPERATIONS = [(path, method, found) for path, methods in DOCUMENT["paths"].items() for method, found in methods.items()]
AT_ONCE = ("/v1/interpolations", "/v1/regressions", "/v1/classifications", "/v1/norms", "/v1/verifications")
EXAMPLES = [
    pytest.param(path, found, example["value"], id=f"{found['operationId']}-{name}")
    for path, method, found in OPERATIONS
    if method == "post" and path in AT_ONCE
    for name, example in found["requestBody"]["content"]["application/json"]["examples"].items()
]


@pytest.fixture
def settings() -> GatewaySettings:
    """Every example is solved here."""
    return GatewaySettings(ledger_timeout_s=0.2, thread_size=10**9)


def schema_errors(schema: dict[str, Any], value: Any) -> list[str]:
    whole = schema | {"components": DOCUMENT["components"]}
    return [error.message for error in Draft202012Validator(whole).iter_errors(value)]


def test_the_committed_document_is_what_the_code_serves() -> None:
    assert PATH.read_text() == render(), "run: make openapi"
    assert ERRORS.read_text() == render_errors(), "run: make openapi"


def test_operations_have_names_and_summaries() -> None:
    names = [found["operationId"] for _, _, found in OPERATIONS]
    assert len(names) == len(set(names))
    assert all(name.islower() and name.isidentifier() for name in names)
    assert all(found["summary"] and found["description"] for _, _, found in OPERATIONS)


def test_json_comes_first() -> None:
    """Swagger UI takes what comes first."""
    answers = [found["responses"].get("200", {}).get("content", {}) for _, _, found in OPERATIONS]
    bodies = [found.get("requestBody", {}).get("content", {}) for _, _, found in OPERATIONS]
    several = [list(content) for content in (*answers, *bodies) if "application/json" in content]
    assert len(several) > 20
    assert {names[0] for names in several} == {"application/json"}


def test_every_field_is_described() -> None:
    def is_described(field: dict[str, Any]) -> bool:
        return "description" in field or "$ref" in field or all("$ref" in kind for kind in field.get("anyOf", [{}]))

    schemas = DOCUMENT["components"]["schemas"]
    fields = [(name, field, found) for name in schemas for field, found in schemas[name].get("properties", {}).items()]
    assert len(fields) > 150
    assert [(name, field) for name, field, found in fields if not is_described(found)] == []


def test_every_post_has_several_examples() -> None:
    for _, method, found in OPERATIONS:
        if method == "post" and "requestBody" in found:
            assert len(found["requestBody"]["content"]["application/json"]["examples"]) >= 3


@pytest.mark.parametrize(("path", "operation", "body"), EXAMPLES)
async def test_examples_fit_and_work(
    client: httpx.AsyncClient, path: str, operation: dict[str, Any], body: dict[str, Any]
) -> None:
    request_schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert schema_errors(request_schema, body) == []
    response = await client.post(path, json=body)
    assert response.status_code == 200
    answer_schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    assert schema_errors(answer_schema, response.json()) == []
    assert "null" not in response.text


async def test_problems_fit_their_schema(client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/interpolations", json={"x": [0], "y": "text"})
    operation = DOCUMENT["paths"]["/v1/interpolations"]["post"]
    schema = operation["responses"]["422"]["content"]["application/problem+json"]["schema"]
    assert schema_errors(schema, response.json()) == []
    assert schema_errors(schema, {"type": "/problems/x"})  # the schema does refuse something


async def test_the_document_and_its_page_need_no_network(client: httpx.AsyncClient) -> None:
    assert (await client.get("/openapi.json")).json() == DOCUMENT
    page = (await client.get("/docs")).text
    assert "//cdn" not in page
    assert "https://" not in page.replace("https://fastapi", "")


async def test_capabilities_name_what_is_offered(client: httpx.AsyncClient) -> None:
    offered = (await client.get("/v1/capabilities")).json()["settings"]
    assert len({(setting["penalise_biases"], setting["skip_connection"]) for setting in offered}) == 4
    for setting in offered:
        assert setting["objectives"] == ["norm", "kinks", "lp"][: 3 if setting["skip_connection"] else 2]
        flags = {name: setting[name] for name in ("penalise_biases", "skip_connection")}
        for objective in setting["objectives"]:
            question = {"objective": objective, **({"p": 0.5} if objective == "lp" else {})}
            assert (await client.post("/v1/interpolations", json=FIVE_POINTS | flags | question)).status_code == 200


async def test_capabilities_name_losses_and_shapes(client: httpx.AsyncClient) -> None:
    found = (await client.get("/v1/capabilities")).json()
    assert {"regressions", "classifications"} <= set(found["kinds"])
    assert found["losses"]["regressions"] == ["squared", "absolute", "huber"]
    assert found["losses"]["classifications"] == ["hard_margin", "hinge", "logistic"]
    assert found["shapes"] == ["increasing", "decreasing", "convex", "concave"]
    for kind, losses in found["losses"].items():
        schema = DOCUMENT["components"]["schemas"][f"{kind.removesuffix('s').capitalize()}Request"]
        assert schema["properties"]["loss"]["enum"] == losses
    points = {"x": [0, 1, 2, 3], "y": [1, -1, -1, 1]}
    for shape in found["shapes"]:
        body = points | {"regularisation": 0.1, "shape": [shape]}
        assert (await client.post("/v1/regressions", json=body)).status_code == 200


async def test_capabilities_name_the_limits(client: httpx.AsyncClient) -> None:
    found = (await client.get("/v1/capabilities")).json()
    assert found["limits"]["max_points"] == 1_000_000
    assert found["limits"]["max_points_without_skip"] == 10_000
    assert found["limits"]["max_regularisations"] == 1_000
    assert found["limits"]["max_folds"] == 100
    assert found["engine"].startswith("minnorm ")
    assert (await client.get("/livez")).json() == {"status": "ok"}
