"""Tables and pictures in the OpenAPI document."""

from collections.abc import Iterable, Mapping
from typing import Any

from service.formats.choice import SUFFIX
from service.formats.fields import COLUMNS
from service.formats.forms import Parameters
from service.formats.media import CSV, JSON, PICTURES, TABLES

Document = dict[str, Any]

_BINARY = {"type": "string", "format": "binary"}
_TABLE = (
    "Columns `x` and `y` (and `weights`, where the request has them), or two columns in that order. All other fields "
    "come in the query, by their names: `?regularisation=0.01&optimiser.step_size=0.1`."
)


def _content(media_types: Iterable[str], description: str) -> Document:
    text = {"type": "string", "description": description}
    binary = _BINARY | {"description": description}
    return {name: {"schema": text if name in (CSV, PICTURES[0]) else binary} for name in media_types}


ANSWERS: Document = {
    JSON: {},  # the route describes it; Swagger UI asks for what comes first
    **_content(TABLES, "The table that `table` names; Arrow and Parquet have all single numbers as metadata."),
    **_content(PICTURES, "A picture of the data and of the answer."),
}
"""All that an answer can be."""
PICTURES_ONLY = _content(PICTURES, "A picture of the data and of the answer.")


def _parameter(name: str, schema: Mapping[str, Any]) -> Document:
    bare = {key: value for key, value in schema.items() if key not in ("title", "default", "description")}
    if "anyOf" in bare:  # or nothing
        bare = dict(bare["anyOf"][0])
    described = schema.get("description", "")
    return {"name": name, "in": "query", "required": False, "schema": bare, "description": described}


def _columns(fields: Iterable[str]) -> list[Document]:
    described = {"type": "string", "description": "Of a table: the name of the column that is this field."}
    return [_parameter(name + SUFFIX, described) for name in fields]


OF_ANSWERS = [_parameter(name, schema) for name, schema in Parameters.model_json_schema()["properties"].items()]
"""Parameters about the answer."""
OF_PICTURES = [parameter for parameter in OF_ANSWERS if parameter["name"] != "table"]


def tabular(
    terms: Document, points: Mapping[str, Any], columns: Iterable[str] = COLUMNS[:2], without: str = ""
) -> Document:
    """What a route has that takes tables: bodies, `points` as an example, and parameters besides those of `terms`.

    `without` is a parameter about pictures whose name means something else there.
    """
    body = _content(TABLES, _TABLE)
    body[CSV]["examples"] = {"points": {"summary": "Points, with a header", "value": _csv(points)}}
    pictures = [parameter for parameter in OF_ANSWERS if parameter["name"] != without]
    return {"parameters": [*terms["parameters"], *_columns(columns), *pictures], "requestBody": {"content": body}}


def _csv(points: Mapping[str, Any]) -> str:
    return "x,y\n" + "".join(f"{x},{y}\n" for x, y in zip(points["x"], points["y"], strict=True))
