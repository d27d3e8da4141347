"""Fields of a request that come in its query, beside a table: of the same names as in JSON, dots for what is inside."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

import orjson
from pydantic import BaseModel

from service.formats.choice import SUFFIX, Choice, refused

MOST_PARAMETERS = 100
DEEPEST = 4
COLUMNS = ("x", "y", "weights")
OF_THE_ANSWER = ("table", "theme", "width", "height", "frame")
"""Parameters about the answer, unless the request has a field of that name."""

Schema = Mapping[str, Any]
Query = Mapping[str, Sequence[str]]


def parsed(query: bytes) -> Query:
    """The parameters of a query, each with all its values. Raises `RequestValidationError`."""
    found = defaultdict[str, list[str]](list)
    try:
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=MOST_PARAMETERS)
    except ValueError:
        raise refused("too_long", f"A query has at most {MOST_PARAMETERS} parameters") from None
    for name, value in pairs:
        found[name].append(value)
    return found


class Fields:
    """The fields of one kind of request."""

    def __init__(self, model: type[BaseModel]) -> None:
        self._schema = model.model_json_schema()
        self._own = self._schema["properties"]
        self.columns = tuple(name for name in COLUMNS if name in self._own)

    def choice(self, query: Query) -> Choice:
        """Which columns the query asks for."""
        names = {name: _one(query, name + SUFFIX) for name in self.columns if name + SUFFIX in query}
        return Choice(self.columns, names)

    def body(self, query: Query, columns: Mapping[str, Any]) -> dict[str, Any]:
        """The request as it would be in JSON. Raises `RequestValidationError`."""
        body: dict[str, Any] = dict(columns)
        for name, texts in query.items():
            if name in columns:
                raise refused("extra_forbidden", "It is a column of the table already", name)
            if self._is_field(name):
                _put(body, name.split(".", DEEPEST - 1), self._value(name, texts))
        return body

    def _is_field(self, name: str) -> bool:
        """Whether it is meant for the body; what nobody knows is refused there."""
        about_columns = name.endswith(SUFFIX) and name.removesuffix(SUFFIX) in self.columns
        return name in self._own or not (about_columns or name in OF_THE_ANSWER)

    def _value(self, name: str, texts: Sequence[str]) -> Any:
        schemas = self._at(name.split(".", DEEPEST - 1))
        kinds = {kind for schema in schemas for kind in _kinds(schema)}
        if "array" not in kinds:
            text = _one({name: texts}, name)
            return text if kinds <= {"string"} else _json(text)
        words = any("string" in _kinds(item) for schema in schemas for item in self._inside(schema.get("items", {})))
        if len(texts) == 1 and (not words or texts[0].startswith("[")):
            value = _json(texts[0])
            return value if isinstance(value, list) or kinds != {"array"} else [value]
        return list(texts) if words else [_json(text) for text in texts]

    def _at(self, path: Sequence[str]) -> list[Schema]:
        """What the schema says of a place: several things, perhaps, or nothing."""
        found = self._inside(self._schema)
        for name in path:
            inner = [schema.get("properties", {}).get(name) or schema.get("additionalProperties") for schema in found]
            found = [part for schema in inner if isinstance(schema, dict) for part in self._inside(schema)]
        return found

    def _inside(self, schema: Schema) -> list[Schema]:
        if "$ref" in schema:
            return self._inside(self._schema["$defs"][schema["$ref"].rpartition("/")[2]])
        if "anyOf" in schema:
            return [part for one in schema["anyOf"] for part in self._inside(one)]
        return [schema]


def _kinds(schema: Schema) -> Iterable[str]:
    kind = schema.get("type", "string" if "enum" in schema or "const" in schema else ())
    return (kind,) if isinstance(kind, str) else kind


def _one(query: Query, name: str) -> str:
    first, *more = query[name]
    if more:
        raise refused("repeated", f"Given {len(more) + 1} times in the query", *name.split(".", DEEPEST - 1))
    return first


def _json(text: str) -> Any:
    """A value as it would be written in JSON; what is none stays a text, and is refused where it should be none."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return _lenient(text)


def _lenient(text: str) -> Any:
    """As a body is read: NaN and what is too large are refused by validation."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _put(body: dict[str, Any], path: Sequence[str], value: Any) -> None:
    *outer, last = path
    for name in outer:
        body = body.setdefault(name, {})
        if not isinstance(body, dict):
            raise refused("extra_forbidden", "Given as a whole and in parts", *path)
    if last in body:
        raise refused("repeated", "Given as a whole and in parts", *path)
    body[last] = value
