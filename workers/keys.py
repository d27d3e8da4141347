"""API keys: who may ask the service, and for what. Redis has their digests, never the keys themselves.

A key is `mn_<id>_<secret>`; the id is public, the secret is 256 random bits. Its digest is a plain SHA-256: the slow
and salted digests that passwords need protect what people choose and what can be guessed. 2^256 secrets cannot be
guessed, whatever one guess costs, and a fast digest costs a request a microsecond.

    keys        set     the ids
    key:<id>    string  the record as JSON; Redis lets it go when the key expires, by the clock that all share
"""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import redis

from workers.connection import ledger_errors
from workers.immutable import immutable
from workers.scripts import PREFIX, key, text

ROOM = "key"
_IDS = PREFIX + "keys"
_SHAPE = re.compile(r"mn_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")


@immutable
class KeyRecord:
    """What is known of a key."""

    id: str
    name: str
    scopes: tuple[str, ...]
    digest: str
    """SHA-256 of the secret, in hexadecimal."""
    created_at: float
    expires_at: float | None = None
    rate: int | None = None
    """POST requests within the window of the rate limit, if it differs from everybody's."""

    def opens_with(self, secret: str) -> bool:
        """Whether this is its secret, in a time that does not tell how nearly."""
        return hmac.compare_digest(self.digest, _digest(secret))


def parts_of(presented: str) -> tuple[str, str] | None:
    """Id and secret of what may be a key; None if it cannot be one."""
    found = _SHAPE.fullmatch(presented)
    return (found[1], found[2]) if found else None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


class Keys:
    """The verbs. Each raises `LedgerUnavailable` when Redis does not serve.

    Parameters
    ----------
    client
        Answers bytes.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client

    def issue(
        self, name: str, scopes: Iterable[str], rate: int | None = None, life_s: float | None = None
    ) -> tuple[KeyRecord, str]:
        """Make a key. Its record, and the key itself, which nobody can tell again."""
        id_, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        now = self._now()
        expires_at = None if life_s is None else now + life_s
        record = KeyRecord(id_, name, tuple(scopes), _digest(secret), now, expires_at, rate)
        life_ms = None if life_s is None else max(1, round(life_s * 1000))
        with ledger_errors(), self._redis.pipeline(transaction=True) as together:
            together.set(key(ROOM, id_), json.dumps(asdict(record)), px=life_ms)
            together.sadd(_IDS, id_)
            together.execute()
        return record, f"mn_{id_}_{secret}"

    def find(self, id_: str) -> KeyRecord | None:
        """The record of a key; None if there is none, or it was revoked, or has expired."""
        with ledger_errors():
            found: Any = self._redis.get(key(ROOM, id_))
        return None if found is None else _record(found)

    def all(self) -> tuple[KeyRecord, ...]:
        """All keys that open something, in the order in which they were made."""
        with ledger_errors():
            ids = sorted(text(id_) for id_ in self._redis.smembers(_IDS))
        found = {id_: self.find(id_) for id_ in ids}
        for id_, record in found.items():
            if record is None:
                self.revoke(id_)  # it has expired
        return tuple(sorted(filter(None, found.values()), key=lambda record: record.created_at))

    def revoke(self, id_: str) -> bool:
        """Take a key away. False if there was none."""
        with ledger_errors(), self._redis.pipeline(transaction=True) as together:
            together.delete(key(ROOM, id_))
            together.srem(_IDS, id_)
            return bool(together.execute()[0])

    def _now(self) -> float:
        with ledger_errors():
            seconds, microseconds = self._redis.time()
        return float(seconds) + microseconds / 1e6


def _record(told: bytes | str) -> KeyRecord:
    fields = json.loads(told)
    return KeyRecord(**fields | {"scopes": tuple(fields["scopes"])})
