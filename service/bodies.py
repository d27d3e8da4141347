"""How a JSON body is read: strictly, fast, and with an error that names the place."""

import json
from collections.abc import Callable, Coroutine
from typing import Any

import orjson
from fastapi import Request, Response
from fastapi.routing import APIRoute

from service.problems import InvalidJson, UnsupportedMediaType


class StrictRequest(Request):
    """A request whose `json()` is strict JSON in UTF-8."""

    async def json(self) -> Any:
        """The parsed body.

        NaN, infinities and numbers beyond the doubles are no JSON, but it is kinder to say where they are: then the
        lenient parser takes them in, and validation refuses them by place (422). What neither takes is a 400.
        """
        body = await self.body()
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as strict:
            try:
                return json.loads(body)
            except (ValueError, RecursionError):
                raise InvalidJson(f"The body is not JSON: {strict}.") from None


class JsonRoute(APIRoute):
    """A route that takes `application/json`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler behind the check of the media type."""
        handle = super().get_route_handler()
        has_body = self.body_field is not None

        async def strict(request: Request) -> Response:
            if has_body:
                check_media_type(request)
            return await handle(StrictRequest(request.scope, request.receive))

        return strict


def check_media_type(request: Request) -> None:
    """Raise `UnsupportedMediaType` unless the body says it is JSON in UTF-8, uncompressed."""
    media_type, _, parameters = request.headers.get("content-type", "").partition(";")
    kind = media_type.strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise UnsupportedMediaType("Send the body with the header Content-Type: application/json.")
    charset = parameters.strip().lower().replace('"', "")
    if charset and charset not in ("charset=utf-8", "charset=utf8"):
        raise UnsupportedMediaType("JSON bodies are read as UTF-8.")
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise UnsupportedMediaType("Compressed bodies are not taken; send the body as it is.")
