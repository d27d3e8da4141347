"""The headers of a request and of its answer.

Those of the request are decoded once: they are looked at from many places, and most of them are not there.
"""

from typing import Any

from starlette.types import Scope

_KEPT = "headers"
_ADDED = "added"

RawHeaders = list[tuple[bytes, bytes]]


def state_of(scope: Scope) -> dict[str, Any]:
    """What is noted about a request."""
    found: dict[str, Any] = scope.setdefault("state", {})
    return found


def added_to(scope: Scope) -> RawHeaders:
    """What the answer to a request says in its headers besides its own, whatever it is; to be added to."""
    found: RawHeaders = state_of(scope).setdefault(_ADDED, [])
    return found


def headers_of(scope: Scope) -> dict[str, str]:
    """By their names in small letters; of several with one name, the first."""
    try:
        found: dict[str, str] = scope["state"][_KEPT]
    except KeyError:
        found = {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(scope["headers"])}
        state_of(scope)[_KEPT] = found
    return found
