"""Long bodies that are sent part by part: none of them is copied into one text with the others."""

from collections.abc import AsyncIterator, Mapping, Sequence

from anyio.lowlevel import checkpoint
from fastapi import Response
from starlette.types import Receive, Scope, Send

Part = bytes | memoryview

LONG_BYTES = 2**20
"""Shorter ones are sent as a whole."""
SLICE_BYTES = 2**18
"""What is handed to the connection at a time, which makes a copy of it."""


def response(parts: Sequence[Part], headers: Mapping[str, str], media_type: str) -> Response:
    """200 with these parts, one behind the other. Each is let go of when it has been sent."""
    size = sum(map(len, parts))
    if size <= LONG_BYTES:
        return Response(b"".join(parts), 200, headers, media_type=media_type)
    return InSlices(_one_by_one(parts), 200, {**headers, "content-length": str(size)}, media_type)


async def _one_by_one(parts: Sequence[Part]) -> AsyncIterator[Part]:
    left = list(reversed(parts))
    del parts
    while left:
        yield left.pop()


class InSlices(Response):
    """Sends what comes in slices; others are served in between, however fast the other side reads."""

    def __init__(
        self, parts: AsyncIterator[Part], status: int, headers: Mapping[str, str] | None, media_type: str
    ) -> None:
        self.status_code, self.media_type, self.background = status, media_type, None
        self.init_headers(headers)
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send it."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async for part in self._parts:
            for start in range(0, len(part), SLICE_BYTES):
                body = memoryview(part)[start : start + SLICE_BYTES]
                await send({"type": "http.response.body", "body": body, "more_body": True})
                await checkpoint()
        await send({"type": "http.response.body", "body": b"", "more_body": False})
