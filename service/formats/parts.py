"""Long bodies that are sent part by part: none of them is copied into one text with the others."""

from collections.abc import Mapping, Sequence

from fastapi import Response
from starlette.types import Receive, Scope, Send

Part = bytes | memoryview

LONG_BYTES = 2**20
"""Shorter ones are sent as a whole."""
SLICE_BYTES = 2**18
"""What is handed to the connection at a time, which makes a copy of it."""


def response(parts: Sequence[Part], headers: Mapping[str, str], media_type: str) -> Response:
    """200 with these parts, one behind the other."""
    if sum(map(len, parts)) <= LONG_BYTES:
        return Response(b"".join(parts), 200, headers, media_type=media_type)
    return _InParts(parts, headers, media_type)


class _InParts(Response):
    """Lets go of each part when it has been sent."""

    def __init__(self, parts: Sequence[Part], headers: Mapping[str, str], media_type: str) -> None:
        length = {"content-length": str(sum(map(len, parts)))}
        super().__init__(None, 200, {**headers, **length}, media_type)
        self._parts = list(reversed(parts))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send it."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        while self._parts:
            part = memoryview(self._parts.pop())
            for start in range(0, len(part), SLICE_BYTES):
                body = part[start : start + SLICE_BYTES]
                await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
