"""How a body is read: bounded, strictly, fast, and with an error that names the place."""

import asyncio
from typing import Any

import numpy as np
from anyio.to_thread import run_sync
from fastapi import Request
from starlette.requests import ClientDisconnect

from service.formats import encodings
from service.headers import headers_of
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
            encoding = encodings.encoding_of(headers_of(self.scope).get("content-encoding", ""))
            body = await self._arrived(settings)
            if encoding is not None:
                body = await run_sync(encodings.decoded, body, encoding, settings.max_body_bytes)
            self._body = body
        return self._body

    async def _arrived(self, settings: GatewaySettings) -> bytes:
        try:
            async with asyncio.timeout(settings.body_timeout_s):
                return await self._read(settings.max_body_bytes)
        except ClientDisconnect:
            raise InvalidJson("The connection ended before the body did.") from None
        except TimeoutError:
            raise BodyTooSlow(f"The body took longer than {settings.body_timeout_s:g} s.") from None

    async def _read(self, limit: int) -> bytes:
        declared = headers_of(self.scope).get("content-length", "")
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
            self._body = b""
        return self._json


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
    media_type, _, parameters = headers_of(request.scope).get("content-type", "").partition(";")
    for parameter in parameters.lower().replace('"', "").split(";"):
        if parameter.strip() not in _PARAMETERS:
            raise UnsupportedMediaType("Bodies are read as UTF-8, and no other parameter is known but header.")
    return media_type.strip().lower()
