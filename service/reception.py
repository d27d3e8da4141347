"""What every request gets, whatever it asks for: a name, protective headers, a place in the figures and in the log."""

import logging
import re
import time
from random import getrandbits

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.headers import RawHeaders, added_to, headers_of, state_of
from service.metrics import Metrics
from service.protection import missing
from service.settings import GatewaySettings
from workers import tracing

UNKNOWN = "(none)"
"""The route of a request that was refused before it had one, or has none: any number of paths, one label."""
_SENSIBLE = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_WORK = re.compile(rb"/v1/(?:jobs|batches)/([a-z]+_[0-9a-f]{32})")

logger = logging.getLogger(__name__)


class Reception:
    """Middleware; plain ASGI, since it runs for every request, and one for all of this, since each layer costs."""

    def __init__(self, app: ASGIApp, settings: GatewaySettings, metrics: Metrics) -> None:
        self._app = app
        self._behind_tls = settings.behind_tls
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = headers_of(scope).get("x-request-id")
        request_id = given if given and _SENSIBLE.fullmatch(given) else f"{getrandbits(128):032x}"  # a name, no secret
        state_of(scope)["request_id"] = request_id
        added = added_to(scope)
        added.append((b"x-request-id", request_id.encode()))
        status, headers = 500, added  # what a failure ends in

        async def tell(message: Message) -> None:
            nonlocal status, headers
            if message["type"] == "http.response.start":
                own = message.get("headers", ())
                status, headers = message["status"], [*own, *added]
                headers += missing(scope["method"], scope["path"], self._behind_tls, own)
                message["headers"] = headers
            await send(message)

        began = time.perf_counter()
        with tracing.span(scope["method"], "server", _parent_of(scope)):
            try:
                await self._app(scope, receive, tell)
            finally:
                self._note(scope, status, headers, time.perf_counter() - began)

    def _note(self, scope: Scope, status: int, headers: RawHeaders, seconds: float) -> None:
        method, route = scope["method"], template_of(scope)
        self._metrics.observe(method, route, status, seconds)
        if tracing.is_on():
            facts = {"http.request.method": method, "http.route": route, "http.response.status_code": status}
            tracing.note(facts | {"minnorm.request_id": scope["state"]["request_id"]}, f"{method} {route}")
        if logger.isEnabledFor(logging.INFO):
            fields = {
                "request_id": scope["state"]["request_id"],
                "method": method,
                "route": route,
                "status": status,
                "duration_ms": round(seconds * 1e3, 3),
                "caller": scope["state"].get("caller", ""),
                "job_id": _work_of(scope, headers),
            }
            logger.info("%s %s %s", method, route, status, extra={"fields": fields})


def template_of(scope: Scope) -> str:
    """The path of the route that a request has come to, with the names of its parameters; `UNKNOWN` if none."""
    route = scope.get("route")
    if route is not None:
        return str(route.path)
    mounted = "app_root_path" in scope
    return str(scope["root_path"]) if mounted else UNKNOWN


def _parent_of(scope: Scope) -> str:
    """The span of the caller, if it names one and is asked for it; what is none is ignored."""
    if not tracing.is_on():
        return ""
    return headers_of(scope).get("traceparent", "")


def _work_of(scope: Scope, headers: RawHeaders) -> str:
    """Id of the job or batch that a request has made or asks for; an unknown one is a caller's own text."""
    where = next((value for name, value in headers if name == b"location"), scope["path"].encode(errors="replace"))
    found = _WORK.match(where)
    return found[1].decode() if found else ""
