"""Every error as a problem document (RFC 9457)."""

import logging
import math
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from service.kinds import CANCELED, EXPIRED, HTTP_KINDS, INTERNAL, KINDS, PAGES, Kind
from service.protection import protective_headers
from service.refusals import GatewayError
from service.settings import GatewaySettings
from workers import errors as ledger
from workers.minnorm import errors as mathematics

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
MOST_ERRORS = 20
LONGEST_RETRY_S = 3600
LONGEST_ECHO = 200
"""Characters of a caller's own text (a path, a field's name) that an answer repeats at most."""


def document(
    request: Request, kind: Kind, detail: str, errors: Iterable[Mapping[str, str]] = (), headers: Any = None
) -> Response:
    """The response that tells of a problem."""
    asked = {
        "instance": request.url.path[:LONGEST_ECHO],
        "request_id": request.scope.get("state", {}).get("request_id", ""),
    }
    body = orjson.dumps(problem_fields(kind, detail, errors) | asked)
    return Response(body, status_code=kind.status, media_type=MEDIA_TYPE, headers=headers)


def problem_fields(kind: Kind, detail: str, errors: Iterable[Mapping[str, str]] = ()) -> dict[str, Any]:
    """What a problem document says of the problem itself, whatever request it belongs to."""
    listed = list(errors)[:MOST_ERRORS]
    fields = {
        "type": f"/problems/{kind.slug}",
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        "retryable": kind.retryable,
    }
    return fields | ({"errors": listed} if listed else {})


def job_failure(request: Request, code: str, detail: str, pointer: str) -> Response:
    """The problem in which a job ended."""
    kind = PAGES.get(code, INTERNAL)
    return document(request, kind, detail, [{"pointer": pointer, "code": code, "detail": detail}])


def job_ended(request: Request, state: str) -> Response:
    """The problem that a job has no result because it was cancelled or has expired."""
    kind = {"canceled": CANCELED, "expired": EXPIRED}[state]
    return document(request, kind, kind.explanation)


def _kind_of(error: Exception) -> Kind:
    return next(KINDS[kind] for kind in type(error).__mro__ if kind in KINDS)


async def _named_error(request: Request, error: Exception) -> Response:
    kind = _kind_of(error)
    pointer = getattr(error, "pointer", None)
    items = [] if pointer is None else [{"pointer": pointer, "code": kind.slug, "detail": str(error)}]
    return document(request, kind, str(error), items, getattr(error, "headers", None))


async def _validation_error(request: Request, error: RequestValidationError) -> Response:
    # Only place, kind and message: pydantic's own report echoes the input.
    items = [
        {"pointer": pointer_to(found["loc"][1:]), "code": str(found["type"]), "detail": str(found["msg"])}
        for found in error.errors()[:MOST_ERRORS]
    ]
    where = items[0]["pointer"] or "the body"
    return document(request, KINDS[RequestValidationError], f"{where}: {items[0]['detail']}", items)


def pointer_to(location: Iterable[int | str], start: str = "") -> str:
    """JSON pointer to a place below `start`. Names are the caller's own text, which need not be proper Unicode."""
    names = (str(part)[:LONGEST_ECHO].encode(errors="replace").decode() for part in location)
    return start + "".join("/" + name.replace("~", "~0").replace("/", "~1") for name in names)


async def _http_error(request: Request, error: HTTPException) -> Response:
    kind = HTTP_KINDS.get(error.status_code) or Kind(
        f"http-{error.status_code}", str(error.detail), error.status_code, ""
    )
    headers = {"Allow": _methods(request)} if error.status_code == 405 else error.headers
    return document(request, kind, kind.explanation or str(error.detail), headers=headers)


def _methods(request: Request) -> str:
    """All methods of a path: each of its routes knows its own only."""
    scopes = {method: {**request.scope, "method": method} for method in METHODS}
    return ", ".join(
        method
        for method, scope in scopes.items()
        if any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)
    )


async def _internal_error(request: Request, error: Exception) -> Response:
    logger.error("Unexpected error at %s", request.url.path, exc_info=error)
    # Starlette answers this one outside all middleware, so what that adds is told here.
    protective = protective_headers(request.method, request.url.path, request.app.state.settings.behind_tls)
    headers = {name.decode(): value.decode() for name, value in protective.items()}
    headers["X-Request-ID"] = request.scope.get("state", {}).get("request_id", "")
    return document(request, INTERNAL, INTERNAL.explanation, headers=headers)


EXPECTED = (mathematics.MinnormError, GatewayError, ledger.LedgerError, RequestValidationError, HTTPException)
"""What is wrong with a request, or with the queue. Everything else is a defect."""


async def answer(request: Request, error: Exception) -> Response:
    """The response to an error that a middleware has met: outside of routes nobody else gives one."""
    handlers = request.app.exception_handlers
    handler = next(handlers[kind] for kind in type(error).__mro__ if kind in handlers)
    found: Response = await handler(request, error)
    return found


def install(app: FastAPI, settings: GatewaySettings) -> None:
    """Make every error of the app a problem document."""

    async def unavailable(request: Request, error: Exception) -> Response:
        logger.warning("Queue unavailable: %s", error)
        kind = _kind_of(error)
        request.app.state.metrics.refused.labels(kind.slug).inc()
        return document(request, kind, kind.explanation, headers={"Retry-After": str(settings.retry_after_s)})

    async def no_place(request: Request, error: ledger.NoPlace) -> Response:
        kind = _kind_of(error)
        request.app.state.metrics.refused.labels(kind.slug).inc()
        wait = str(min(max(math.ceil(error.retry_after_s), 1), LONGEST_RETRY_S))
        return document(request, kind, str(error), headers={"Retry-After": wait})

    handlers: Mapping[type[Exception], Any] = {
        mathematics.MinnormError: _named_error,
        GatewayError: _named_error,
        ledger.LedgerError: _named_error,
        ledger.LedgerUnavailable: unavailable,
        ledger.NoPlace: no_place,
        RequestValidationError: _validation_error,
        HTTPException: _http_error,
        Exception: _internal_error,
    }
    for error, handler in handlers.items():
        app.add_exception_handler(error, handler)
