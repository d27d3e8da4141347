"""The headers of a request, decoded once: they are looked at from many places, and most of them are not there."""

from typing import Any

from starlette.types import Scope

_KEPT = "headers"


def state_of(scope: Scope) -> dict[str, Any]:
    """What is noted about a request."""
    found: dict[str, Any] = scope.setdefault("state", {})
    return found


def headers_of(scope: Scope) -> dict[str, str]:
    """By their names in small letters; of several with one name, the first."""
    state = state_of(scope)
    if _KEPT not in state:
        state[_KEPT] = {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(scope["headers"])}
    found: dict[str, str] = state[_KEPT]
    return found
