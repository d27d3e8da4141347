"""A chunk in hand: what a poisonous item costs is its own, and at most the runner."""

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from workers import chunks
from workers.driver import Beat, NotOurs, RunnerDied, TimeUp, Work
from workers.records import WORKER_LOST, Canceled, Claim, JobError, Order, Success
from workers.runners import Runners

logger = logging.getLogger(__name__)


class ChunkWork:
    """Computes a chunk in rounds, each of which goes on where the last one was cut off by an item.

    Every round but the last one ends with an item that is to blame. A dead runner counts against the item it had
    in hand, which fails after `attempts` of them; one that takes too long fails at once. An item that has failed
    stays in its place as its own answer, so no round needs to know of it.
    """

    def __init__(self, claim: Claim, runners: Runners, beat: Beat, attempts: int) -> None:
        self._claim = claim
        self._runners = runners
        self._tell = beat
        self._attempts = attempts
        self._lines = chunks.split(claim.payload)
        self._done: list[bytes] = []
        self._losses = Counter[int]()
        self._suspect: int | None = None

    def run(self) -> Success | JobError | Canceled:
        """Compute all items; raises `NotOurs`, and `NoRunner` when none starts any more."""
        while (ending := self._round()) is None:
            pass
        if isinstance(ending, Success):
            return replace(ending, result=chunks.join(self._done), tally=chunks.tally(self._done))
        return ending

    def _round(self) -> Success | JobError | Canceled | None:
        """One call of a runner; None if an item cut it off."""
        order = self._runners.warm(self._beat)
        if order is Order.STOP:
            raise NotOurs
        if order is Order.CANCEL:
            return Canceled()
        first = len(self._done)
        try:
            return self._runners.current.solve(self._rest(first), self._beat)
        except TimeUp as up:
            self._fail(first + up.item, up.error)
        except RunnerDied as death:
            logger.warning("Chunk %s goes on without its runner: %s", self._claim.id, death)
            self._count_loss(first + death.item)
        return None

    def _rest(self, first: int) -> Work:
        payload = chunks.join(self._lines[first:])
        suspect = None if self._suspect is None else self._suspect - first
        return Work(chunks.CHUNK, payload, self._claim.time_limit_s, suspect, self._keep)

    def _keep(self, segment: bytes) -> None:
        self._done += chunks.split(segment)

    def _beat(self, _: Mapping[str, Any] | None) -> Order:
        """The progress is what has arrived here, also while no runner is there to tell."""
        step = len(self._done)
        return self._tell({"fraction": step / max(1, len(self._lines)), "step": step})

    def _count_loss(self, item: int) -> None:
        """Against the item in hand, or the next one if that one's line has arrived: so there is an end to it."""
        self._suspect = item = max(item, len(self._done))
        self._losses[item] += 1
        if self._losses[item] >= self._attempts:
            self._fail(item, WORKER_LOST)

    def _fail(self, item: int, error: JobError) -> None:
        """Put an error in the place of an item, unless its answer has come after all."""
        if len(self._done) <= item < len(self._lines):
            self._lines[item] = chunks.failed_line(chunks.custom_id(self._lines[item]), error)
