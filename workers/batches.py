"""Batches: many items under one id, computed as chunks, each of which is a job of the ledger."""

import json
from collections.abc import Sequence
from typing import Any

from workers.connection import ledger_errors
from workers.errors import JobBusy
from workers.immutable import immutable
from workers.jobs import Jobs, told_origin
from workers.records import NOWHERE, Origin, Receipt, RequestKey, State, new_id
from workers.scripts import as_json, key, optional, text

COUNTS = ("succeeded", "failed", "canceled", "expired")
UPLOAD_S = 3600
"""Life of a staged chunk whose batch is never opened; the upload of a batch has to be shorter."""


@immutable
class NewBatch:
    """A batch whose chunks have been staged."""

    id: str
    caller: str
    chunks: Sequence[tuple[str, int]]
    """Queue and number of items of each."""
    cancel_after_s: float | None = None
    metadata: dict[str, str] | None = None
    origin: Origin = NOWHERE


@immutable
class BatchRecord:
    """All the ledger knows about a batch, without its items."""

    id: str
    state: State
    items: int
    chunks: int
    counts: dict[str, int]
    """Items that have ended, by how they did."""
    created_at: float
    revision: int
    started_at: float | None = None
    finished_at: float | None = None
    expires_at: float | None = None
    metadata: dict[str, str] | None = None
    undone: int = 0
    """Chunks that have ended without being computed, and can be tried again."""
    retry_of: str | None = None
    caller: str = ""
    """Whose it is."""


class Batches(Jobs):
    """The callers' verbs for batches; `_receipt` and the errors are those of jobs."""

    def stage(self, batch_id: str, index: int, payload: bytes, staged: int = 0) -> None:
        """Put one chunk where `open` will find it.

        Parameters
        ----------
        batch_id, index, payload
            The chunk.
        staged
            Bytes of the chunks before it, which are there already, but whose results are not.

        Raises
        ------
        LedgerFull
            It would leave no room for the results.
        """
        self._check_room(len(payload) + staged // 2)
        with ledger_errors():
            self._redis.set(key("payload", f"{batch_id}.{index}"), payload, ex=UPLOAD_S)

    def discard(self, batch_id: str, chunks: int) -> None:
        """Drop the staged chunks of a batch that will not be opened."""
        names = [key("payload", f"{batch_id}.{index}") for index in range(chunks)]
        with ledger_errors():
            if names:
                self._redis.unlink(*names)

    def open(self, batch: NewBatch, request: RequestKey | None = None) -> Receipt:
        """Record a batch and queue its chunks, in one step. Raises as `Jobs.submit`."""
        chunks = [part for chunk in batch.chunks for part in chunk]
        return self._receipt(
            "open_batch",
            *(batch.id, batch.caller, sum(items for _, items in batch.chunks)),
            *(optional(batch.cancel_after_s), as_json(batch.metadata)),
            *self._named(batch.caller, request),
            *self._limits,
            told_origin(batch.origin),
            *chunks,
        )

    def batch(self, batch_id: str) -> BatchRecord:
        """Return the record of a batch. Raises `JobUnknown`, `JobExpired`."""
        fields = self._fields("batch", batch_id)
        if not fields:
            self._raise_missing(batch_id)
        return _record(batch_id, fields)

    def ended_chunks(self, batch_id: str, after: int) -> list[int]:
        """Indices of the chunks that have ended, in that order, without the first `after`."""
        with ledger_errors():
            found: Any = self._redis.lrange(key("done", batch_id), after, -1)
        return [int(index) for index in found]

    def chunk(self, batch_id: str, index: int) -> tuple[State, bytes, str]:
        """How a chunk ended: its result if it succeeded, else its payload and the error as JSON."""
        name = f"{batch_id}.{index}"
        fields = self._fields("job", name)
        state = State(fields.get("state", State.EXPIRED))
        room = "result" if state is State.SUCCEEDED else "payload"
        return state, self._bytes(room, name) or b"", fields.get("error", "")

    def cancel_batch(self, batch_id: str) -> None:
        """Cancel all chunks that have not ended. Raises `JobUnknown`, `JobExpired`."""
        if self._run("cancel_batch", batch_id, *self._keep) is None:
            self._raise_missing(batch_id)

    def retry_batch(self, batch_id: str, origin: Origin = NOWHERE) -> Receipt:
        """Queue the chunks that did not succeed as a new batch; repeated, the same one."""
        return self._receipt("retry_batch", batch_id, new_id("batch"), *self._limits, told_origin(origin))

    def delete_batch(self, batch_id: str) -> None:
        """Forget a batch that has ended. Raises `JobBusy`, `JobUnknown`."""
        ended = self._run("delete_batch", batch_id)
        if ended is None:
            self._raise_missing(batch_id)
        if text(ended) == "busy":
            raise JobBusy("The batch has not ended; cancel it first.")


def _record(batch_id: str, fields: dict[str, str]) -> BatchRecord:
    times = {name: float(fields[name]) for name in ("started_at", "finished_at", "expires_at") if name in fields}
    return BatchRecord(
        id=batch_id,
        state=State(fields["state"]),
        items=int(fields["items"]),
        chunks=int(fields["chunks"]),
        counts={name: int(fields[name]) for name in COUNTS},
        created_at=float(fields["created_at"]),
        revision=int(fields.get("revision", 0)),
        metadata=json.loads(fields["metadata"]) if "metadata" in fields else None,
        undone=int(fields.get("undone", 0)),
        retry_of=fields.get("retry_of"),
        caller=fields.get("caller", ""),
        **times,
    )
