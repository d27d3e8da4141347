"""The one table from errors to kinds of problems, and so to statuses and pages."""

from collections.abc import Mapping

from fastapi.exceptions import RequestValidationError

from service.refusals import (
    BodyTooLarge,
    BodyTooSlow,
    Forbidden,
    InputNotKept,
    InvalidEncoding,
    InvalidHeader,
    InvalidJson,
    InvalidTable,
    JobNotFinished,
    NotAcceptable,
    NotDrawable,
    ProblemUnknown,
    RepeatedName,
    TooManyFields,
    TooManyLevels,
    TooManyPoints,
    Unauthenticated,
    UnsupportedEncoding,
    UnsupportedMediaType,
)
from workers import errors as ledger
from workers.immutable import immutable
from workers.minnorm import errors as mathematics


@immutable
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
    TooManyLevels: Kind(
        "too-many-levels",
        "Too many levels",
        422,
        "The body has objects and lists within each other to more levels than the limit named in /v1/capabilities.",
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
