"""Routes whose body is a problem: how they come from a request to their endpoint."""

from collections.abc import Callable, Coroutine, Iterable
from typing import Any, cast

from anyio.to_thread import run_sync
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from service import problems
from service.bodies import body_of, check_media_type, check_size, json_of, media_type_of
from service.formats.media import JSON, TABLES
from service.formats.reading import TableReader
from service.headers import headers_of
from service.refusals import invalid
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
        adapter = TypeAdapter[Any](self._annotation())

        async def handle(request: Request) -> Response:
            return await self._answer(request, await self._fields(request), adapter)

        return handle

    async def _fields(self, request: Request) -> Any:
        """The body, as values. Raises what is wrong with its form."""
        check_media_type(request)
        return await json_of(request)

    async def _answer(self, request: Request, fields: Any, adapter: TypeAdapter[Any]) -> Response:
        """What the endpoint makes of a body. Raises `RequestValidationError`, and whatever the endpoint raises."""
        if fields is None:
            raise RequestValidationError([_MISSING])
        check_size(fields, request.app.state.settings)
        try:
            body = adapter.validate_python(fields)
        except ValidationError as error:
            raise invalid(error, "body") from None
        response: Response = await self.endpoint(body, await call_of(request))
        return response

    def _annotation(self) -> Any:
        if self.body_field is None:
            raise TypeError(f"{self.path} takes no body.")
        return self.body_field.field_info.annotation


class TableRoute(JsonRoute):
    """A route that takes tables as well: `x` and `y` as columns, and all other fields in the query."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._reader = TableReader(cast("type[BaseModel]", self._annotation()))

    async def _fields(self, request: Request) -> Any:
        content_type = headers_of(request.scope).get("content-type", "")
        if content_type == JSON:  # as nearly always
            return await json_of(request)
        if media_type_of(request) not in TABLES:
            return await super()._fields(request)
        # The same that would be in JSON. The text is not kept.
        query, settings = request.scope["query_string"], request.app.state.settings
        return await run_sync(self._reader.read, content_type, await body_of(request), query, settings)


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
