"""Peaks of memory, as the kernel counts them: what compiled code allocates is seen by no Python tool."""

import ctypes
from pathlib import Path

_FORGET_PEAK = "5"


def peak_of(pid: int) -> int:
    """The most bytes that a process has held since `forget_peak`."""
    return _status(pid, "VmHWM")


def held_by(pid: int) -> int:
    """The bytes that it holds."""
    return _status(pid, "VmRSS")


def forget_peak(pid: int) -> None:
    """From now on."""
    Path(f"/proc/{pid}/clear_refs").write_text(_FORGET_PEAK)


def give_back() -> None:
    """Have this process return what it has freed, so that it is counted when it is used again."""
    ctypes.CDLL(None).malloc_trim(0)


def _status(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))
