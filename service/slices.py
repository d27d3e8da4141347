"""Long bodies are sent in slices: what is outside works on one after the other, and others are served in between."""

from anyio.lowlevel import checkpoint
from fastapi import Response
from starlette.types import Message, Receive, Scope, Send

SLICE_BYTES = 2**17
"""So much of a body takes a millisecond or two to compress."""


def sliced(send: Send) -> Send:
    """A `send` that takes parts of a body of any length."""

    async def slice_by_slice(message: Message) -> None:
        body = message.get("body", b"")
        for start in range(0, len(body) - SLICE_BYTES, SLICE_BYTES):
            await send({"type": message["type"], "body": body[start : start + SLICE_BYTES], "more_body": True})
            await checkpoint()
        if len(body) > SLICE_BYTES:
            message = {**message, "body": body[-(len(body) % SLICE_BYTES or SLICE_BYTES) :]}
        await send(message)

    return slice_by_slice


class Sliced(Response):
    """A response whose body may be long. In one piece it would be copied twice on its way."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        await super().__call__(scope, receive, sliced(send))
