"""Answers are compressed for those who take it (`Accept-Encoding`): zstd or gzip, whichever comes first here.

Streams of events and lines are left alone, since each line has to go out at once; so are PNG, Parquet and Arrow, of
which little would be left to save.
"""

from starlette.types import ASGIApp, Receive, Scope, Send
from starlette_compress import CompressMiddleware, add_compress_type, remove_compress_type

from service.formats.media import CSV
from service.headers import headers_of
from service.settings import GatewaySettings
from service.slices import sliced

add_compress_type(CSV)
remove_compress_type("text/event-stream")


class Compressing:
    """Middleware: compresses for those who ask for it, and is no burden for others."""

    def __init__(self, app: ASGIApp, settings: GatewaySettings) -> None:
        self._app = app
        self._compressing = CompressMiddleware(
            self._slice, minimum_size=settings.compress_from_bytes, zstd_level=1, gzip_level=1, brotli=False
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        asks = scope["type"] == "http" and "accept-encoding" in headers_of(scope)
        await (self._compressing if asks else self._app)(scope, receive, send)

    async def _slice(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, sliced(send))
