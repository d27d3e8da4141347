"""An app in this process, without a queue behind it."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from fastapi import FastAPI

from service.main import create_app
from service.settings import GatewaySettings
from workers.settings import worker_settings


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The event loop of the tests that are coroutines."""
    return "asyncio"


@pytest.fixture
def settings() -> GatewaySettings:
    """The settings of the app under test; a test module may have its own."""
    return GatewaySettings(ledger_timeout_s=0.2)


@pytest.fixture
def app(settings: GatewaySettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[FastAPI]:
    """An app of its own, whose Redis is a socket that does not exist."""
    monkeypatch.setenv("MINNORM_REDIS_URL", "unix:///nowhere/broker.sock")
    worker_settings.cache_clear()
    yield create_app(settings)
    worker_settings.cache_clear()


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """HTTP to the app, without a network; what the app does not handle comes back as 500, as it would to a caller."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client
