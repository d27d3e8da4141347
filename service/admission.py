"""Who asks, may he, and not too often: before anything else is done for a request."""

import time

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from service import problems
from service.headers import added_to, headers_of, state_of
from service.known_keys import KnownKeys
from service.limiting import Limits
from service.queueing import Queue
from service.refusals import Forbidden, Unauthenticated
from service.scopes import scopes_for
from service.settings import GatewaySettings
from service.terms import caller_of
from workers.errors import LedgerUnavailable

MISSING = "Send the header Authorization: Bearer, with a key."


class Admission:
    """Middleware; plain ASGI, since it runs for every request.

    What it learns is in the state of the request: `caller`, and with authentication on the `scopes` of its key.
    """

    def __init__(self, app: ASGIApp, settings: GatewaySettings, queue: Queue) -> None:
        self._app = app
        self._keys = KnownKeys(queue.key, settings) if settings.authentication == "on" else None
        self._limits = Limits(settings.rate_limit, settings.rate_window_s)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            quota = None if self._keys is None else await self._admitted(scope, self._keys)
        except (Unauthenticated, Forbidden, LedgerUnavailable) as error:
            await (await problems.answer(Request(scope, receive), error))(scope, receive, send)
            return
        if scope["method"] == "POST":
            left = self._limits.take(caller_of(scope), time.monotonic(), quota)
            added_to(scope).extend(self._limits.told(left, quota))
            if left < 0.0:
                await self._limits.refusal(Request(scope, receive), left, quota)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _admitted(self, scope: Scope, keys: KnownKeys) -> int | None:
        """The caller's own rate limit, if he has one. Raises what refuses him."""
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        needed = scopes_for(scope["method"], path)
        if not needed:
            return None
        scheme, _, presented = headers_of(scope).get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthenticated(MISSING)
        record = await keys.opened_by(presented.strip())
        if needed.isdisjoint(record.scopes):
            raise Forbidden(sorted(needed))
        state_of(scope).update(caller=record.id, scopes=record.scopes)
        return record.rate
