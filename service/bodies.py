"""How a body is read: bounded, strictly, fast, and with an error that names the place."""

from collections.abc import Callable, Coroutine
from typing import Any, cast

import anyio
import numpy as np
from anyio.to_thread import run_sync
from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import ClientDisconnect

from service.formats import encodings
from service.formats.media import TABLES
from service.formats.reading import TableReader
from service.parsing import parse
from service.problems import pointer_to
from service.refusals import (
    BodyTooLarge,
    BodyTooSlow,
    InvalidJson,
    TooManyFields,
    TooManyPoints,
    UnsupportedMediaType,
)
from service.settings import GatewaySettings

_PARAMETERS = ("", "charset=utf-8", "charset=utf8", "header=present", "header=absent")
"""What may be said of a media type; the last two of CSV."""
MOST_FIELDS = 100
"""More than any object of any request has."""
MOST_COLONS = 200_000
"""More than any request has, in all of its objects and texts together; batches apart."""


class StrictRequest(Request):
    """A request whose body is bounded in size and time, decompressed, and whose `json()` is strict JSON in UTF-8.

    Starlette's own limit answers in plain text, so it is not used.
    """

    async def body(self) -> bytes:
        """The whole body. Raises `BodyTooLarge`, also when it is chunked or compressed, and `BodyTooSlow`."""
        if not hasattr(self, "_body"):
            settings: GatewaySettings = self.app.state.settings
            encoding = encodings.encoding_of(self.headers.get("content-encoding", ""))
            body = await self._arrived(settings)
            if encoding is not None:
                body = await run_sync(encodings.decoded, body, encoding, settings.max_body_bytes)
            self._body = body
        return self._body

    async def _arrived(self, settings: GatewaySettings) -> bytes:
        try:
            with anyio.fail_after(settings.body_timeout_s):
                return await self._read(settings.max_body_bytes)
        except ClientDisconnect:
            raise InvalidJson("The connection ended before the body did.") from None
        except TimeoutError:
            raise BodyTooSlow(f"The body took longer than {settings.body_timeout_s:g} s.") from None

    async def _read(self, limit: int) -> bytes:
        declared = self.headers.get("content-length", "")
        size = int(declared) if declared.isdecimal() else 0
        chunks: list[bytes] = []
        if size <= limit:
            size = 0
            async for chunk in self.stream():
                size += len(chunk)
                chunks.append(chunk)
                if size > limit:
                    break
        if size > limit:
            raise BodyTooLarge(f"The body is longer than {limit} bytes.")
        return b"".join(chunks)

    async def json(self) -> Any:
        """The parsed body; None if it is empty. What is parsed is not kept as text besides."""
        if not hasattr(self, "_json"):
            body = await self.body()
            if body.count(b":") > MOST_COLONS:  # parsing them all would take longer
                raise TooManyFields("The body has more fields than any request has.")
            self._json = parse(body)
            self._body = body[:1]  # FastAPI only asks whether there is one
        return self._json


Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class JsonRoute(APIRoute):
    """A route that takes `application/json`."""

    def get_route_handler(self) -> Handler:
        """The handler behind the checks of media type and syntax."""
        handle = super().get_route_handler()

        async def strict(request: Request) -> Response:
            check_media_type(request)
            strict_request = StrictRequest(request.scope, request.receive)
            # Here, since FastAPI would hide what goes wrong behind an error of its own.
            check_size(await strict_request.json(), request.app.state.settings)
            return await handle(strict_request)

        return strict


class TableRoute(JsonRoute):
    """A route that takes tables as well: `x` and `y` as columns, and all other fields in the query."""

    def get_route_handler(self) -> Handler:
        """The handler of either form."""
        handle_json, handle = super().get_route_handler(), APIRoute.get_route_handler(self)
        reader = TableReader(_model_of(self))

        async def strict(request: Request) -> Response:
            content_type = request.headers.get("content-type", "")
            if content_type == "application/json" or content_type.partition(";")[0].strip().lower() not in TABLES:
                return await handle_json(request)
            media_type_of(request)
            settings: GatewaySettings = request.app.state.settings
            body = await StrictRequest(request.scope, request.receive).body()
            fields = await run_sync(reader.read, content_type, body, request.scope["query_string"], settings)
            check_size(fields, settings)
            return await handle(_TableRequest(request, fields))

        return strict


class _TableRequest(Request):
    """A request whose table has been read: FastAPI sees the same fields that it would see in JSON."""

    def __init__(self, request: Request, fields: dict[str, Any]) -> None:
        others = [(name, value) for name, value in request.scope["headers"] if name != b"content-type"]
        super().__init__({**request.scope, "headers": [*others, (b"content-type", b"application/json")]})
        self._body, self._json = b"{}", fields


def _model_of(route: APIRoute) -> type[BaseModel]:
    if route.body_field is None:
        raise TypeError(f"{route.path} takes no body.")
    return cast("type[BaseModel]", route.body_field.field_info.annotation)


def check_size(body: Any, settings: GatewaySettings, pointer: str = "") -> None:
    """Refuse what would take long to refuse later: validation writes an error for every unknown field."""
    if not isinstance(body, dict):
        return
    if len(body) > MOST_FIELDS:
        raise TooManyFields(f"The body has {len(body)} fields; no request has so many.")
    for name, value in body.items():
        place = pointer_to((name,), pointer)
        if isinstance(value, dict):
            check_size(value, settings, place)
        elif isinstance(value, list | np.ndarray) and len(value) > settings.max_points:
            raise TooManyPoints(f"{len(value)} numbers; the limit is {settings.max_points}.", place)


def check_media_type(request: Request) -> None:
    """Raise `UnsupportedMediaType` unless the body says it is JSON in UTF-8."""
    kind = media_type_of(request)
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise UnsupportedMediaType("Send the body with the header Content-Type: application/json.")


def media_type_of(request: Request) -> str:
    """What the body says it is; raises `UnsupportedMediaType` unless that is in UTF-8."""
    media_type, _, parameters = request.headers.get("content-type", "").partition(";")
    for parameter in parameters.lower().replace('"', "").split(";"):
        if parameter.strip() not in _PARAMETERS:
            raise UnsupportedMediaType("Bodies are read as UTF-8, and no other parameter is known but header.")
    return media_type.strip().lower()
