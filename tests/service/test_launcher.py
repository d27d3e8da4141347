"""`python -m service` as its user meets it: real processes, real signals, real kills."""

import json
import os
import shlex
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis

from service import launcher
from service.__main__ import SIGNALS, set_by_signals
from service.commands import NICENESS
from service.launcher import Launcher
from service.settings import GatewaySettings
from tests.launched import START_S, STOP_S, Launched
from tests.processes import ask, end, eventually, free_port, processes_of
from workers import celery_app
from workers.embedded import EmbeddedBroker
from workers.settings import WorkerSettings


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launched]:
    """One running service for the tests that leave it running."""
    launched = Launched(tmp_path_factory.mktemp("service"))
    try:
        yield launched.wait_until_ready()
    finally:
        end(launched.process)


Launch = Callable[..., Launched]


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launch]:
    """Start launchers that this test ends itself."""
    started: list[Launched] = []

    def start(port: int | None = None, **environment: str) -> Launched:
        started.append(Launched(tmp_path / "service", port, **environment))
        return started[-1]

    yield start
    for launched in started:
        end(launched.process)


def test_the_printed_curl_line_works(service: Launched) -> None:
    line = next(line for line in service.output.splitlines() if "curl" in line)
    _, url, flag, header, data, body = shlex.split(line[line.index("curl") :])
    assert (flag, header, data) == ("-H", "Content-Type: application/json", "-d")
    assert url == f"http://127.0.0.1:{service.port}/v1/interpolations"
    status, answer = ask(service.port, "/v1/interpolations", json.loads(body))
    assert (status, answer["state"]) == (200, "succeeded")


def test_only_the_data_folder_gets_files(service: Launched) -> None:
    assert {path.name for path in service.folder.iterdir()} == {"data", service.output_file.name}


@pytest.mark.parametrize("program", ["uvicorn", "celery", "valkey-server"])
def test_what_is_killed_comes_back(service: Launched, program: str) -> None:
    with service.broker() as broker:
        broker.set("probe", program)
    first = service.pid_of(program)
    os.kill(first, signal.SIGKILL)
    eventually(lambda: first not in processes_of(service.folder), what="dead")
    eventually(lambda: any(program in line for line in processes_of(service.folder).values()), what="restarted")
    eventually(service.is_ready, START_S, "ready again")
    assert service.answers_through_the_queue()
    with service.broker() as broker:
        assert broker.get("probe") == program


def test_a_second_launcher_on_the_same_folder_says_so(service: Launched) -> None:
    second = Launched(service.folder)
    assert second.wait() == 1
    assert "in use by another launcher" in second.output
    assert "Traceback" not in second.output
    second.output_file.unlink()
    assert service.is_ready()


def test_a_port_in_use_is_found_before_anything_starts(launch: Launch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        launched = launch(port=taken.getsockname()[1])
        assert launched.wait() == 1
    assert "in use by another program; choose another with MINNORM_PORT" in launched.output
    assert not (launched.folder / "data").exists()


def test_an_address_of_another_machine_is_refused(launch: Launch) -> None:
    launched = launch(MINNORM_HOST="192.0.2.1", MINNORM_ALLOW_ANYBODY="true")
    assert launched.wait() == 1
    assert "Cannot listen on 192.0.2.1" in launched.output


def test_ctrl_c_ends_all_in_order(service: Launched) -> None:
    service.ctrl_c()
    assert service.wait() == 0
    assert not processes_of(service.folder)
    assert service.output.rstrip().endswith("minnorm: stopped")
    assert "Traceback" not in service.output
    assert "killed" not in service.output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_launcher_that_is_still_starting_ends_as_well(launch: Launch, number: signal.Signals) -> None:
    launched = launch()
    eventually(lambda: any("uvicorn" in line for line in processes_of(launched.folder).values()))
    os.kill(launched.process.pid, number)
    assert launched.wait() == 0
    assert not processes_of(launched.folder)
    assert "Traceback" not in launched.output


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_stops_a_launcher_that_is_about_to_wait(number: signal.Signals) -> None:
    usual = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        stop = set_by_signals()
        with stop._cond:  # type: ignore[attr-defined]  # as `wait` holds it for a moment
            signal.raise_signal(number)
        assert stop.wait(STOP_S)
    finally:
        for which, handler in usual.items():
            signal.signal(which, handler)


def test_a_killed_launcher_leaves_nothing_and_loses_nothing(launch: Launch) -> None:
    first = launch().wait_until_ready()
    with first.broker() as broker:
        broker.set("probe", "kept")
    first.process.kill()
    first.process.wait()
    eventually(lambda: not processes_of(first.folder), what="nothing left")
    second = launch().wait_until_ready()
    with second.broker() as broker:
        assert broker.get("probe") == "kept"
    second.ctrl_c()
    assert second.wait() == 0


def test_those_who_wait_for_a_job_are_let_go_even_if_the_worker_hangs(launch: Launch) -> None:
    launched = launch().wait_until_ready()
    os.killpg(launched.pid_of("celery"), signal.SIGSTOP)
    # It may need a cone program, and is not solved in the gateway then.
    many = {"x": list(range(2_000)), "y": [i % 7 for i in range(2_000)], "skip_connection": False}
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(ask, launched.port, "/v1/interpolations", many, {"Prefer": "wait=60"})
        with launched.broker() as broker:
            eventually(lambda: broker.keys("minnorm:job:*"), what="the job is accepted")
        launched.ctrl_c()
        status, job = waiting.result(STOP_S)
    assert (status, job["state"]) == (202, "queued")
    assert launched.wait() == 0
    assert "Traceback" not in launched.output
    assert not processes_of(launched.folder)


def test_an_explicit_redis_is_used_and_left_running(launch: Launch, tmp_path: Path) -> None:
    with EmbeddedBroker(tmp_path / "elsewhere", 2**26) as broker:
        launched = launch(MINNORM_REDIS_URL=broker.url).wait_until_ready()
        assert not (launched.folder / "data").exists()
        launched.ctrl_c()
        assert launched.wait() == 0
        assert broker.is_running()


def test_a_redis_that_would_lose_jobs_is_refused(launch: Launch, tmp_path: Path) -> None:
    with EmbeddedBroker(tmp_path / "elsewhere", 2**26) as broker:
        with redis.Redis.from_url(broker.url) as server:
            server.config_set("maxmemory-policy", "allkeys-lru")
        launched = launch(MINNORM_REDIS_URL=broker.url)
        assert launched.process.wait(START_S) == 1
    assert "allkeys-lru" in launched.output
    assert "cannot work with these settings" in launched.output
    assert not processes_of(launched.folder)


def test_it_says_what_it_does_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    stop = threading.Event()

    def say(message: str) -> None:
        said.append(message.split(maxsplit=1)[0])
        if message.startswith("ready"):
            stop.set()

    monkeypatch.setattr(launcher, "say", say)
    monkeypatch.setattr(launcher, "REASON_EVERY_S", 0.05)
    workers = WorkerSettings(data_dir=tmp_path / "data")
    timer = threading.Timer(START_S, stop.set)
    timer.start()
    assert Launcher(GatewaySettings(port=free_port()), workers, stop).run() == 0
    timer.cancel()
    assert list(dict.fromkeys(said)) == ["not", "ready", "stopping", "stopped"]


def test_no_queue_is_forgotten() -> None:
    assert tuple(NICENESS) == tuple(celery_app.QUEUES)
