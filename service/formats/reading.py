"""From a table and a query to the body of a request: the same that JSON would have led to."""

from typing import Any

from pydantic import BaseModel

from service.formats import arrow_tables, csv_tables
from service.formats.choice import Choice
from service.formats.fields import Fields, parsed
from service.formats.media import CSV, PARQUET
from service.gathering import RawBody
from service.settings import GatewaySettings


class TableReader:
    """Reads the tables of one kind of request."""

    def __init__(self, model: type[BaseModel]) -> None:
        self._fields = Fields(model)

    def read(self, content_type: str, body: RawBody, query: bytes, settings: GatewaySettings) -> dict[str, Any]:
        """The fields of a request, its columns as arrays. Raises what is wrong with the table or the query."""
        asked = parsed(query)
        columns = _columns(content_type, body, self._fields.choice(asked), settings)
        return self._fields.body(asked, columns)


def _columns(content_type: str, body: RawBody, choice: Choice, settings: GatewaySettings) -> dict[str, Any]:
    kind, _, parameters = content_type.lower().partition(";")
    if kind.strip() == CSV:
        return csv_tables.read(bytes(body), choice, settings.max_points, _header(parameters))
    read = arrow_tables.read_parquet if kind.strip() == PARQUET else arrow_tables.read_arrow
    return read(body, choice, settings.max_points, settings.max_body_bytes)


def _header(parameters: str) -> bool | None:
    """Whether there is one, if the media type says it (RFC 4180)."""
    return {"header=present": True, "header=absent": False}.get(parameters.strip().replace('"', ""))
