"""The health check of a worker's container."""

import socket
from pathlib import Path

import pytest

from workers import health
from workers.ledger import Ledger
from workers.settings import WorkerSettings


def test_a_worker_is_healthy_while_it_announces_itself(
    ledger: Ledger, settings: WorkerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "worker_settings", lambda: settings)
    assert health.main("batch") == 1
    ledger.announce(f"batch@{socket.gethostname()}", ("batch",), life_s=60)
    assert health.main("batch") == 0


def test_the_worker_of_another_machine_does_not_count(
    ledger: Ledger, settings: WorkerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "worker_settings", lambda: settings)
    ledger.announce("batch@elsewhere", ("batch",), life_s=60)
    assert "not among the live workers: ['batch@elsewhere']" in health.complaint("batch")


def test_without_redis_nobody_is_healthy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = WorkerSettings(redis_url=f"unix://{tmp_path}/none.sock")
    monkeypatch.setattr(health, "worker_settings", lambda: nowhere)
    assert "Redis" in health.complaint("batch")
