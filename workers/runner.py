"""The process that computes, a warm child of a worker: `python -m workers.runner`.

It reads problems from its standard input and writes answers to its standard output (see `frames`). Whatever
happens in here (a segmentation fault, too much memory, an endless loop) costs this process and one attempt at
one job, never the worker. It knows neither Redis nor Celery.
"""

import ctypes
import logging
import os
import resource
import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

from workers.frames import read_message, write_message
from workers.minnorm.errors import MinnormError
from workers.settings import WorkerSettings, worker_settings

PR_SET_PDEATHSIG = 1
"""From <linux/prctl.h>."""

logger = logging.getLogger(__name__)


class Answer(Protocol):
    """What a solver returns."""

    @property
    def outcome(self) -> str:
        """How the mathematics ended."""

    @property
    def result(self) -> bytes:
        """JSON."""


class Solver(Protocol):
    """What the module named by the setting `solver` offers; its `ENGINE`, if any, is recorded with each job."""

    def warm_up(self) -> None:
        """Load or compile everything, so that no job waits for it."""

    def solve(self, kind: str, payload: bytes) -> Answer:
        """Solve one problem."""


def main() -> None:
    """Serve until the worker closes the pipe."""
    settings = worker_settings()
    _bind_life_to_parent()
    _limit_memory(settings)
    logging.basicConfig(level=logging.INFO, format="[%(asctime)s: %(levelname)s/runner] %(message)s")
    problems, answers = _take_pipes()
    solver = cast("Solver", import_module(settings.solver))
    solver.warm_up()
    write_message(answers, {"engine": getattr(solver, "ENGINE", "")})
    try:
        while True:
            _serve_one(solver, problems, answers)
    except (EOFError, BrokenPipeError):
        pass  # the worker has gone, or no longer needs this process


def _serve_one(solver: Solver, problems: BinaryIO, answers: BinaryIO) -> None:
    head, payload = read_message(problems)
    answer, result = _solve(solver, str(head["kind"]), payload)
    write_message(answers, answer, result)


def _solve(solver: Solver, kind: str, payload: bytes) -> tuple[dict[str, Any], bytes]:
    try:
        answer = solver.solve(kind, payload)
    except MinnormError as error:
        return _failure(error.code, str(error), error.pointer), b""
    except MemoryError:
        logger.exception("A job of kind %s needs more memory than it may have", kind)
        return _failure("memory-limit", "The computation needs more memory than a job may have."), b""
    except Exception:
        logger.exception("A job of kind %s failed", kind)
        return _failure("internal-error", "The computation failed because of a defect in this service."), b""
    return {"outcome": answer.outcome}, answer.result


def _failure(code: str, detail: str, pointer: str = "") -> dict[str, Any]:
    return {"error": {"code": code, "detail": detail, "pointer": pointer}}


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
