"""How this program reaches Redis, and which servers it refuses."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, quote, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from workers.errors import LedgerUnavailable, UnsafeServer
from workers.settings import WorkerSettings

REFUSALS = ("OOM ", "READONLY ", "MISCONF ", "LOADING ", "BUSY ", "NOREPLICAS ", "MASTERDOWN ", "VANISHED ")
"""Replies of a server that is there but takes no writes; a script may carry them inside another message.

The last is our own scripts': a server that was cut off lost what had been staged for them."""


def connect(settings: WorkerSettings) -> redis.Redis:
    """Make a client that gives up soon: who needs patience decides that himself.

    Returns
    -------
    redis.Redis
        Answers bytes. Connects on first use; safe to share between threads.
    """
    local = urlsplit(settings.redis_url).scheme == "unix"  # a unix socket knows no keepalive
    return redis.Redis.from_url(
        settings.redis_url,
        socket_timeout=settings.redis_timeout_s,
        socket_connect_timeout=settings.redis_timeout_s,
        **({} if local else {"socket_keepalive": True}),
        health_check_interval=5,
        # A repeated claim would strand a job until its lease ends; the pool replaces dead connections anyhow.
        retry=Retry(NoBackoff(), 0),
    )


def broker_url(redis_url: str) -> str:
    """Say `redis_url` the way Celery wants it; only unix sockets differ.

    >>> broker_url("redis://127.0.0.1:6379/0")
    'redis://127.0.0.1:6379/0'
    >>> broker_url("unix:///run/redis.sock?db=1")
    'redis+socket:///run/redis.sock?virtual_host=1'
    """
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    query = parse_qs(parts.query)
    password = quote(query["password"][0], safe="") if "password" in query else parts.password
    account = f"{parts.username or ''}:{password}@" if password else ""
    return f"redis+socket://{account}{parts.path}?virtual_host={query.get('db', ['0'])[0]}"


@contextmanager
def ledger_errors() -> Iterator[None]:
    """Turn what means "not now" into `LedgerUnavailable`; anything else is a defect and passes."""
    try:
        yield
    except (redis.ConnectionError, redis.TimeoutError, redis.OutOfMemoryError, redis.ReadOnlyError) as error:
        raise LedgerUnavailable(f"Redis is not available: {error}") from error
    except redis.ResponseError as error:
        if any(word in str(error) for word in REFUSALS):
            raise LedgerUnavailable(f"Redis takes no writes: {error}") from error
        raise


def check_policy(client: redis.Redis) -> None:
    """Refuse a server that evicts keys when it is full.

    Raises
    ------
    UnsafeServer
        If `maxmemory-policy` is not `noeviction`: accepted jobs would silently disappear.
    LedgerUnavailable
        If the server does not answer.
    """
    with ledger_errors():
        # INFO, not CONFIG, which managed servers forbid.
        policy = client.info("memory").get("maxmemory_policy")
    if policy != "noeviction":
        raise UnsafeServer(
            f"The maxmemory-policy of this Redis is {policy}: it would drop accepted jobs when it is full. "
            "Set it to noeviction (redis.conf, or CONFIG SET maxmemory-policy noeviction)."
        )
