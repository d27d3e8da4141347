"""The gateway's one door to the ledger and the bell."""

import asyncio
import contextlib
import copy
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar, cast

import anyio
from anyio.to_thread import run_sync

from service.settings import GatewaySettings
from workers import tracing
from workers.batches import BatchRecord, NewBatch
from workers.changes import Changes
from workers.connection import connect
from workers.errors import JobUnknown, LedgerUnavailable
from workers.figures import Figures, Snapshot
from workers.jobs import Page
from workers.keys import KeyRecord, Keys, parts_of
from workers.ledger import Ledger
from workers.records import JobRecord, NewJob, Origin, Receipt, RequestKey, State, Success, Verdict
from workers.settings import WorkerSettings, worker_settings
from workers.tasks import prepare, ring_bell

__all__ = ["BatchRecord", "KeyRecord", "NewBatch", "Queue", "parts_of"]

T = TypeVar("T")
R = TypeVar("R", bound=JobRecord | BatchRecord)


class Queue:
    """The ledger for coroutines: each verb runs on a thread, and raises `LedgerUnavailable` within a second or so."""

    def __init__(self, settings: GatewaySettings, workers: WorkerSettings | None = None) -> None:
        patience = {"redis_timeout_s": settings.ledger_timeout_s}
        shared = (workers or worker_settings()).model_copy(update=patience)
        self._ledger = Ledger(connect(shared), shared)
        self._figures = Figures(connect(shared), shared)
        self._keys = Keys(connect(shared))
        self._owner: str | None = None
        self._changes = Changes(shared)
        self._reap_s = shared.reap_s
        self._poll_s = settings.poll_s
        self._closing = threading.Event()  # one for all views

    @property
    def closing(self) -> bool:
        """Whether the gateway is to end."""
        return self._closing.is_set()

    def close(self) -> None:
        """Let those who wait for a job go at once: with what is known, which is that it goes on."""
        self._closing.set()
        self._changes.stop()

    def of(self, owner: str) -> "Queue":
        """The same queue as one caller sees it: the jobs and batches of others are not there."""
        view = copy.copy(self)
        view._owner = owner  # noqa: SLF001 (of its own class)
        return view

    async def submit(self, job: NewJob, request: RequestKey | None, *, share: bool) -> Receipt:
        """Record a job, then ring. When this returns, the job is not lost any more."""
        with tracing.span("submit", attributes={"minnorm.job_id": job.id, "minnorm.kind": job.kind}):
            receipt = await self._run(partial(self._ledger.submit, job, request, share=share))
            await self._ring(receipt, job.queue)
        return receipt

    async def keep(self, job: NewJob, ending: Success, request: RequestKey) -> Receipt:
        """Remember a job that was solved at once, under its idempotency key."""
        return await self._run(self._ledger.keep, job, ending, request)

    async def list(self, caller: str, limit: int, before: int | None, state: str | None, kind: str | None) -> Page:
        """A page of the caller's jobs, newest first."""
        return await self._run(self._ledger.list, caller, limit, before, state, kind)

    async def cancel(self, job_id: str) -> JobRecord:
        """End a job, or have it stopped; its record afterwards."""
        await self._check_owner(self.get, job_id)
        await self._run(self._ledger.cancel, job_id)
        return await self.get(job_id)

    async def retry(self, job_id: str, origin: Origin) -> JobRecord:
        """Queue the work of a job that did not succeed once more; the record of the new job."""
        await self._check_owner(self.get, job_id)
        receipt = await self._run(self._ledger.retry, job_id, origin)
        record = await self.get(receipt.id)
        await self._ring(receipt, record.queue)
        return record

    async def delete(self, job_id: str) -> None:
        """Forget a job that does not run."""
        await self._check_owner(self.get, job_id)
        await self._run(self._ledger.delete, job_id)

    async def get(self, job_id: str) -> JobRecord:
        """The record of a job. Raises `JobUnknown`, `JobExpired`."""
        return self._own(await self._run(self._ledger.get, job_id))

    async def result(self, job_id: str) -> bytes | None:
        """The result of a job, as JSON; None if it has none."""
        return await self._run(self._ledger.result, job_id)

    async def input(self, job_id: str) -> bytes | None:
        """What a job that has succeeded was asked, as `payloads.dumps` writes it; None if it was not kept."""
        return await self._run(self._ledger.input, job_id)

    async def stored(self, digest: str) -> bytes:
        """The result of a problem, as JSON. Raises `ResultUnknown`."""
        return await self._run(self._ledger.stored, digest)

    async def knows(self, digest: str) -> bool:
        """Whether a problem would be answered with a result that is there; False also if Redis does not answer."""
        try:
            return await self._run(self._ledger.knows, digest)
        except LedgerUnavailable:
            return False

    async def changed(self, record: R, seconds: float) -> R:
        """The record of a job or batch once it differs from this one, or as `ended`."""
        return await self._until(lambda new: new.state.terminal or new.revision != record.revision, record, seconds)

    async def ended(self, record: R, seconds: float) -> R:
        """The record of a job or batch once it has ended, after `seconds`, or when the gateway is to end."""
        return await self._until(lambda new: new.state.terminal, record, seconds)

    async def stage(self, batch_id: str, index: int, payload: bytes, staged: int) -> None:
        """Put one chunk where `open_batch` will find it; `staged` bytes of the batch are there already."""
        await self._run(self._ledger.stage, batch_id, index, payload, staged)

    async def discard(self, batch_id: str, chunks: int) -> None:
        """Drop the chunks of a batch that will not be opened."""
        await self._run(self._ledger.discard, batch_id, chunks)

    async def open_batch(self, batch: NewBatch, request: RequestKey | None) -> Receipt:
        """Queue the staged chunks of a batch in one step, then ring: once a queue, since each bell passes itself on."""
        with tracing.span("submit", attributes={"minnorm.job_id": batch.id, "minnorm.kind": "batch"}):
            receipt = await self._run(self._ledger.open, batch, request)
            for queue in sorted({queue for queue, _ in batch.chunks}):
                await self._ring(receipt, queue)
        return receipt

    async def batch(self, batch_id: str) -> BatchRecord:
        """The record of a batch. Raises `JobUnknown`, `JobExpired`."""
        return self._own(await self._run(self._ledger.batch, batch_id))

    async def ended_chunks(self, batch_id: str, after: int) -> Sequence[int]:
        """Indices of the chunks that have ended, in that order, without the first `after`."""
        return await self._run(self._ledger.ended_chunks, batch_id, after)

    async def chunk(self, batch_id: str, index: int) -> tuple[State, bytes, str]:
        """How a chunk ended: its result if it succeeded, else its payload and the error as JSON."""
        return await self._run(self._ledger.chunk, batch_id, index)

    async def cancel_batch(self, batch_id: str) -> BatchRecord:
        """End what waits of a batch, and have stopped what runs; its record afterwards."""
        await self._check_owner(self.batch, batch_id)
        await self._run(self._ledger.cancel_batch, batch_id)
        return await self.batch(batch_id)

    async def retry_batch(self, batch_id: str, queues: Sequence[str], origin: Origin) -> BatchRecord:
        """Queue the chunks of a batch that were not computed once more; the record of the new batch.

        A bell is rung for each of these queues; one that has none of the chunks hears it for nothing.
        """
        await self._check_owner(self.batch, batch_id)
        receipt = await self._run(self._ledger.retry_batch, batch_id, origin)
        for queue in queues:
            await self._ring(receipt, queue)
        return await self.batch(receipt.id)

    async def delete_batch(self, batch_id: str) -> None:
        """Forget a batch that has ended."""
        await self._check_owner(self.batch, batch_id)
        await self._run(self._ledger.delete_batch, batch_id)

    async def key(self, key_id: str) -> KeyRecord | None:
        """The record of an API key; None if there is none of that id."""
        return await self._run(self._keys.find, key_id)

    async def keys(self) -> tuple[KeyRecord, ...]:
        """All API keys."""
        return await self._run(self._keys.all)

    async def issue_key(
        self, name: str, scopes: Sequence[str], rate: int | None, life_s: float | None
    ) -> tuple[KeyRecord, str]:
        """Make an API key: its record, and the key."""
        return await self._run(self._keys.issue, name, scopes, rate, life_s)

    async def revoke_key(self, key_id: str) -> bool:
        """Take an API key away; whether there was one."""
        return await self._run(self._keys.revoke, key_id)

    def _own(self, record: R) -> R:
        if self._owner not in (None, record.caller):
            raise JobUnknown("There is nothing of that id.")
        return record

    async def _check_owner(self, look: Callable[[str], Awaitable[object]], name: str) -> None:
        """Look first: who owns a thing never changes, so that this and what follows need not be one step."""
        if self._owner is not None:
            await look(name)

    async def _until(self, done: Callable[[R], bool], record: R, seconds: float) -> R:
        """The newest record that satisfies `done`, or the last one within `seconds`."""
        look = self._ledger.batch if isinstance(record, BatchRecord) else self._ledger.get
        deadline = time.monotonic() + seconds
        awake, loop = asyncio.Event(), asyncio.get_running_loop()
        with self._changes.watch(record.id, partial(loop.call_soon_threadsafe, awake.set)):
            while not (done(record) or self.closing) and (left := deadline - time.monotonic()) > 0.0:
                awake.clear()
                # Looked at first: what changed before anybody watched is seen at once.
                record = cast("R", await self._run(look, record.id))
                if not done(record):
                    with anyio.move_on_after(min(self._poll_s, left)):
                        await awake.wait()
            return record

    async def _ring(self, receipt: Receipt, queue: str) -> None:
        if receipt.verdict is Verdict.NEW:
            await self._run(ring_bell, queue)

    async def prepare(self) -> None:
        """Import what the first job would wait for."""
        await self._run(prepare)

    async def keep_reaping(self) -> None:
        """Reap as the workers do, for the time when there is none: deadlines pass, cancelled jobs end."""
        while True:
            await anyio.sleep(self._reap_s)
            with contextlib.suppress(LedgerUnavailable):  # whoever asks for anything is told
                await self._run(self._ledger.reap)

    async def snapshot(self) -> Snapshot:
        """The figures for operators."""
        return await self._run(self._figures.read)

    async def live_queues(self) -> dict[str, tuple[str, ...]]:
        """The live workers, and the queues that each serves."""
        workers = await self._run(self._ledger.workers)
        return {worker.name: worker.queues for worker in workers}

    async def _run(self, call: Callable[..., T], *arguments: object) -> T:
        return await run_sync(partial(call, *arguments))
