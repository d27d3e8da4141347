"""The commands of docs/formats.md, as they stand there, and what only a running service shows."""

import gzip
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import orjson
import pytest
import zstandard

from tests.launched import Launched
from tests.processes import ask

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "formats.md").read_text()
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
SHOWN = re.findall(r"```sh\n([^\n]*)\n```\n\n```\n(.*?)```", PAGE, re.DOTALL)
PROGRAMS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
NILE = (ROOT / "tests" / "data" / "nile.csv").read_bytes()


def run(command: str, service: Launched) -> bytes:
    here = command.replace("127.0.0.1:8000", f"127.0.0.1:{service.port}")
    done = subprocess.run(["bash", "-c", here], capture_output=True, check=True, timeout=60, cwd=ROOT)  # noqa: S607
    return done.stdout


def peak_kb(pid: int) -> int:
    """The most memory that a process ever had."""
    return int(re.findall(r"VmHWM:\s*(\d+)", Path(f"/proc/{pid}/status").read_text())[0])


def computed_s(pid: int) -> float:
    """For how long a process has computed; a pause of the machine does not count."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_work(command: str, service: Launched) -> None:
    answer = run(command, service)
    if "Accept: text/csv" in command:
        assert answer.startswith(b"x,")
        assert answer.count(b"\n") > 3
    elif "Accept: image/svg+xml" in command:
        assert b"<svg" in answer
    else:
        assert orjson.loads(answer)["state"] == "succeeded"


@pytest.mark.parametrize(("command", "shown"), SHOWN)
def test_tables_are_those_shown(command: str, shown: str, service: Launched) -> None:
    first = [line.split(",") for line in run(command, service).decode().splitlines()]
    for line, (wanted, found) in enumerate(zip(map(str.strip, shown.splitlines()), first, strict=False)):
        if line == 0:
            assert wanted.split(",") == found
        else:
            assert list(map(float, wanted.split(","))) == pytest.approx(list(map(float, found)), rel=1e-4)


@pytest.mark.parametrize("program", PROGRAMS)
def test_programs_work(program: str, service: Launched) -> None:
    here = program.replace("127.0.0.1:8000", f"127.0.0.1:{service.port}")
    command = [sys.executable, "-W", "ignore", "-c", here]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "fitted" in done.stdout


def test_jobs_come_as_tables(service: Launched) -> None:
    address = f"http://127.0.0.1:{service.port}"
    headers = {"Content-Type": "text/csv", "Accept": "text/csv", "Prefer": "respond-async", "Cache-Control": "no-cache"}
    with httpx.Client(base_url=address) as client:
        queued = client.post("/v1/interpolations?standardise=true", content=NILE, headers=headers)
        assert (queued.status_code, queued.headers["content-type"]) == (202, "application/json")
        asked = {"Accept": "text/csv", "Prefer": "wait=30"}
        answer = client.get(queued.headers["location"], params={"table": "kinks"}, headers=asked)
    assert answer.text.startswith("x,value,slope_change,slope\n")


@pytest.mark.parametrize(("encoding", "compress"), [("gzip", gzip.compress), ("zstd", zstandard.compress)])
def test_a_bomb_costs_little(service: Launched, encoding: str, compress: Callable[[bytes], bytes]) -> None:
    gateway, bomb = service.pid_of("uvicorn"), compress(bytes(2**30))
    before, started_s = peak_kb(gateway), computed_s(gateway)
    headers = {"Content-Type": "application/json", "Content-Encoding": encoding}
    for path in ("interpolations", "regressions"):
        url = f"http://127.0.0.1:{service.port}/v1/{path}"
        assert httpx.post(url, content=bomb, headers=headers, timeout=30).status_code == 413
    assert computed_s(gateway) - started_s < 0.5  # to decode all of it, twice, takes longer
    assert peak_kb(gateway) - before < 64 * 2**10
    assert ask(service.port, "/livez")[0] == 200


@pytest.mark.parametrize(("encoding", "compress"), [("gzip", gzip.compress), ("zstd", zstandard.compress)])
def test_batches_come_compressed(service: Launched, encoding: str, compress: Callable[[bytes], bytes]) -> None:
    items = [
        {"custom_id": f"{number}", "kind": "interpolations", "body": {"x": [0, 1, 2], "y": [0, number, 1]}}
        for number in range(500)
    ]
    body = compress(b"\n".join(map(orjson.dumps, items)))
    headers = {"Content-Type": "application/x-ndjson", "Content-Encoding": encoding}
    with httpx.Client(base_url=f"http://127.0.0.1:{service.port}", timeout=60) as client:
        batch = client.post("/v1/batches", content=body, headers=headers)
        assert batch.status_code == 202, batch.text
        lines = client.get(batch.json()["links"]["results"], headers={"Accept-Encoding": "gzip, zstd"})
    assert "content-encoding" not in lines.headers
    found = [orjson.loads(line) for line in lines.text.splitlines()]
    assert {line["custom_id"] for line in found} == {item["custom_id"] for item in items}
    assert all("result" in line for line in found)
