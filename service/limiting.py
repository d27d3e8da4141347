"""How often a caller may ask: a bucket of tokens a caller, told in the headers of the IETF draft.

Draft: RateLimit header fields for HTTP (draft-ietf-httpapi-ratelimit-headers). The buckets are this process's own, so
that an answer at once needs no Redis; with several gateways each grants the whole limit.
"""

import math
import time
from dataclasses import dataclass, field

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.problems import RATE_LIMITED, document
from service.settings import GatewaySettings
from service.terms import caller_of

POLICY = "default"
MOST_CALLERS = 10_000
"""So many buckets are kept; then the full ones are forgotten, which changes nothing for their callers."""


@dataclass
class Buckets:
    """Holds `quota` tokens a caller, filled again within `window_s`."""

    quota: int
    window_s: float
    _levels: dict[str, tuple[float, float]] = field(default_factory=dict)

    def take(self, caller: str, now_s: float) -> float:
        """Take a token. What is left then; negative if there was none."""
        level, at = self._levels.get(caller, (float(self.quota), now_s))
        left = min(level + (now_s - at) * self.quota / self.window_s, self.quota) - 1.0
        if left < 0.0:
            return left
        if len(self._levels) >= MOST_CALLERS:
            self._forget(now_s)
        self._levels[caller] = (left, now_s)
        return left

    def seconds_until(self, tokens: float) -> int:
        """How long so many tokens take to come."""
        return math.ceil(tokens * self.window_s / self.quota)

    def _forget(self, now_s: float) -> None:
        fresh = now_s - self.window_s
        self._levels = {caller: (level, at) for caller, (level, at) in self._levels.items() if at > fresh}


class RateLimits:
    """Refuses a POST whose caller has no token left; all others go on, and learn what is left."""

    def __init__(self, app: ASGIApp, settings: GatewaySettings) -> None:
        self._app = app
        self._buckets = Buckets(settings.rate_limit, settings.rate_window_s)
        self._policy = f'"{POLICY}";q={settings.rate_limit};w={settings.rate_window_s:g}'

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        left = self._buckets.take(caller_of(request), time.monotonic())

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message["headers"])
                headers["RateLimit-Policy"] = self._policy
                until = self._buckets.seconds_until(1.0 - left if left < 0 else 1.0)
                headers["RateLimit"] = f'"{POLICY}";r={max(math.floor(left), 0)};t={until}'
            await send(message)

        if left < 0.0:
            headers = {"Retry-After": str(max(self._buckets.seconds_until(-left), 1))}
            await document(request, RATE_LIMITED, RATE_LIMITED.explanation, headers=headers)(scope, receive, tell)
            return
        await self._app(scope, receive, tell)
