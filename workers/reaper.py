"""The thread of every worker that puts right what went wrong elsewhere: jobs of dead workers, bells that were lost."""

import logging
import threading
from typing import Any

from celery.exceptions import WorkerShutdown
from celery.signals import worker_ready, worker_shutdown

from workers.connection import check_policy, connect
from workers.errors import LedgerUnavailable, UnsafeServer
from workers.ledger import Ledger
from workers.settings import WorkerSettings, worker_settings
from workers.tasks import hanging_bells, ring_bell

BELLS_A_ROUND = 16
"""Most bells rung for one queue in one round: enough to wake all slots soon, too few to flood Redis."""
EX_CONFIG = 78
"""From <sysexits.h>: starting again will not help."""

logger = logging.getLogger(__name__)


class Reaper(threading.Thread):
    """Every `reap_s`, without a leader: all workers do this, and none needs to know of the others."""

    def __init__(self, name: str, queues: tuple[str, ...], settings: WorkerSettings) -> None:
        super().__init__(name="reaper", daemon=True)
        self._worker = name
        self._queues = queues
        self._period_s = settings.reap_s
        self._ledger = Ledger(connect(settings), settings)
        self._stopped = threading.Event()

    def run(self) -> None:
        """Work until stopped; Redis may go away and come back."""
        while not self._stopped.is_set():
            try:
                self.work_once()
            except LedgerUnavailable as error:
                logger.warning("Nothing is reaped for now: %s", error)
            except Exception:
                logger.exception("A round of the reaper failed")
            self._stopped.wait(self._period_s)

    def stop(self) -> None:
        """End after the present round."""
        self._stopped.set()

    def work_once(self) -> None:
        """One round: heartbeat, expired leases, missing bells."""
        self._ledger.announce(self._worker, self._queues, 3 * self._period_s + 5)
        reaped = self._ledger.reap()
        if reaped.requeued or reaped.failed:
            logger.warning("Leases ended: queued again %s, failed %s", reaped.requeued, reaped.failed)
        for queue, waiting in reaped.waiting.items():
            missing = waiting - hanging_bells(queue)
            for _ in range(min(missing, BELLS_A_ROUND)):
                ring_bell(queue)


_reapers: list[Reaper] = []


@worker_ready.connect
def _start(sender: Any, **_: object) -> None:
    settings = worker_settings()
    _refuse_unsafe_server(settings)
    queues = tuple(sender.app.amqp.queues.consume_from)
    reaper = Reaper(sender.hostname, queues, settings)
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
