"""The process that computes, a warm child of a worker: `python -m workers.runner <descriptor of the slate>`.

It reads problems from its standard input and writes answers to its standard output (see `frames`). Whatever
happens in here (a segmentation fault, too much memory, an endless loop) costs this process and one attempt at
one job or one item of a chunk, never the worker. It knows neither Redis nor Celery.
"""

import ctypes
import logging
import os
import resource
import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import BinaryIO, cast

from workers import journal
from workers.desk import Desk, Solver
from workers.frames import write_message
from workers.settings import WorkerSettings, worker_settings
from workers.slate import Slate

PR_SET_PDEATHSIG = 1
"""From <linux/prctl.h>."""


def main() -> None:
    """Serve until the worker closes the pipe."""
    settings = worker_settings()
    _bind_life_to_parent()
    _limit_memory(settings)
    os.nice(settings.niceness)
    journal.set_up(settings.log)
    logging.basicConfig(level=logging.INFO, format="[%(asctime)s: %(levelname)s/runner] %(message)s")
    problems, answers = _take_pipes()
    solver = cast("Solver", import_module(settings.solver))
    desk = Desk(solver, (problems, answers), Slate(int(sys.argv[1])))
    solver.warm_up()
    try:
        write_message(answers, {"engine": getattr(solver, "ENGINE", "")})
        while True:
            desk.serve_one()
    except (EOFError, BrokenPipeError):
        pass  # the worker has gone, or no longer needs this process


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Move the pipes away from descriptors 0 and 1, where a stray print would break the messages."""
    problems, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return problems, answers


def _bind_life_to_parent() -> None:
    """Die with the worker, even in the middle of compiled code; elsewhere than on Linux only between jobs."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _limit_memory(settings: WorkerSettings) -> None:
    """Bound the address space, and be the first to go when the whole machine is short of memory."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = settings.job_memory_bytes if hard == resource.RLIM_INFINITY else min(settings.job_memory_bytes, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    if sys.platform == "linux":
        Path("/proc/self/oom_score_adj").write_text("500")


if __name__ == "__main__":
    main()
