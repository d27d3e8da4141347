"""Brings the checkpoints of a slot's job to the ledger, beside its heartbeats: a large one takes longer than a beat."""

import logging
from collections import deque
from concurrent.futures import ThreadPoolExecutor

from workers.errors import LedgerError
from workers.ledger import Ledger
from workers.records import Claim

logger = logging.getLogger(__name__)


class Keeper:
    """Stores the newest checkpoint, on a thread of its own; those that it does not get round to are dropped.

    So at most one is on its way and one waits, however often a computation saves. One that cannot be stored is dropped,
    too: the one before it stays, and the next one comes. Those of an attempt that is not the job's any more are refused
    by the ledger.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._newest = deque[tuple[Claim, bytes]](maxlen=1)
        self._hands = ThreadPoolExecutor(1, thread_name_prefix="keeper")

    def keep(self, claim: Claim, state: bytes) -> None:
        """Take a checkpoint; at once. For the thread that reads the pipe of the runner."""
        self._newest.append((claim, state))
        self._hands.submit(self._store)

    def settle(self) -> None:
        """Wait until what was taken is stored, or dropped: before its job is given back, and another attempt begins."""
        self._hands.submit(self._store).result()

    def close(self) -> None:
        """End the thread."""
        self._hands.shutdown()

    def _store(self) -> None:
        try:
            claim, state = self._newest.popleft()
        except IndexError:  # it was replaced, and the newer one is stored
            return
        try:
            if not self._ledger.save(claim, state):
                logger.info("A checkpoint of job %s came too late in attempt %s", claim.id, claim.attempt)
        except LedgerError as error:
            logger.warning("A checkpoint of job %s was not stored: %s", claim.id, error)
        except Exception:
            logger.exception("A checkpoint of job %s was not stored", claim.id)
