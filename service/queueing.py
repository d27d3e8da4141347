"""The gateway's one door to the ledger and the bell."""

import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import anyio
from anyio.to_thread import run_sync

from service.settings import GatewaySettings
from workers.connection import connect
from workers.ledger import Ledger
from workers.records import JobRecord, NewJob
from workers.settings import worker_settings
from workers.tasks import ring_bell

T = TypeVar("T")


class Queue:
    """The ledger for coroutines: each verb runs on a thread, and raises `LedgerUnavailable` within a second or so."""

    def __init__(self, settings: GatewaySettings) -> None:
        patience = {"redis_timeout_s": settings.ledger_timeout_s}
        self._ledger = Ledger(connect(shared := worker_settings().model_copy(update=patience)), shared)
        self._poll_s = settings.poll_s
        self._closing = False

    def close(self) -> None:
        """Let those who wait for a job go at once: with what is known, which is that it goes on."""
        self._closing = True

    async def submit(self, job: NewJob) -> JobRecord:
        """Record a job, then ring. When this returns, the job is not lost any more."""
        await self._run(self._ledger.submit, job)
        await self._run(ring_bell, job.queue)
        return await self.get(job.id)

    async def get(self, job_id: str) -> JobRecord:
        """The record of a job. Raises `JobUnknown`, `JobExpired`."""
        return await self._run(self._ledger.get, job_id)

    async def result(self, job_id: str) -> bytes | None:
        """The result of a job, as JSON; None if it has none."""
        return await self._run(self._ledger.result, job_id)

    async def wait(self, record: JobRecord, seconds: float) -> JobRecord:
        """The record once the job has ended, after `seconds`, or when the gateway is to end."""
        deadline = time.monotonic() + seconds
        while not (record.state.terminal or self._closing) and (left := deadline - time.monotonic()) > 0.0:
            await anyio.sleep(min(self._poll_s, left))
            record = await self.get(record.id)
        return record

    async def live_queues(self) -> set[str]:
        """The queues that some live worker serves."""
        workers = await self._run(self._ledger.workers)
        return {queue for worker in workers for queue in worker.queues}

    async def _run(self, call: Callable[..., T], *arguments: object) -> T:
        return await run_sync(partial(call, *arguments))
