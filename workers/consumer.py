"""Celery's consumer with one habit changed."""

import logging

from celery.worker.consumer import Consumer
from celery.worker.state import maybe_shutdown
from kombu import Connection

RECONNECT_S = 1

logger = logging.getLogger(__name__)


class PromptConsumer(Consumer):
    """Looks for a lost Redis every second; Celery's own waits 2 s longer each time, up to 30 s."""

    def ensure_connected(self, conn: Connection) -> Connection:
        """Connect, however long it takes."""
        self.first_connection_attempt = False
        return conn.ensure_connection(_tell, interval_start=RECONNECT_S, interval_step=0, callback=maybe_shutdown)


def _tell(error: Exception, _: float) -> None:
    logger.error("The queue cannot be reached: %s", error)
