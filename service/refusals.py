"""What the gateway itself refuses. What is wrong with numbers is in the mathematics, what with jobs in the ledger."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

_CHALLENGE = 'Bearer realm="minnorm"'


def invalid(error: ValidationError, part: str) -> RequestValidationError:
    """What refuses a request because of something in its `part`: `body` or `query`. Nothing of the input is in it."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return RequestValidationError([{**one, "loc": (part, *one["loc"])} for one in found])


class GatewayError(Exception):
    """Base of what the gateway itself refuses; each takes one message and, if it has a place, a JSON pointer to it."""

    headers: Mapping[str, str] = MappingProxyType({})
    """What the answer says besides its body."""

    def __init__(self, message: str, pointer: str | None = None) -> None:
        super().__init__(message)
        self.pointer = pointer


_CLOSING = MappingProxyType({"Connection": "close"})
"""The rest of a body that was refused half read would be taken for the next request."""


class UnsupportedMediaType(GatewayError):
    """The body is sent as something that is not read here."""


class UnsupportedEncoding(GatewayError):
    """The body is compressed in a way that is not read here."""

    headers = MappingProxyType({"Accept-Encoding": "gzip, zstd"})


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


class TooManyLevels(GatewayError):
    """The body has more objects and lists within each other than any request."""


class RepeatedName(GatewayError):
    """An object has two fields of one name."""


class InvalidHeader(GatewayError):
    """A header that cannot be understood, and must not be ignored."""


class JobNotFinished(GatewayError):
    """The result of a job that has not ended yet."""


class TooManyPoints(GatewayError):
    """A column is longer than this service takes."""


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
