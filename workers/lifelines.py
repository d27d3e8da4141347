"""Processes that do not outlive the one that started them, however that one ended."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

# Loaded here: after a fork it is too late for that.
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1


def die_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """Make a `preexec_fn` after which the kernel sends the signal when the calling thread is gone.

    The thread, not the process: start the child in a thread that stays, best the main one.

    Returns
    -------
    Callable or None
        None where the kernel has no such service: only Linux has it.
    """
    if _LIBC is None:
        return None
    prctl, parent = _LIBC.prctl, os.getpid()

    def arrange() -> None:
        prctl(_PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # it went in between
            os._exit(1)

    return arrange
