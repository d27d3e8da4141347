"""How the ledger talks to Redis: keys, and the scripts of `lua/`, each of which runs alone and in one go."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import redis

from workers.connection import ledger_errors
from workers.errors import LedgerFull
from workers.settings import WorkerSettings

PREFIX = "minnorm:"
CHANGES = PREFIX + "changes"
"""Channel on which the id of every job and batch is told that changes."""
STAGING_S = 600
"""Life of a payload or result that was written but whose script never ran."""
NEEDS_ROOM = 1_000_000
"""Bytes of a payload from which on there is a look at the memory first."""
ROOM = 6
"""Payload, result, and some for jobs accepted at the same time, in payloads."""


class Scripts:
    """A client with the scripts of the ledger; what it does raises `LedgerUnavailable` when Redis does not serve.

    Parameters
    ----------
    client
        Answers bytes (no `decode_responses`).
    settings
        Lease, attempts, limits and retention.
    """

    def __init__(self, client: redis.Redis, settings: WorkerSettings) -> None:
        self._redis = client
        self._settings = settings
        self._scripts = {verb: client.register_script(script) for verb, script in _texts().items()}
        self._keep = (settings.retention_s, settings.tombstone_s)
        self._limits = (settings.caller_items, settings.queue_items)

    def _run(self, verb: str, *arguments: str | float) -> Any:
        with ledger_errors():
            return self._scripts[verb](keys=[PREFIX], args=list(arguments))

    def _stage(self, room: str, name: str, value: bytes) -> None:
        with ledger_errors():
            self._redis.set(key(room, name), value, ex=STAGING_S)

    def _bytes(self, room: str, name: str) -> bytes | None:
        with ledger_errors():
            value = self._redis.get(key(room, name))
        return value.encode() if isinstance(value, str) else value

    def _two_bytes(self, rooms: tuple[str, str], name: str) -> tuple[bytes | None, bytes | None]:
        """What is under a name in two rooms, in one round trip."""
        with ledger_errors():
            values: Any = self._redis.mget([key(room, name) for room in rooms])
        return values[0], values[1]

    def _fields(self, room: str, name: str) -> dict[str, str]:
        with ledger_errors():
            fields = self._redis.hgetall(key(room, name))
        return {text(field): text(value) for field, value in fields.items()}

    def _is_buried(self, name: str) -> bool:
        """Whether there was such a job or batch."""
        with ledger_errors():
            return bool(self._redis.exists(key("tombstone", name)))

    def _check_room(self, size: int) -> None:
        """An accepted job must be able to end: its result is about three times its payload, which stays until then."""
        if size < NEEDS_ROOM:
            return
        with ledger_errors():
            memory = self._redis.info("memory")
        lacking = memory["used_memory"] + ROOM * size - memory["maxmemory"]
        if memory["maxmemory"] > 0 and lacking > 0:
            # Commands and answers on their way take as much as the data, for a moment.
            passing = memory.get("mem_clients_normal", 0)
            wait_s = 1.0 if lacking <= passing else self._next_expiry_s()
            raise LedgerFull("There is no room for work of this size.", wait_s)

    def _next_expiry_s(self) -> float:
        """Seconds until something that has ended makes room."""
        with ledger_errors():
            found: Any = self._redis.zrange(PREFIX + "ended", 0, 0, withscores=True)
            now = self._redis.time()[0]
        return max(1.0, found[0][1] - now) if found else 60.0


@cache
def _texts() -> dict[str, str]:
    scripts = {file.name: file.read_text() for file in files("workers").joinpath("lua").iterdir()}
    prelude = scripts.pop("prelude.lua")
    return {name.removesuffix(".lua"): prelude + script for name, script in scripts.items()}


def key(room: str, name: str) -> str:
    """The key of one thing in a room."""
    return f"{PREFIX}{room}:{name}"


def text(value: bytes | str) -> str:
    """Names and small fields are text."""
    return value.decode() if isinstance(value, bytes) else value


def optional(value: float | None) -> str | float:
    """How a script is told that there is no number."""
    return "" if value is None else value


def as_json(value: Mapping[str, Any] | None) -> str:
    """How a script is told a small record; an empty one is none."""
    return json.dumps(value) if value else ""
