"""Routes whose body is a problem: how they come from a request to their endpoint."""

from collections.abc import Callable, Coroutine, Iterable
from typing import Any, cast

from anyio.to_thread import run_sync
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from service import problems
from service.bodies import StrictRequest, check_media_type, check_size, media_type_of
from service.formats.media import TABLES
from service.formats.reading import TableReader
from service.headers import headers_of
from service.settings import GatewaySettings
from service.wiring import call_of

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

_MISSING = {"type": "missing", "loc": ("body",), "msg": "Field required", "input": None}


class JsonRoute(APIRoute):
    """A route that takes `application/json`, and whose endpoint takes `body` and `call`.

    FastAPI documents it, and validates the body. But its way to an endpoint that may take anything from anywhere takes
    longer than solving a small problem, and so it is not gone.
    """

    def get_route_handler(self) -> Handler:
        """From the request through the checks of media type, syntax and contents to the endpoint."""

        async def handle(request: Request) -> Response:
            check_media_type(request)
            # Here, since FastAPI would hide what goes wrong behind an error of its own.
            body = await StrictRequest(request.scope, request.receive).json()
            return await self._answer(request, body)

        return handle

    async def _answer(self, request: Request, body: Any) -> Response:
        """What the endpoint makes of a body. Raises `RequestValidationError`, and whatever the endpoint raises."""
        check_size(body, request.app.state.settings)
        response: Response = await self.endpoint(self._validated(body), await call_of(request))
        return response

    def _validated(self, body: Any) -> Any:
        field = self.body_field
        if body is None or field is None:
            raise RequestValidationError([_MISSING])
        value, errors = field.validate(body, {}, loc=("body",))
        if errors:
            raise RequestValidationError(errors)
        return value


class TableRoute(JsonRoute):
    """A route that takes tables as well: `x` and `y` as columns, and all other fields in the query."""

    def get_route_handler(self) -> Handler:
        """The handler of either form."""
        handle_json, reader = super().get_route_handler(), TableReader(self._model())

        async def handle(request: Request) -> Response:
            content_type = headers_of(request.scope).get("content-type", "")
            if content_type == "application/json" or content_type.partition(";")[0].strip().lower() not in TABLES:
                return await handle_json(request)
            media_type_of(request)
            return await self._answer(request, await _table(request, content_type, reader))

        return handle

    def _model(self) -> type[BaseModel]:
        if self.body_field is None:
            raise TypeError(f"{self.path} takes no body.")
        return cast("type[BaseModel]", self.body_field.field_info.annotation)


class Shortcut:
    """Middleware: a request with a problem goes straight to its route.

    To ask one route after the other whether the path is its own, and to keep ready what these routes never need (files,
    dependencies that have to be closed), takes longer than solving a small problem.
    """

    def __init__(self, app: ASGIApp, routes: Iterable[BaseRoute]) -> None:
        self._app = app
        self._known = {
            route.path: (route, route.get_route_handler()) for route in routes if isinstance(route, JsonRoute)
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        is_post = scope["type"] == "http" and scope["method"] == "POST"
        if not is_post or (found := self._known.get(scope["path"])) is None:
            await self._app(scope, receive, send)
            return
        scope["route"], handle = found
        request = Request(scope, receive, send)
        try:
            response = await handle(request)
        except problems.EXPECTED as error:
            response = await problems.answer(request, error)
        await response(scope, receive, send)


async def _table(request: Request, content_type: str, reader: TableReader) -> dict[str, Any]:
    """The fields of a table: the same that would be in JSON. The text is not kept."""
    settings: GatewaySettings = request.app.state.settings
    body = await StrictRequest(request.scope, request.receive).body()
    return await run_sync(reader.read, content_type, body, request.scope["query_string"], settings)
