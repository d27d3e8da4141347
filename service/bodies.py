"""How a body is read: bounded, strictly, fast, and with an error that names the place."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from anyio.to_thread import run_sync
from fastapi import Request

from service.formats import encodings
from service.formats.media import JSON
from service.gathering import RawBody, gathering_of
from service.headers import headers_of
from service.parsing import parse
from service.patience import within
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
SHORT_BYTES = 2**19
"""Up to so much is parsed on the event loop, in a ms or two; more holds nobody up but its caller."""
_COLUMNS = (list, np.ndarray)


async def body_of(request: Request) -> RawBody:
    """The whole body, decompressed, bounded in size and time.

    Raises `BodyTooLarge`, also when it is chunked or compressed, `BodyTooSlow`, `InvalidJson` when it is not whole.
    Starlette's own limit answers in plain text, so it is not used.
    """
    settings: GatewaySettings = request.app.state.settings
    headers = headers_of(request.scope)
    encoding = encodings.encoding_of(headers.get("content-encoding", ""))
    length = _declared_length(headers)
    if length is not None and length > settings.max_body_bytes:
        raise _too_large(settings)
    try:
        body = await within(settings.body_timeout_s, _read(request, length, settings))
    except TimeoutError:
        raise BodyTooSlow(f"The body took longer than {settings.body_timeout_s:g} s.") from None
    return body if encoding is None else await run_sync(encodings.decoded, body, encoding, settings.max_body_bytes)


async def json_of(request: Request) -> Any:
    """The body, which has to be strict JSON in UTF-8; None if it is empty. What is parsed is not kept as text."""
    body, most_levels = await body_of(request), request.app.state.settings.max_levels
    if len(body) <= SHORT_BYTES:
        return parse(body, most_levels, MOST_COLONS)
    return await run_sync(parse, body, most_levels, MOST_COLONS)


def _declared_length(headers: Mapping[str, str]) -> int | None:
    """What `Content-Length` says, where that counts: beside `Transfer-Encoding` it does not (RFC 9112, 6.3)."""
    declared = headers.get("content-length", "")
    return int(declared) if declared.isdecimal() and "transfer-encoding" not in headers else None


async def _read(request: Request, length: int | None, settings: GatewaySettings) -> RawBody:
    # Not by Starlette's stream, which takes twice as long for the one message of a small body.
    gathering, size, ended = gathering_of(length), 0, False
    while not ended:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise InvalidJson("The connection ended before the body did.")
        part = message.get("body", b"")
        size += len(part)
        if size > settings.max_body_bytes:
            raise _too_large(settings)
        gathering.add(part)
        ended = not message.get("more_body", False)
    return gathering.whole()


def _too_large(settings: GatewaySettings) -> BodyTooLarge:
    return BodyTooLarge(f"The body is longer than {settings.max_body_bytes} bytes.")


def check_size(body: Any, settings: GatewaySettings, pointer: str = "") -> None:
    """Refuse columns that are too long, and objects with so many fields that validation would write errors for long."""
    if not isinstance(body, dict):
        return
    if len(body) > MOST_FIELDS:
        raise TooManyFields(f"The body has {len(body)} fields; no request has so many.")
    for name, value in body.items():
        if type(value) in _COLUMNS:
            _check_column(value, settings, pointer, (name,))
        elif type(value) is dict:
            check_size(value, settings, pointer_to((name,), pointer))


def _check_column(column: Any, settings: GatewaySettings, pointer: str, place: tuple[str | int, ...]) -> None:
    """Refuse a column that is too long, or one of columns; deeper there are none in any request."""
    if len(column) > settings.max_points:
        message = f"{len(column)} numbers; the limit is {settings.max_points}."
        raise TooManyPoints(message, pointer_to(place, pointer))
    if len(place) == 1 and len(column) and type(column[0]) in _COLUMNS:
        for row, each in enumerate(column):
            if type(each) in _COLUMNS:
                _check_column(each, settings, pointer, (*place, row))


def check_media_type(request: Request) -> None:
    """Raise `UnsupportedMediaType` unless the body says it is JSON in UTF-8."""
    kind = media_type_of(request)
    if kind != JSON and not (kind.startswith("application/") and kind.endswith("+json")):
        raise UnsupportedMediaType("Send the body with the header Content-Type: application/json.")


def media_type_of(request: Request) -> str:
    """What the body says it is; raises `UnsupportedMediaType` unless that is in UTF-8."""
    media_type, _, parameters = headers_of(request.scope).get("content-type", "").partition(";")
    for parameter in parameters.lower().replace('"', "").split(";"):
        if parameter.strip() not in _PARAMETERS:
            raise UnsupportedMediaType("Bodies are read as UTF-8, and no other parameter is known but header.")
    return media_type.strip().lower()
