"""Real processes in tests: waiting with a deadline, free ports, and who is still there."""

import contextlib
import http.client
import json
import os
import secrets
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

Found = TypeVar("Found")

ENVIRONMENT = os.environ.copy()
"""For programs that threads start: pytest changes its own environment with every test, and a program that is just
being started with that one reads memory that has been given back (`Bad address`, or worse)."""


def eventually(look: Callable[[], Found], timeout_s: float = 60.0, what: str = "") -> Found:
    """Return the first true value of `look()`; the test fails if there is none in time."""
    deadline = time.monotonic() + timeout_s
    while not (found := look()):
        if time.monotonic() > deadline:
            pytest.fail(f"not within {timeout_s:g} s: {what or look}")
        time.sleep(0.02)
    return found


def free_port() -> int:
    """Return a TCP port of the loopback interface that nobody listens on.

    It is none of those that systems usually give to whoever asks for any, as each connection does: it would be taken
    before it is used.
    """
    while True:
        port = secrets.choice(range(20_000, 30_000))
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def processes_of(folder: Path) -> dict[int, str]:
    """Living processes whose environment mentions the folder or that work in it, and their command lines.

    The environment is inherited: a test that puts its own folder there finds all descendants, orphans too.
    Redis and Valkey write their title over it, but work in their data folder.
    """
    if not Path("/proc/self/environ").exists():
        pytest.skip("needs /proc")
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            works_in = os.fsencode(os.readlink(entry / "cwd"))  # noqa: PTH115 (may end in " (deleted)")
            if os.fsencode(folder) in (entry / "environ").read_bytes() + works_in:
                found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:  # it has just ended, or is not ours
            continue
    found.pop(os.getpid(), None)
    return found


def parent_of(pid: int) -> int:
    """Number of the process that has started this one; 0 if it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return int(status.partition("PPid:")[2].split(maxsplit=1)[0])


def ask(port: int, path: str, body: Any = None, headers: dict[str, str] | None = None) -> tuple[int, dict[str, Any]]:
    """GET, or POST if there is a body; status 0 if nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        method = "GET" if body is None else "POST"
        sent = None if body is None else json.dumps(body)
        connection.request(method, path, sent, {"Content-Type": "application/json"} | (headers or {}))
        response = connection.getresponse()
        return response.status, json.loads(response.read() or b"{}")
    except (OSError, http.client.HTTPException):
        return 0, {}
    finally:
        connection.close()


def end(process: subprocess.Popen[Any]) -> None:
    """Kill what a failed test left; harmless after a good end."""
    if process.poll() is None:
        process.kill()
    process.wait()
