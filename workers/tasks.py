"""Bells: ringing them, and what a worker does when it hears one."""

import contextlib
import logging
from functools import cache, partial

import redis
from celery import Celery
from celery.signals import after_setup_logger, worker_process_init, worker_process_shutdown
from kombu.exceptions import KombuError

from workers import journal, tracing
from workers.celery_app import app
from workers.connection import ledger_errors
from workers.errors import LedgerUnavailable
from workers.settings import worker_settings
from workers.slot import Slot

RING = "minnorm.ring"
"""Name of the bell on the wire."""

logger = logging.getLogger(__name__)


def ring_bell(queue: str, celery: Celery = app) -> bool:
    """Tell the workers that a queue has work; False (and a warning) if that failed.

    A bell that is lost costs up to `reap_s`, a superfluous one costs a look into the queue.
    """
    try:
        celery.send_task(RING, (queue,), queue=queue, retry=False)
    except (KombuError, redis.RedisError, OSError) as error:
        logger.warning("The bell of queue %s could not be rung: %s", queue, error)
        return False
    return True


def prepare(celery: Celery = app) -> None:
    """Import what the first bell would wait for; connects to nothing."""
    celery.finalize()
    _ = celery.backend, celery.events, celery.connection_for_write().transport  # imported when they are looked at


@app.task(name=RING)
def ring(queue: str) -> None:
    """Do one job of a queue; wake the next worker first if there is more work than bells.

    A batch rings once for all of its chunks: if the bell went on when its job has ended, the second worker would wait
    for as long as that takes.
    """
    slot = _slot()
    try:
        slot.work_one(queue, claimed=partial(_pass_on, slot, queue))
    except LedgerUnavailable as error:
        logger.warning("Queue %s has to wait: %s", queue, error)


def _pass_on(slot: Slot, queue: str) -> None:
    with contextlib.suppress(LedgerUnavailable):  # the reapers ring what is missing
        if slot.ledger.waiting(queue) > hanging_bells(slot.client, queue):
            ring_bell(queue)


def hanging_bells(client: redis.Redis, queue: str) -> int:
    """Count the bells that no worker has taken yet: kombu keeps a queue as a Redis list of its name."""
    with ledger_errors():
        return client.llen(queue)


@cache
def _slot() -> Slot:
    return Slot(worker_settings())


@worker_process_init.connect
def _open(**_: object) -> None:
    tracing.start(worker_settings().traces, "minnorm-worker")  # here: its thread would not survive a fork
    _slot()  # the runner warms up before the first bell


@worker_process_shutdown.connect
def _close(**_: object) -> None:
    if _slot.cache_info().currsize:
        _slot().close()
    tracing.stop()


@after_setup_logger.connect
def _set_up_log(**_: object) -> None:
    """Celery tells of every bell, twice; the log is for jobs."""
    journal.set_up(worker_settings().log)
    for name in ("celery.worker.strategy", "celery.app.trace"):
        logging.getLogger(name).setLevel(logging.WARNING)
