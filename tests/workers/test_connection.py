"""Reaching Redis, and refusing some of it."""

from pathlib import Path

import pytest
import redis

from tests.workers.processes import Server
from workers.connection import broker_url, check_policy, connect, ledger_errors
from workers.errors import LedgerUnavailable, UnsafeServer
from workers.ledger import Ledger
from workers.settings import WorkerSettings


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/0"),
        ("rediss://u:p@example.org/2", "rediss://u:p@example.org/2"),
        ("unix:///run/s", "redis+socket:///run/s?virtual_host=0"),
        ("unix:///run/s?db=3", "redis+socket:///run/s?virtual_host=3"),
        ("unix://:pw@/run/s", "redis+socket://:pw@/run/s?virtual_host=0"),
        ("unix:///run/s?password=p%2Fw", "redis+socket://:p%2Fw@/run/s?virtual_host=0"),
    ],
)
def test_celery_is_told_of_the_same_server(url: str, expected: str) -> None:
    assert broker_url(url) == expected


def test_a_server_that_is_not_there(folder: Path) -> None:
    settings = WorkerSettings(redis_url=f"unix://{folder / 'nobody'}")
    with pytest.raises(LedgerUnavailable):
        Ledger(connect(settings), settings).claim("interactive")
    with pytest.raises(LedgerUnavailable):
        check_policy(connect(settings))


def test_a_server_that_evicts_is_refused(settings: WorkerSettings, every_server: Server) -> None:
    client = connect(settings)
    check_policy(client)
    every_server.client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        with pytest.raises(UnsafeServer, match=r"allkeys-lru.*noeviction"):
            check_policy(client)
    finally:
        every_server.client.config_set("maxmemory-policy", "noeviction")
        client.close()


@pytest.mark.parametrize(
    "refusal",
    [
        redis.TimeoutError("slow"),
        redis.OutOfMemoryError("command not allowed"),
        redis.ReadOnlyError("You can't write against a read only replica."),
        redis.ResponseError("MISCONF Errors writing to the AOF file: No space left on device"),
        redis.ResponseError("ERR Error running script: @user_script: 9: -OOM command not allowed"),
    ],
)
def test_a_server_that_does_not_serve_is_unavailable(refusal: redis.RedisError) -> None:
    with pytest.raises(LedgerUnavailable), ledger_errors():
        raise refusal


def test_a_defect_stays_a_defect() -> None:
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"), ledger_errors():
        raise redis.ResponseError("WRONGTYPE Operation against a key")
