"""Figures for operators: what waits and for how long, what has ended and how, how Redis feels."""

from typing import Any

from workers.connection import ledger_errors
from workers.immutable import immutable
from workers.scripts import PREFIX, Scripts, key, text

MEMORY = ("used_memory", "maxmemory")
PERSISTENCE = ("aof_enabled", "aof_last_write_status", "aof_last_bgrewrite_status")


@immutable
class QueueFigures:
    """One queue."""

    waiting: int
    oldest_s: float
    """Age of the job that has waited longest; 0 if none waits."""


@immutable
class Snapshot:
    """All figures at one moment."""

    queues: dict[str, QueueFigures]
    running: int
    unfinished_items: int
    callers: int
    counters: dict[str, float]
    """As `lua/prelude.lua` counts: `what:kind:state:...`."""
    workers: dict[str, float]
    """Seconds since each worker was last seen; a worker that has stalled stays for a while."""
    redis: dict[str, Any]


class Figures(Scripts):
    """Reads the figures."""

    def read(self) -> Snapshot:
        """A snapshot. Cost: a few commands a queue."""
        with ledger_errors():
            seconds, microseconds = self._redis.time()
            now = seconds + microseconds / 1e6
            names = sorted(text(name) for name in self._redis.smembers(PREFIX + "queues"))
            unfinished = [int(items) for items in self._redis.hgetall(PREFIX + "unfinished").values()]
            counters = self._redis.hgetall(PREFIX + "counters")
            seen: Any = self._redis.zrange(PREFIX + "workers", 0, -1, withscores=True)
            info = {**self._redis.info("memory"), **self._redis.info("persistence")}
            return Snapshot(
                queues={name: self._queue(name, now) for name in names},
                running=int(self._redis.zcard(PREFIX + "leases")),
                unfinished_items=sum(unfinished),
                callers=len(unfinished),
                counters={text(name): float(value) for name, value in counters.items()},
                workers={text(name): max(0.0, now - at) for name, at in seen},
                redis={name: info[name] for name in (*MEMORY, *PERSISTENCE) if name in info},
            )

    def _queue(self, name: str, now: float) -> QueueFigures:
        oldest: Any = self._redis.zrange(key("waiting", name), 0, 0, withscores=True)
        age = max(0.0, now - oldest[0][1]) if oldest else 0.0
        return QueueFigures(int(self._redis.zcard(key("waiting", name))), age)
