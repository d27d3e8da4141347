"""A batch on its way in: read as it arrives, looked at on a thread, staged chunk by chunk, queued in one step.

At no time is more of a batch in memory than a piece of its body and a chunk for each queue, unless it is one JSON
document.
"""

import contextlib
import hashlib
import time
from collections.abc import AsyncIterator, Callable, Container
from typing import TypeVar

import anyio
from anyio.lowlevel import checkpoint
from anyio.to_thread import run_sync
from fastapi import Request
from pydantic import ValidationError
from starlette.requests import ClientDisconnect

from service.bodies import body_of, check_media_type, check_size, media_type_of
from service.formats.encodings import Decoder, encoding_of
from service.gathering import RawBody
from service.items import Chunk, Gatherer, check_count
from service.parsing import parse
from service.queueing import NewBatch, Queue
from service.refusals import BodyTooLarge, BodyTooSlow, InvalidJson, invalid
from service.schemas.batches import BatchRequest
from service.settings import GatewaySettings
from service.solving import BATCH, TRAIN
from service.terms import Terms
from workers.errors import LedgerUnavailable
from workers.records import Receipt, RequestKey, new_id

QUEUES = (BATCH, TRAIN)
LINES = ("application/x-ndjson", "application/jsonl")
"""Media types of a batch that is sent line by line."""
PIECE_BYTES = 2**18
"""So much of a body is worth a change of threads."""
PIECE_ITEMS = 500
T = TypeVar("T")
DRAIN_S = 5.0
"""How long the rest of a refused body is read: a caller who still sends would not hear the answer."""


class Lines:
    """A body that is read line by line: bounded in size, and in the time that it takes and that it is silent."""

    def __init__(self, request: Request, settings: GatewaySettings) -> None:
        encoding = encoding_of(request.headers.get("content-encoding", ""))
        self._decoder = None if encoding is None else Decoder(encoding)
        self._request = request
        self._settings = settings
        self._ended = False

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body in pieces of whole lines. Raises `BodyTooLarge`, `BodyTooSlow`, `InvalidJson`."""
        held, size = list[bytes](), 0
        async for part in self._decoded():
            held.append(part)
            size += len(part)
            if size >= PIECE_BYTES and b"\n" in part:
                whole, _, rest = b"".join(held).rpartition(b"\n")
                yield whole
                held, size = [rest], len(rest)
            elif size > self._settings.max_body_bytes:
                raise BodyTooLarge(f"A line is longer than {self._settings.max_body_bytes} bytes.")
        yield b"".join(held)

    async def drain(self) -> None:
        """Read what is left of the body, and forget it."""
        with anyio.move_on_after(DRAIN_S), contextlib.suppress(ClientDisconnect):
            while not self._ended:
                await self._part()

    async def _decoded(self) -> AsyncIterator[bytes]:
        """The parts of the body as they come, or what comes of them."""
        left = limit = self._settings.max_batch_bytes
        async for part in self._parts():
            for piece in (part,) if self._decoder is None else self._decoder.pieces(part):
                left -= len(piece)
                if left < 0:
                    raise BodyTooLarge(f"Decoded, the body is longer than {limit} bytes.")
                if len(piece) > PIECE_BYTES:
                    await checkpoint()  # other requests go on while much comes of little
                yield piece
        if self._decoder is not None:
            self._decoder.end()

    async def _parts(self) -> AsyncIterator[bytes]:
        left = limit = self._settings.max_batch_bytes
        until = time.monotonic() + self._settings.batch_timeout_s
        while not self._ended:
            part = await self._next(min(self._settings.body_timeout_s, until - time.monotonic()))
            left -= len(part)
            if left < 0:
                raise BodyTooLarge(f"The body is longer than {limit} bytes.")
            yield part

    async def _next(self, patience_s: float) -> bytes:
        try:
            with anyio.fail_after(max(patience_s, 0.0)):
                return await self._part()
        except ClientDisconnect:
            raise InvalidJson("The connection ended before the body did.") from None
        except TimeoutError:
            raise BodyTooSlow("The body came too slowly.") from None

    async def _part(self) -> bytes:
        message = await self._request.receive()
        if message["type"] == "http.disconnect":
            self._ended = True
            raise ClientDisconnect
        self._ended = not message.get("more_body", False)
        return bytes(message.get("body", b""))


class Intake:
    """One batch on its way from a request to the queue."""

    def __init__(self, queue: Queue, settings: GatewaySettings, scopes: Container[str] | None = None) -> None:
        self._queue = queue
        self._settings = settings
        self._id = new_id("batch")
        self._gatherer = Gatherer(settings, scopes)
        self._chunks = list[tuple[str, int]]()
        self._staged = 0
        self._fingerprint = hashlib.blake2b(digest_size=16)

    async def accept(self, request: Request, terms: Terms) -> Receipt:
        """Read a batch and queue it in one step; one that is refused leaves nothing behind."""
        try:
            metadata = await self._read(request)
            await self._stage(self._gatherer.last())
        except BaseException:
            await self._discard()
            raise
        # From here on the chunks belong to the ledger, even if its answer does not arrive.
        batch = NewBatch(self._id, terms.caller, self._chunks, terms.cancel_after_s, metadata, terms.origin)
        named = RequestKey(terms.idempotency_key, self._fingerprint.hexdigest()) if terms.idempotency_key else None
        return await self._queue.open_batch(batch, named)

    async def _read(self, request: Request) -> dict[str, str] | None:
        """Stage what is in the body but for the last chunk; the metadata of the batch."""
        if media_type_of(request) in LINES:
            await self._read_lines(Lines(request, self._settings))
            return None
        check_media_type(request)
        body = await body_of(request)
        document = await run_sync(self._parsed, body)
        for first in range(0, len(document.items), PIECE_ITEMS):
            await self._take(self._gatherer.take_items, document.items[first : first + PIECE_ITEMS])
        return document.metadata

    async def _read_lines(self, lines: Lines) -> None:
        try:
            async for piece in lines.pieces():
                await self._take(self._take_lines, piece)
        except (BodyTooLarge, BodyTooSlow):
            raise
        except Exception:
            await lines.drain()
            raise

    async def _take(self, take: Callable[[T], list[Chunk]], part: T) -> None:
        await self._stage(await run_sync(take, part))

    def _take_lines(self, piece: bytes) -> list[Chunk]:
        self._fingerprint.update(piece + b"\n")
        return self._gatherer.take_lines(piece)

    def _parsed(self, body: RawBody) -> BatchRequest:
        self._fingerprint.update(body)
        document = parse(body, self._settings.max_levels)
        check_size(document, self._settings)
        try:
            found = BatchRequest.model_validate(document)
        except ValidationError as error:
            raise invalid(error, "body") from None
        check_count(len(found.items), self._settings)
        return found

    async def _stage(self, chunks: list[Chunk]) -> None:
        for chunk in chunks:
            self._chunks.append((chunk.queue, chunk.items))  # first: it may be staged although no answer comes
            await self._queue.stage(self._id, len(self._chunks) - 1, chunk.payload, self._staged)
            self._staged += len(chunk.payload)

    async def _discard(self) -> None:
        """If Redis does not answer, what is staged goes by itself."""
        with anyio.CancelScope(shield=True), contextlib.suppress(LedgerUnavailable):
            await self._queue.discard(self._id, len(self._chunks))
