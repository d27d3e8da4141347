"""One runner after the other, for a place that always needs one."""

import logging

from workers.driver import Beat, Runner, RunnerDied, go_on
from workers.records import Order
from workers.settings import WorkerSettings

STARTS = 3
"""Attempts at a fresh runner while a job is in hand."""

logger = logging.getLogger(__name__)


class NoRunner(Exception):
    """There is none to be had: something is wrong with this machine, not with the job."""


class Runners:
    """The present runner, in `current`, and its successors."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self.current = Runner(settings)

    def replace(self) -> None:
        """Start the next one if the present one is dead."""
        if not self.current.alive:
            self.current.kill()
            self.current = Runner(self._settings)

    def warm(self, beat: Beat = go_on, starts: int = STARTS) -> Order:
        """Make sure of a warm runner, unless an order to stop comes before. Raises `NoRunner`."""
        for _ in range(starts):
            self.replace()
            try:
                return self.current.wait_until_warm(beat)
            except RunnerDied as death:
                logger.error("No runner: %s", death)  # noqa: TRY400 - its traceback is in the runner's own log
        raise NoRunner
