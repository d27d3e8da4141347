"""How often a caller may ask: a bucket of tokens a caller, told in the headers of the IETF draft.

Draft: RateLimit header fields for HTTP (draft-ietf-httpapi-ratelimit-headers). The buckets are this process's own, so
that an answer at once needs no Redis; with several gateways each grants the whole limit.
"""

import math
from dataclasses import dataclass, field
from functools import lru_cache

from starlette.requests import Request
from starlette.responses import Response

from service.headers import RawHeaders
from service.kinds import RATE_LIMITED
from service.problems import document

POLICY = b"default"
MOST_CALLERS = 10_000
"""So many buckets are kept; then the full ones are forgotten, which changes nothing for their callers."""


@dataclass
class Buckets:
    """Holds `quota` tokens a caller, or his own number of them, filled again within `window_s`."""

    quota: int
    window_s: float
    _levels: dict[str, tuple[float, float]] = field(default_factory=dict)

    def take(self, caller: str, now_s: float, quota: int | None = None) -> float:
        """Take a token. What is left then; negative if there was none."""
        quota = quota or self.quota
        level, at = self._levels.get(caller, (float(quota), now_s))
        left = min(level + (now_s - at) * quota / self.window_s, quota) - 1.0
        if left < 0.0:
            return left
        if len(self._levels) >= MOST_CALLERS:
            self._forget(now_s)
        self._levels[caller] = (left, now_s)
        return left

    def seconds_until(self, tokens: float, quota: int | None = None) -> int:
        """How long so many tokens take to come."""
        return math.ceil(tokens * self.window_s / (quota or self.quota))

    def _forget(self, now_s: float) -> None:
        fresh = now_s - self.window_s
        self._levels = {caller: (level, at) for caller, (level, at) in self._levels.items() if at > fresh}


class Limits(Buckets):
    """Buckets that tell callers what is left."""

    def told(self, left: float, quota: int | None) -> RawHeaders:
        """The headers."""
        policy, next_s = _policy(quota or self.quota, self.window_s)
        if left < 0.0:
            left, next_s = 0.0, self.seconds_until(1.0 - left, quota)
        return [policy, (b"ratelimit", b'"%b";r=%d;t=%d' % (POLICY, left, next_s))]

    def refusal(self, request: Request, left: float, quota: int | None) -> Response:
        """What is told who has no token left."""
        headers = {"Retry-After": str(max(self.seconds_until(-left, quota), 1))}
        return document(request, RATE_LIMITED, RATE_LIMITED.explanation, headers=headers)


@lru_cache
def _policy(quota: int, window_s: float) -> tuple[tuple[bytes, bytes], int]:
    """The header that tells of the policy, and in how many seconds a token comes."""
    return (b"ratelimit-policy", b'"%b";q=%d;w=%g' % (POLICY, quota, window_s)), math.ceil(window_s / quota)
