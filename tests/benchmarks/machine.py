"""On what the figures were measured."""

import datetime as dt
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path

from workers.minnorm import ENGINE

_PACKAGES = ("numpy", "numba", "scipy", "cvxpy", "clarabel", "fastapi", "uvicorn")


def description() -> str:
    """Processor, cores, load and versions."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count()
    packages = ", ".join(f"{package} {version(package)}" for package in _PACKAGES)
    day = dt.datetime.now(dt.UTC).date()
    return (
        f"{day}, {ENGINE}, {_processor()}, {cores} cores, load {os.getloadavg()[0]:.1f} before the start, "
        f"{platform.system()}, Python {platform.python_version()}, {packages}."
    )


def _processor() -> str:
    """Its name, where the system tells, and its kind."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text().splitlines() if told.exists() else []
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return " ".join([*names[:1], platform.machine()])
