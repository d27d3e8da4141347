"""docker-compose.yml and the Dockerfile, without an engine: what they say is run as plain processes.

So a command line, a variable or a health check that has drifted from the code fails here.
"""

import json
import re
import shlex
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from service.commands import NICENESS, WORKER_ENVIRONMENT, gateway_command, worker_command
from tests.composed import ROOT, START_S, Require, Service, Stack, compose_config, read_services
from tests.processes import ask, eventually, processes_of

FIVE_POINTS = {"x": [-1.5, -1, 0, 0.25, 2], "y": [0.7, -0.3, -0.3, 0.4, 0.2]}


@pytest.fixture(scope="module")
def services(require_binary: Require) -> dict[str, Service]:
    return read_services(require_binary("docker-compose"))


@pytest.fixture(scope="module")
def stack(
    services: dict[str, Service], require_binary: Require, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """All services of the file, running and healthy."""
    require_binary("redis-server")
    require_binary("redis-cli")
    stack = Stack(services, tmp_path_factory.mktemp("stack"))
    try:
        stack.start_all()
        yield stack
    finally:
        stack.close()


def test_no_password_no_service(require_binary: Require) -> None:
    refused = compose_config(require_binary("docker-compose"))
    assert refused.returncode != 0
    assert "set it in the file .env" in refused.stderr


def test_one_service_a_queue_with_the_launchers_command_line(services: dict[str, Service]) -> None:
    expected = {f"worker-{queue}": ["python", *worker_command([queue])] for queue in NICENESS}
    found = {name: told["command"] for name, told in services.items() if name.startswith("worker-")}
    assert found == expected
    for name in found:
        assert services[name]["environment"].items() >= WORKER_ENVIRONMENT.items()


def test_the_gateway_has_the_launchers_command_line(services: dict[str, Service]) -> None:
    expected = ["python", *gateway_command("0.0.0.0", 8000, grace_s=20)]  # noqa: S104
    assert services["gateway"]["command"] == expected


def test_only_the_proxy_is_published_and_on_this_machine_only(services: dict[str, Service]) -> None:
    assert [name for name, told in services.items() if "ports" in told] == ["proxy"]
    assert services["proxy"]["ports"] == ["127.0.0.1:8000:8080/tcp"]
    assert [name for name, told in services.items() if "outside" in told["networks"]] == ["proxy"]


def test_callers_need_a_key(services: dict[str, Service]) -> None:
    assert services["gateway"]["environment"]["MINNORM_AUTHENTICATION"] == "on"


def test_nobody_is_root(services: dict[str, Service]) -> None:
    assert services["proxy"]["user"] == "101:101"
    assert services["redis"]["user"] == "redis"  # all others run the image, see below
    assert {told.get("image") for told in services.values() if "user" not in told} == {"minnorm:latest"}


def test_every_service_is_confined_and_restarted(services: dict[str, Service]) -> None:
    for name, told in services.items():
        assert told["restart"] == "unless-stopped", name
        assert told["read_only"] is True, name
        assert told["cap_drop"] == ["ALL"], name
        assert told["security_opt"] == ["no-new-privileges:true"], name
        assert "stop_grace_period" in told, name
        assert "healthcheck" in told, name


def test_the_grace_of_a_container_is_longer_than_that_of_its_program(services: dict[str, Service]) -> None:
    assert services["gateway"]["stop_grace_period"] == "30s"
    assert services["gateway"]["command"][-1] == "20"
    assert services["worker-batch"]["stop_grace_period"] == "40s"
    assert services["worker-batch"]["environment"]["MINNORM_SHUTDOWN_S"] == "20"


def test_the_image_runs_the_same_gateway_from_locked_packages() -> None:
    text = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text())
    words = {line.split()[0]: line.split(maxsplit=1)[1] for line in text.splitlines() if line[:1].isupper()}
    assert json.loads(words["CMD"]) == ["python", *gateway_command("0.0.0.0", 8000, grace_s=20)]  # noqa: S104
    assert shlex.split(words["HEALTHCHECK"].split(" CMD ")[1].strip('[]"').replace('", "', " ")) == [
        "python",
        "-m",
        "service.probes",
    ]
    assert words["USER"] == "minnorm"
    assert "--require-hashes --no-deps -r requirements.lock" in text
    assert "requirements-dev" not in text


def test_redis_keeps_what_it_accepts_and_knows_its_clients(stack: Stack) -> None:
    log = stack.output("redis")
    assert "WARNING: no password" not in log
    assert list((stack.folder / "appendonlydir").glob("*.aof"))
    bare = ["redis-cli", "-p", str(stack.redis_port), "set", "a", "b"]
    refused = subprocess.run(bare, capture_output=True, text=True, check=False)
    assert "NOAUTH" in refused.stdout + refused.stderr


def test_the_gateway_says_that_it_is_ready(stack: Stack) -> None:
    eventually(lambda: ask(stack.port, "/readyz")[0] == 200, what="ready")


def test_who_has_no_key_is_refused(stack: Stack) -> None:
    assert ask(stack.way_in, "/v1/interpolations", FIVE_POINTS)[0] == 401
    assert stack.ask("/v1/trainings", FIVE_POINTS)[0] == 403


def test_a_small_problem_is_answered_at_once(stack: Stack) -> None:
    status, job = stack.ask("/v1/interpolations", FIVE_POINTS)
    assert (status, job["state"], job["outcome"]) == (200, "succeeded", "optimal")


def test_on_demand_it_goes_through_the_queue_with_the_same_answer(stack: Stack) -> None:
    inline = stack.ask("/v1/interpolations", FIVE_POINTS)[1]["result"]
    status, job = stack.ask("/v1/interpolations", FIVE_POINTS, {"Prefer": "respond-async"})
    assert status == 202

    def finished() -> dict[str, Any]:
        seen = stack.ask(f"/v1/jobs/{job['id']}")[1]
        return seen if seen["state"] not in ("queued", "running") else {}

    assert eventually(finished, START_S, "the job has ended")["state"] == "succeeded"
    assert stack.ask(f"/v1/jobs/{job['id']}/result")[1] == inline
    told = {name: lines_about(stack, name, job["id"]) for name in ("gateway", "worker-interactive")}
    assert {line["request_id"] for line in told["worker-interactive"]} == {told["gateway"][0]["request_id"]}
    assert stack.headers["Authorization"].split()[1] not in stack.output("gateway")


def lines_about(stack: Stack, name: str, job_id: str) -> list[dict[str, Any]]:
    """What a service has logged of a job."""
    lines = (json.loads(line) for line in stack.output(name).splitlines() if line.startswith("{"))
    return [line for line in lines if line.get("job_id") == job_id]


def test_sigterm_ends_all_in_good_order(stack: Stack) -> None:
    """The last test of the stack: it is gone afterwards."""
    # Redis last, as an engine does it: the others depend on it, and would complain.
    statuses = {name: stack.terminate(name) for name in reversed(stack.processes)}
    # uvicorn passes the signal on to itself when it is done.
    assert statuses.pop("gateway") in (0, -signal.SIGTERM)
    assert set(statuses.values()) == {0}, [stack.output(name) for name, status in statuses.items() if status]
    for name in stack.processes:
        assert "Traceback" not in stack.output(name), stack.output(name)
        if name.startswith(("gateway", "worker")):
            lines = [line for line in stack.output(name).splitlines() if line.startswith("{")]
            assert all(json.loads(line)["level"] in ("info", "warning") for line in lines), lines
    eventually(lambda: not processes_of(stack.folder), what="no process is left")
