"""Answers are compressed for those who take it (`Accept-Encoding`): zstd or gzip, whichever comes first here.

Streams of events and lines are left alone, since each line has to go out at once; so are PNG, Parquet and Arrow, of
which little would be left to save.
"""

from anyio.lowlevel import checkpoint
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette_compress import CompressMiddleware, add_compress_type, remove_compress_type

from service.formats.media import CSV
from service.headers import headers_of
from service.settings import GatewaySettings

SLICE_BYTES = 2**17
"""So much of a body takes a millisecond or two to compress; other requests go on between two slices."""

add_compress_type(CSV)
remove_compress_type("text/event-stream")


class Compressing:
    """Middleware: compresses for those who ask for it, and is no burden for others."""

    def __init__(self, app: ASGIApp, settings: GatewaySettings) -> None:
        self._app = app
        self._compressing = CompressMiddleware(
            Slices(app), minimum_size=settings.compress_from_bytes, zstd_level=1, gzip_level=1, brotli=False
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        asks = scope["type"] == "http" and "accept-encoding" in headers_of(scope)
        await (self._compressing if asks else self._app)(scope, receive, send)


class Slices:
    """Middleware: sends a long body in slices, so that what is outside of it works on one after the other."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def slice_by_slice(message: Message) -> None:
            body = message.get("body", b"")
            for start in range(0, len(body) - SLICE_BYTES, SLICE_BYTES):
                part = body[start : start + SLICE_BYTES]
                await send({"type": message["type"], "body": part, "more_body": True})
                await checkpoint()
            if len(body) > SLICE_BYTES:
                message = {**message, "body": body[-(len(body) % SLICE_BYTES or SLICE_BYTES) :]}
            await send(message)

        await self._app(scope, receive, slice_by_slice if scope["type"] == "http" else send)
