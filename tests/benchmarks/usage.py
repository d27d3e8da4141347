"""What processes use while they work: processor time from /proc, and what the server of the queue tells of itself."""

import os
import time
from collections.abc import Callable
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from tests.processes import eventually, processes_of

QUIET_S, QUIET_SHARE = 0.5, 0.1
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


def processor_s(pids: list[int]) -> float:
    """Processor time that these processes have used so far; those that have ended count for nothing."""
    return sum(map(_processor_s, pids))


def _processor_s(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS_A_SECOND


def pids_of(folder: Path, *programs: str) -> list[int]:
    """The processes of a service whose command lines name one of the programs, or all of them."""
    found = processes_of(folder).items()
    return [pid for pid, line in found if not programs or any(program in line for program in programs)]


def settle(pids: Callable[[], list[int]]) -> None:
    """Wait until a service has come to rest: what still warms up would be measured with the first work."""
    eventually(lambda: _share(pids()) < QUIET_SHARE, 60, "a service at rest")


def _share(pids: list[int]) -> float:
    """Of one core, over a while."""
    before = processor_s(pids)
    time.sleep(QUIET_S)
    return (processor_s(pids) - before) / QUIET_S


@dataclass(frozen=True)
class Server:
    """What the server of the queue has done since its start."""

    processor_s: float
    commands: int
    waits: int
    """Of workers for the next bell."""
    bytes: int
    """In and out."""

    @classmethod
    def of(cls, redis: Any) -> "Server":
        """Up to now."""
        told, commands = redis.info(), redis.info("commandstats")
        return cls(
            told["used_cpu_user"] + told["used_cpu_sys"],
            sum(each["calls"] for each in commands.values()),
            commands.get("cmdstat_brpop", {"calls": 0})["calls"],
            told["total_net_input_bytes"] + told["total_net_output_bytes"],
        )

    def __sub__(self, before: "Server") -> "Server":
        """What it has done since then."""
        pairs = zip(astuple(self), astuple(before), strict=True)
        return Server(*(now - then for now, then in pairs))
