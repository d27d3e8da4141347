"""Real servers for the tests of the ledger and of the workers."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workers.processes import Place, Server
from workers.broker_program import find_server
from workers.connection import connect
from workers.ledger import Ledger
from workers.settings import WorkerSettings


def _binaries() -> dict[str, str]:
    found = {"valkey": str(find_server()), "redis": shutil.which("redis-server")}
    return {name: path for name, path in found.items() if path}


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a name short enough for a unix socket in it."""
    with tempfile.TemporaryDirectory(prefix="mn") as name:
        yield Path(name)


@pytest.fixture(scope="session", params=list(_binaries().values()), ids=list(_binaries()))
def every_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """Each kind of server found on this machine, one after the other."""
    with tempfile.TemporaryDirectory(prefix="mn") as name:
        server = Server(request.param, Path(name))
        yield server
        server.stop()


@pytest.fixture
def settings(every_server: Server) -> WorkerSettings:
    """Settings for an empty server, with a lease short enough to be waited for.

    The server has let go of everything: memory that is still being given back would be room that a test counts on.
    """
    every_server.client.execute_command("FLUSHALL", "SYNC")  # type: ignore[no-untyped-call]
    return WorkerSettings(
        redis_url=every_server.url, lease_s=0.05, retention_s=60, tombstone_s=60, attempts=3, redis_timeout_s=20
    )


@pytest.fixture
def ledger(settings: WorkerSettings) -> Iterator[Ledger]:
    client = connect(settings)
    yield Ledger(client, settings)
    client.close()


@pytest.fixture
def place(folder: Path) -> Iterator[Place]:
    """A server and a place for workers; whatever a test leaves of them is killed."""
    made = Place(folder)
    yield made
    made.close()
