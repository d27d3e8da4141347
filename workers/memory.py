"""What a computation may leave behind for the case that its process dies: checkpoints."""

from collections.abc import Callable
from dataclasses import field
from typing import Protocol

from workers.immutable import immutable


class Memory(Protocol):
    """What a solver is given to remember a job by, from one attempt to the next."""

    @property
    def saved(self) -> bytes | None:
        """The last state that an earlier attempt has saved, as far as it has arrived; None if there is none.

        It may be that of another version of the solver, which has to tell that from the state.
        """

    def save(self, state: bytes) -> None:
        """Keep this for a later attempt, instead of what was saved before.

        Nothing is promised: it is lost if the process dies too soon, or while Redis is away or full. Cost: a copy
        through two pipes and onto the disk of Redis, most of which goes on after the return; large states are to be
        saved every few seconds at most.
        """


@immutable
class Notebook:
    """The memory of a job: what it begins with, and where its states go."""

    saved: bytes | None = field(repr=False)
    save: Callable[[bytes], None] = field(repr=False)


def forget(_: bytes) -> None:
    """Save nothing."""


FORGETFUL: Memory = Notebook(None, forget)
"""For what is computed again from the beginning when it is lost: small problems, items of batches."""
