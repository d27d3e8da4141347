"""The keys that this gateway has met lately, so that an answer at once needs no Redis."""

import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from service.queueing import KeyRecord, parts_of
from service.refusals import Unauthenticated
from service.settings import GatewaySettings
from workers.errors import LedgerUnavailable

INVALID = "This key is not known here: it was mistyped, revoked, or has expired."


@dataclass
class _Known:
    """A key as it was seen."""

    record: KeyRecord
    fresh_until: float
    usable_until: float


class KnownKeys:
    """Looks keys up, and remembers those that exist: for `key_cache_s`, or for `key_patience_s` without Redis.

    Keys that do not exist are not remembered: guesses would fill the memory, and a new key works at once.
    """

    def __init__(self, find: Callable[[str], Awaitable[KeyRecord | None]], settings: GatewaySettings) -> None:
        self._find = find
        self._settings = settings
        self._known = dict[str, _Known]()

    async def opened_by(self, presented: str) -> KeyRecord:
        """The record of a key. Raises `Unauthenticated`, and `LedgerUnavailable` if it cannot be told."""
        parts = parts_of(presented)
        record = await self._record(parts[0]) if parts else None
        if record is None or parts is None or not record.opens_with(parts[1]):
            raise Unauthenticated(INVALID, error="invalid_token")
        return record

    async def _record(self, key_id: str) -> KeyRecord | None:
        known, now = self._known.get(key_id), time.monotonic()
        if known is not None and now < known.fresh_until:
            return known.record
        try:
            record = await self._find(key_id)
        except LedgerUnavailable:
            if known is None or now >= known.usable_until:
                raise
            # Not every request waits for Redis.
            known.fresh_until = min(now + self._settings.key_cache_s, known.usable_until)
            return known.record
        self._remember(key_id, record, now)
        return record

    def _remember(self, key_id: str, record: KeyRecord | None, now: float) -> None:
        if record is None:
            self._known.pop(key_id, None)
            return
        lasts_s = math.inf if record.expires_at is None else record.expires_at - time.time()
        cache_s, patience_s = self._settings.key_cache_s, self._settings.key_patience_s
        self._known[key_id] = _Known(record, now + min(cache_s, lasts_s), now + min(patience_s, lasts_s))
