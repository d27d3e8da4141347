"""What a fault has cost: the figures that have to be zero, and those beside them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.faults.scene import Scene


class NotPossibleHere(Exception):
    """The machine, or its user, cannot bring the fault about."""


@dataclass
class Figures:
    """Of one fault, from the ledger, when everything should have ended."""

    accepted: int = 0
    lost: int = 0
    """Jobs that the ledger has forgotten, that ended in another way than they should, or with another result."""
    doubled: int = 0
    """Executions that no kill explains, second results, second jobs of one request."""
    stuck: int = 0
    """Jobs without an end; leases, entries of queues and processes that are left."""
    executions: int = 0
    kills: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)
    """What else was not as promised."""
    note: str = ""

    @property
    def good(self) -> bool:
        """Whether all that has to be zero is."""
        return not (self.lost or self.doubled or self.stuck or self.wrong)

    def __str__(self) -> str:
        names = ("accepted", "lost", "doubled", "stuck", "executions", "kills")
        told = [f"{name} {getattr(self, name)}" for name in names] + [f"{self.seconds:.1f} s"]
        return ", ".join([*told, *([self.note] if self.note else []), *(f"WRONG: {what}" for what in self.wrong)])


@dataclass(frozen=True)
class Size:
    """How often, on how much, for how long."""

    kills: int = 0
    jobs: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong, to be brought about on an empty place."""

    act: Callable[["Scene", Size], Figures]
    short: Size
    long: Size
    everywhere: bool = False
    """Whether the short form, too, tries it on each kind of server."""

    @property
    def name(self) -> str:
        """For people."""
        return self.act.__name__.replace("_", " ")
