"""The terms on which a request is made: who asks, how he wants to be answered, how long he is interested."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from starlette.types import Scope

from service.headers import headers_of, state_of
from service.preferences import Preference
from service.refusals import InvalidHeader
from workers.immutable import immutable
from workers.records import NOWHERE, Origin

LONGEST_HEADER = 255
DURATION = r"(?=[0.]*[1-9])(\d{1,9}(?:\.\d{1,6})?) ?(ms|s|m|h|d)?"
"""A positive number of seconds, or of a unit."""
_SECONDS = {"ms": 1e-3, None: 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


@immutable
class Terms:
    """What the headers of a request say besides its body."""

    caller: str
    preference: Preference
    idempotency_key: str = ""
    share: bool = True
    """Whether an answer from before will do."""
    cancel_after_s: float | None = None
    time_limit_s: float | None = None
    metadata: dict[str, str] | None = None
    origin: Origin = NOWHERE
    """What a worker is told of this request."""

    @property
    def at_once(self) -> bool:
        """Whether an immediate answer is welcome; what can be cancelled by time is a job."""
        return self.preference.at_once and self.cancel_after_s is None


def terms_of(headers: Mapping[str, str], caller: str, preference: Preference, origin: Origin) -> Terms:
    """Read the headers. Raises `InvalidHeader`."""
    key, after = headers.get("idempotency-key", ""), headers.get("cancel-after")
    if len(key) > LONGEST_HEADER:
        raise InvalidHeader(f"Idempotency-Key: at most {LONGEST_HEADER} characters.")
    share = "no-cache" not in headers.get("cache-control", "").lower()
    cancel_after_s = None if after is None else _patience(after)
    return Terms(caller, preference, key, share, cancel_after_s, origin=origin)


def caller_of(scope: Scope) -> str:
    """Who is served in turn with others and has a quota: a key's id; without authentication a digest.

    It is one of the header `Authorization`, whatever that says, or else of the address.
    """
    state = state_of(scope)
    if "caller" not in state:  # the admission has asked before
        host, _ = scope.get("client") or ("", 0)
        state["caller"] = _digest(headers_of(scope).get("authorization") or host)
    return str(state["caller"])


@lru_cache(1_000)
def _digest(who: str) -> str:
    return hashlib.blake2b(who.encode(errors="replace"), digest_size=8).hexdigest()


def with_options(terms: Terms, options: dict[str, Any]) -> Terms:
    """Terms with what the body says about them."""
    return replace(terms, **options) if options else terms


def duration_s(value: str) -> float | None:
    """Seconds that a text means, `90`, `500ms`, `5m`, `90d`; None if it means none, or no time at all."""
    found = re.fullmatch(DURATION, value.strip().lower())
    return float(found[1]) * _SECONDS[found[2]] if found else None


def _patience(value: str) -> float:
    seconds = duration_s(value)
    if seconds is None:
        raise InvalidHeader("Cancel-After: a positive number of seconds, or with a unit: 500ms, 30s, 5m, 1h.")
    return seconds
