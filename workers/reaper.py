"""The thread of every worker that puts right what went wrong elsewhere: jobs of dead workers, lost bells."""

import contextlib
import logging
import threading
from typing import Any

from celery import Celery
from celery.exceptions import WorkerShutdown
from celery.signals import worker_ready, worker_shutdown

from workers.connection import check_policy, connect
from workers.errors import LedgerUnavailable, UnsafeServer
from workers.ledger import Ledger
from workers.settings import WorkerSettings, worker_settings
from workers.tasks import hanging_bells, ring_bell

BELLS_A_ROUND = 16
"""Most bells rung for one queue in one round: enough to wake all slots soon, too few to flood Redis."""
LATENESS_S = 5.0
"""How late a heartbeat may be before a worker is taken for dead."""
EX_CONFIG = 78
"""From <sysexits.h>: starting again will not help."""

logger = logging.getLogger(__name__)


class Reaper(threading.Thread):
    """Every `reap_s`, without a leader: all workers do this, and none needs to know of the others."""

    def __init__(self, name: str, celery: Celery, settings: WorkerSettings) -> None:
        super().__init__(name="reaper", daemon=True)
        self._worker = name
        self._celery = celery
        self._queues = tuple(celery.amqp.queues.consume_from)
        self._settings = settings
        self._client = connect(settings)
        self._ledger = Ledger(self._client, settings)
        self._stopped = threading.Event()

    def run(self) -> None:
        """Work until stopped; Redis may go away and come back."""
        with contextlib.suppress(LedgerUnavailable):  # then it was away, and the next start will do
            self._ledger.adopt()
        while not self._stopped.wait(self._round()):
            pass
        with contextlib.suppress(LedgerUnavailable):
            self._ledger.depart(self._worker)
        self._client.close()

    def stop(self) -> None:
        """End after the present round."""
        self._stopped.set()

    def work_once(self) -> None:
        """One round: heartbeat, expired leases, missing bells."""
        self._announce()
        reaped = self._ledger.reap()
        if reaped.requeued or reaped.ended:
            logger.warning("Leases ended: queued again %s, ended %s", reaped.requeued, reaped.ended)
        for queue in self._queues:
            self._ring_missing(queue, reaped.waiting.get(queue, 0))

    def _round(self) -> float:
        """Work once; the pause until the next time in seconds."""
        try:
            self.work_once()
        except LedgerUnavailable as error:
            return self._sit_out(error)
        except Exception:
            logger.exception("A round of the reaper failed")
        return self._settings.reap_s

    def _sit_out(self, error: LedgerUnavailable) -> float:
        """Wait for Redis, and then a little more: leases ended meanwhile, and who lives shall beat first."""
        logger.warning("Nothing is reaped for now: %s", error)
        while not self._stopped.wait(self._settings.reap_s):
            try:
                self._announce()
            except LedgerUnavailable:
                continue
            logger.warning("Redis is back")
            break
        return 2 * self._settings.beat_s

    def _announce(self) -> None:
        self._ledger.announce(self._worker, self._queues, 3 * self._settings.reap_s + LATENESS_S)

    def _ring_missing(self, queue: str, waiting: int) -> None:
        if waiting == 0:
            return
        for _ in range(min(waiting - hanging_bells(self._client, queue), BELLS_A_ROUND)):
            if not ring_bell(queue, self._celery):
                break


_reapers: list[Reaper] = []


@worker_ready.connect
def _start(sender: Any, **_: object) -> None:
    settings = worker_settings()
    _refuse_unsafe_server(settings)
    reaper = Reaper(sender.hostname, sender.app, settings)
    _reapers.append(reaper)
    reaper.start()


@worker_shutdown.connect
def _stop(**_: object) -> None:
    for reaper in _reapers:
        reaper.stop()


def _refuse_unsafe_server(settings: WorkerSettings) -> None:
    try:
        check_policy(connect(settings))
    except UnsafeServer as error:
        logger.critical("%s", error)
        raise WorkerShutdown(EX_CONFIG) from error
    except LedgerUnavailable as error:
        logger.warning("The eviction policy could not be checked: %s", error)
