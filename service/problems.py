"""Every error as a problem document (RFC 9457): the one table from errors to statuses, and the handlers."""

import logging
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from service.protection import protective_headers
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
_CHALLENGE = 'Bearer realm="minnorm"'


class GatewayError(Exception):
    """Base of what the gateway itself refuses; each takes one message and, if it has a place, a JSON pointer to it."""

    headers: ClassVar[Mapping[str, str]] = {}
    """What the answer says besides its body."""

    def __init__(self, message: str, pointer: str | None = None) -> None:
        super().__init__(message)
        self.pointer = pointer


_CLOSING = {"Connection": "close"}
"""The rest of a body that was refused half read would be taken for the next request."""


class UnsupportedMediaType(GatewayError):
    """The body is sent as something that is not read here."""


class UnsupportedEncoding(GatewayError):
    """The body is compressed in a way that is not read here."""

    headers: ClassVar[Mapping[str, str]] = {"Accept-Encoding": "gzip, zstd"}


class InvalidEncoding(GatewayError):
    """The body is not what its header Content-Encoding says, or not whole."""


class InvalidTable(GatewayError):
    """The body is not what its header Content-Type says, or not whole."""


class NotAcceptable(GatewayError):
    """Nothing that the header Accept names can be answered."""


class InputNotKept(GatewayError):
    """What is asked for needs the input of a job, which is gone."""


class InvalidJson(GatewayError):
    """The body is not JSON."""


class BodyTooLarge(GatewayError):
    """The body is longer than this service takes."""

    headers = _CLOSING


class BodyTooSlow(GatewayError):
    """The body does not arrive in time."""

    headers = _CLOSING


class TooManyFields(GatewayError):
    """An object has more fields than any request."""


class RepeatedName(GatewayError):
    """An object has two fields of one name."""


class InvalidHeader(GatewayError):
    """A header that cannot be understood, and must not be ignored."""


class JobNotFinished(GatewayError):
    """The result of a job that has not ended yet."""


class TooManyPoints(GatewayError):
    """A column is longer than this service takes."""


class NotAcceptable(GatewayError):
    """What is asked for is there, but in none of the media types that the caller takes."""


class NotDrawable(GatewayError):
    """There is no picture of this."""


class ProblemUnknown(GatewayError):
    """There is no page of that name."""


class Unauthenticated(GatewayError):
    """The request needs a key, and has none that is known."""

    def __init__(self, message: str, *, error: str = "") -> None:
        super().__init__(message)
        self.headers = {"WWW-Authenticate": f'{_CHALLENGE}, error="{error}"' if error else _CHALLENGE}


class Forbidden(GatewayError):
    """The key of the request is not good for this; takes the scopes of which one is needed."""

    def __init__(self, needed: Iterable[str], pointer: str | None = None) -> None:
        scopes = list(needed)
        super().__init__(f"The key lacks the scope {' or '.join(scopes)}.", pointer)
        challenge = f'{_CHALLENGE}, error="insufficient_scope", scope="{" ".join(scopes)}"'
        self.headers = {"WWW-Authenticate": challenge}


@dataclass(frozen=True)
class Kind:
    """A kind of problem: its page is `/problems/{slug}`."""

    slug: str
    title: str
    status: int
    explanation: str
    retryable: bool = False


def _mathematical(error: type[mathematics.MinnormError]) -> Kind:
    explanation = " ".join((error.__doc__ or "").split())
    return Kind(error.code, error.code.replace("-", " ").capitalize(), 422, explanation)


TOO_MANY_POINTS = Kind(
    "too-many-points",
    "Too many points",
    422,
    "A column is longer than the limit named in /v1/capabilities; or penalised biases without a skip connection need a "
    "cone program, for which there is a limit of its own. Data that turn to and fro often need none, and with a skip "
    "connection or with free biases every interpolation takes linear time. Of fits only those with squared loss, a "
    "skip connection and no shape need no cone program.",
)

KINDS: Mapping[type[Exception], Kind] = {
    **{error: _mathematical(error) for error in mathematics.MinnormError.__subclasses__()},
    mathematics.MinnormError: _mathematical(mathematics.MinnormError),
    mathematics.TooManyPoints: TOO_MANY_POINTS,
    RequestValidationError: Kind(
        "invalid-request",
        "Invalid request",
        422,
        "The body is JSON, but does not fit the schema: a field is missing, unknown, null, of the wrong type or out of "
        "range. Numbers must be JSON numbers and finite: no strings, booleans, NaN or infinities.",
    ),
    InvalidJson: Kind("invalid-json", "Invalid JSON", 400, "The body cannot be parsed as JSON in UTF-8."),
    UnsupportedMediaType: Kind(
        "unsupported-media-type",
        "Unsupported media type",
        415,
        "Send the body as application/json; kinds of problems that have points take them as text/csv, Arrow and "
        "Parquet as well.",
    ),
    UnsupportedEncoding: Kind(
        "unsupported-encoding",
        "Unsupported encoding",
        415,
        "Bodies are taken as they are, or compressed as the header Accept-Encoding of this answer says.",
    ),
    InvalidEncoding: Kind(
        "invalid-encoding",
        "Invalid encoding",
        400,
        "The body cannot be decompressed as its header Content-Encoding says: it is something else, damaged or cut.",
    ),
    InvalidTable: Kind(
        "invalid-table",
        "Invalid table",
        400,
        "The body cannot be read as its header Content-Type says: it is something else, damaged or cut.",
    ),
    NotAcceptable: Kind(
        "not-acceptable",
        "Not acceptable",
        406,
        "The answer cannot be given in any of the media types that the header Accept names.",
    ),
    InputNotKept: Kind(
        "input-not-kept",
        "Input not kept",
        410,
        "The problem that led to this result is no longer there, and what was asked for cannot be made without it.",
    ),
    BodyTooLarge: Kind(
        "body-too-large",
        "Body too large",
        413,
        "The body is longer than the limit named in /v1/capabilities.",
    ),
    BodyTooSlow: Kind("body-too-slow", "Body too slow", 408, "The body did not arrive in time.", retryable=True),
    TooManyPoints: TOO_MANY_POINTS,
    TooManyFields: Kind(
        "too-many-fields", "Too many fields", 422, "An object in the body has more fields than any request has."
    ),
    RepeatedName: Kind(
        "repeated-name",
        "Repeated name",
        422,
        "An object in the body has two fields of one name. Which of them is meant, nobody can say.",
    ),
    InvalidHeader: Kind("invalid-header", "Invalid header", 400, "A header of the request cannot be understood."),
    JobNotFinished: Kind(
        "job-not-finished",
        "Job not finished",
        409,
        "The job has no result yet; ask again later.",
        retryable=True,
    ),
    Unauthenticated: Kind(
        "unauthenticated",
        "Unauthenticated",
        401,
        "This service asks who calls. Send the header `Authorization: Bearer` with a key that its operator has issued.",
    ),
    Forbidden: Kind(
        "forbidden", "Forbidden", 403, "The key is known, but not good for this request: it lacks a scope."
    ),
    NotAcceptable: Kind(
        "not-acceptable", "Not acceptable", 406, "The header Accept names no media type that this is offered in."
    ),
    NotDrawable: Kind(
        "not-drawable",
        "Not drawable",
        422,
        "There is no picture of this result: it has no function, its numbers do not fit in a drawing, or it has no "
        "such frame.",
    ),
    ProblemUnknown: Kind("not-found", "Not found", 404, "There is nothing at this address."),
    ledger.JobUnknown: Kind("job-unknown", "Job unknown", 404, "There is no job of that id."),
    ledger.JobExpired: Kind(
        "job-expired",
        "Job expired",
        410,
        "The job has ended, and its result has been removed after its retention.",
    ),
    ledger.ResultUnknown: Kind(
        "result-unknown",
        "Result unknown",
        404,
        "No job that is kept has a result of that digest. What was answered at once is kept nowhere.",
    ),
    ledger.JobBusy: Kind(
        "job-busy",
        "Job busy",
        409,
        "The job or batch has not ended, and what is asked for needs that: cancel it first, or wait.",
        retryable=True,
    ),
    ledger.JobSucceeded: Kind(
        "job-succeeded", "Job succeeded", 409, "The job or batch has succeeded, so that there is nothing to do again."
    ),
    ledger.KeyReused: Kind(
        "idempotency-key-reused",
        "Idempotency key reused",
        422,
        "The header Idempotency-Key was sent before with another request. Use a new key for each piece of work.",
    ),
    ledger.QuotaExceeded: Kind(
        "quota-exceeded",
        "Quota exceeded",
        429,
        "This caller has as much unfinished work as one caller may have. `Retry-After` estimates when there is place.",
        retryable=True,
    ),
    ledger.LedgerFull: Kind(
        "queue-full",
        "Queue full",
        503,
        "The queue has no room for this work and its result. Work that ends, and results that expire, make room: "
        "`Retry-After` estimates when. Small problems are still solved.",
        retryable=True,
    ),
    ledger.LedgerUnavailable: Kind(
        "queue-unavailable",
        "Queue unavailable",
        503,
        "The queue takes no jobs and gives no answers at the moment. Small problems are still solved.",
        retryable=True,
    ),
}

RATE_LIMITED = Kind(
    "rate-limited",
    "Rate limited",
    429,
    "This caller sends requests faster than one caller may. The headers RateLimit and RateLimit-Policy tell the limit.",
    retryable=True,
)
HTTP_KINDS: Mapping[int, Kind] = {
    404: KINDS[ProblemUnknown],
    405: Kind("method-not-allowed", "Method not allowed", 405, "See the header Allow."),
}
INTERNAL = Kind("internal-error", "Internal error", 500, "A defect of this service; it has been logged.")
CANCELED = Kind("canceled", "Canceled", 409, "The job was cancelled before it had a result.")
EXPIRED = Kind("expired", "Expired", 409, "The job had no result when its deadline (Cancel-After) passed.")
WORKER_LOST = Kind("worker-lost", "Worker lost", 500, "The process that computed the job died each time it was tried.")
MEMORY_LIMIT = Kind("memory-limit", "Memory limit", 500, "The job needed more memory than it may have.")
TIME_LIMIT = Kind("time-limit", "Time limit", 409, "The job had no result when its time limit was over.")
DUPLICATE = Kind(
    "duplicate-custom-id",
    "Duplicate custom_id",
    422,
    "An earlier item of the batch has the same custom_id. That one counts.",
)

ENDINGS = (INTERNAL, WORKER_LOST, TIME_LIMIT, MEMORY_LIMIT, CANCELED, EXPIRED)
"""How jobs end without a result, besides mathematical reasons."""
PAGES: Mapping[str, Kind] = {
    kind.slug: kind for kind in (*KINDS.values(), *HTTP_KINDS.values(), RATE_LIMITED, DUPLICATE, *ENDINGS)
}


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
    protective = protective_headers(request.url.path, request.app.state.settings.behind_tls)
    headers = {name.decode(): value.decode() for name, value in protective}
    headers["X-Request-ID"] = request.scope.get("state", {}).get("request_id", "")
    return document(request, INTERNAL, INTERNAL.explanation, headers=headers)


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
