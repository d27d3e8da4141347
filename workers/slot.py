"""One place of a worker where jobs are computed, one after the other: a ledger and a warm runner."""

import logging
import time
from functools import partial

from workers.connection import connect
from workers.driver import NotOurs, Runner, RunnerDied
from workers.errors import LedgerUnavailable
from workers.ledger import Ledger
from workers.records import Claim, JobError, Success
from workers.settings import WorkerSettings

PAUSE_S = 0.5
"""Between two attempts to store an answer, or to start a runner."""

logger = logging.getLogger(__name__)


class Slot:
    """Claims jobs, has them computed, ends them. Not for several threads."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._runner = Runner(settings)
        self.client = connect(settings)
        self.ledger = Ledger(self.client, settings)

    def work_one(self, queue: str) -> bool:
        """Do one job of a queue; False if there was none, or no runner to do it.

        A job is only claimed when a warm runner is there, so a worker that cannot start one harms no job.
        """
        if not self._ensure_runner():
            return False
        claim = self.ledger.claim(queue)
        if claim is None:
            return False
        try:
            self._work(claim)
        except SystemExit:  # the worker has to stop now
            self._runner.kill()
            self.ledger.release(claim, blameless=True)
            logger.info("Job %s is given back, because this worker has to stop", claim.id)
            raise
        return True

    def close(self) -> None:
        """End the runner."""
        self._runner.kill()
        self.client.close()

    def _ensure_runner(self) -> bool:
        if not self._runner.alive:
            self._replace_runner()
        try:
            self._runner.wait_until_warm()
        except RunnerDied as death:
            logger.error("No runner: %s", death)  # noqa: TRY400 - its traceback is in the runner's own log
            time.sleep(PAUSE_S)  # more bells wait, and would start runners without a pause
            return False
        return True

    def _replace_runner(self) -> None:
        self._runner.kill()
        self._runner = Runner(self._settings)

    def _work(self, claim: Claim) -> None:
        try:
            ending = self._runner.solve(claim.kind, claim.payload, partial(self._beat, claim))
        except NotOurs:
            logger.warning("Job %s went on without attempt %s, which was stopped", claim.id, claim.attempt)
        except RunnerDied as death:
            state = self.ledger.release(claim)
            logger.warning("Job %s is %s after attempt %s: %s", claim.id, state, claim.attempt, death)
        else:
            self._finish(claim, ending)
        if not self._runner.alive:
            self._replace_runner()  # at once, so that it is warm for the next job

    def _beat(self, claim: Claim) -> bool:
        try:
            return self.ledger.beat(claim)
        except LedgerUnavailable as error:
            logger.warning("Job %s could not be beaten for: %s", claim.id, error)
            return True  # nobody else can have it before Redis is back

    def _finish(self, claim: Claim, ending: Success | JobError) -> None:
        """Store the answer; a Redis that is away or full for a while costs no computed answer."""
        deadline = time.monotonic() + self._settings.finish_patience_s
        while True:
            try:
                return _report(claim, ending, ours=self.ledger.finish(claim, ending))
            except LedgerUnavailable:
                if time.monotonic() > deadline:
                    self.ledger.release(claim, blameless=True)  # no room is not the job's fault
                    raise
            if not self._beat(claim):
                return _report(claim, ending, ours=False)
            time.sleep(PAUSE_S)


def _report(claim: Claim, ending: Success | JobError, *, ours: bool) -> None:
    if ours:
        ended = ending.outcome if isinstance(ending, Success) else ending.code
        logger.info("Job %s (%s) ended in attempt %s: %s", claim.id, claim.kind, claim.attempt, ended)
    else:
        logger.warning("Job %s went on without attempt %s, which came too late", claim.id, claim.attempt)
