"""One place of a worker where jobs are computed, one after the other: a ledger and a warm runner."""

import logging
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from workers import tracing
from workers.chunk_work import ChunkWork
from workers.chunks import CHUNK
from workers.connection import connect
from workers.driver import NotOurs, RunnerDied, TimeUp, Work
from workers.errors import LedgerUnavailable
from workers.keeper import Keeper
from workers.ledger import Ledger
from workers.records import Canceled, Claim, JobError, Order, Success
from workers.runners import NoRunner, Runners
from workers.settings import WorkerSettings

Ending = Success | JobError | Canceled

PAUSE_S = 0.5
"""Between two attempts to store an answer, or to start a runner."""

logger = logging.getLogger(__name__)


def _nothing() -> None:
    """For those who need not be told."""


class Slot:
    """Claims jobs, has them computed, ends them. Not for several threads."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._runners = Runners(settings)
        self.client = connect(settings)
        self.ledger = Ledger(self.client, settings)
        self._keeper = Keeper(self.ledger)
        self._began_s = 0.0

    def work_one(self, queue: str, claimed: Callable[[], None] = _nothing) -> bool:
        """Do one job of a queue; False if there was none, or no runner to do it.

        A job is only claimed when a warm runner is there, so a worker that cannot start one harms no job. `claimed` is
        called once it is, and must not raise.
        """
        if not self._ensure_runner():
            return False
        claim = self.ledger.claim(queue)
        if claim is None:
            return False
        self._began_s = time.monotonic()
        logger.info("Job %s is claimed", claim.id, extra=self._told(claim))
        facts: tracing.Attributes = {
            "minnorm.job_id": claim.id,
            "minnorm.attempt": claim.attempt,
            "minnorm.kind": claim.kind,
        }
        try:
            claimed()
            with tracing.span(f"attempt {claim.kind}", "consumer", claim.origin.traceparent, facts):
                self._work(claim)
        except SystemExit:  # the worker has to stop now
            self._runners.current.kill()
            self._keeper.settle()
            self.ledger.release(claim, blameless=True)
            logger.info("Job %s is given back, because this worker has to stop", claim.id, extra=self._told(claim))
            raise
        return True

    def close(self) -> None:
        """End the runner."""
        self._runners.current.kill()
        self._keeper.close()
        self.client.close()

    def _ensure_runner(self) -> bool:
        try:
            self._runners.warm(starts=1)
        except NoRunner:
            time.sleep(PAUSE_S)  # more bells wait, and would start runners without a pause
            return False
        return True

    def _work(self, claim: Claim) -> None:
        try:
            ending = self._compute(claim)
        except NotOurs:
            message = "Job %s went on without attempt %s, which was stopped"
            logger.warning(message, claim.id, claim.attempt, extra=self._told(claim))
        except (NoRunner, RunnerDied) as loss:
            self._keeper.settle()
            state = self.ledger.release(claim, blameless=isinstance(loss, NoRunner))
            message = "Job %s is %s after attempt %s: %r"
            logger.warning(message, claim.id, state, claim.attempt, loss, extra=self._told(claim))
        else:
            self._finish(claim, ending)
        self._runners.replace()  # at once, so that it is warm for the next job

    def _compute(self, claim: Claim) -> Ending:
        beat = partial(self._beat, claim)
        if claim.kind == CHUNK:
            return ChunkWork(claim, self._runners, beat, self._settings.attempts).run()
        if claim.checkpoint is not None:
            message = "Job %s goes on from a checkpoint of %s bytes"
            logger.info(message, claim.id, len(claim.checkpoint), extra=self._told(claim))
        save = partial(self._keeper.keep, claim)
        work = Work(claim.kind, claim.payload, claim.time_limit_s, saved=claim.checkpoint, save=save)
        try:
            return self._runners.current.solve(work, beat)
        except TimeUp as up:
            return up.error

    def _beat(self, claim: Claim, progress: Mapping[str, Any] | None = None) -> Order:
        try:
            return self.ledger.beat(claim, progress)
        except LedgerUnavailable as error:
            logger.warning("Job %s could not be beaten for: %s", claim.id, error, extra=self._told(claim))
            return Order.GO_ON  # nobody else can have it before Redis is back

    def _finish(self, claim: Claim, ending: Ending) -> None:
        """Store the answer; a Redis that is away or full for a while costs no computed answer."""
        deadline = time.monotonic() + self._settings.finish_patience_s
        while True:
            try:
                return self._report(claim, ending, ours=self.ledger.finish(claim, ending))
            except LedgerUnavailable:
                if time.monotonic() > deadline:
                    self.ledger.release(claim, blameless=True)  # no room is not the job's fault
                    raise
            if self._beat(claim) is Order.STOP:
                return self._report(claim, ending, ours=False)
            time.sleep(PAUSE_S)

    def _report(self, claim: Claim, ending: Ending, *, ours: bool) -> None:
        told = self._told(claim)
        if ours:
            ended = getattr(ending, "outcome", None) or getattr(ending, "code", "canceled")
            told["fields"]["ended"] = ended
            tracing.note({"minnorm.ended": str(ended)})
            logger.info("Job %s (%s) ended in attempt %s: %s", claim.id, claim.kind, claim.attempt, ended, extra=told)
        else:
            message = "Job %s went on without attempt %s, which came too late"
            logger.warning(message, claim.id, claim.attempt, extra=told)

    def _told(self, claim: Claim) -> dict[str, dict[str, Any]]:
        """What every line about an attempt says, for programs."""
        fields = {
            "request_id": claim.origin.request_id,
            "job_id": claim.id,
            "attempt": claim.attempt,
            "kind": claim.kind,
            "seconds": round(time.monotonic() - self._began_s, 3),
        }
        return {"fields": fields}
