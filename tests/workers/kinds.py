"""A solver for tests of the job machinery: each kind of job behaves, or misbehaves, in its own way.

A runner loads it when `MINNORM_SOLVER` is `tests.workers.kinds`.
"""

import collections
import ctypes
import itertools
import json
import os
import resource
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workers.minnorm.errors import TooFewPoints

ENGINE = "test-engine 1"
Tell = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True)
class Answer:
    """As `workers.compute` has it."""

    outcome: str
    result: bytes


def warm_up() -> None:
    time.sleep(float(os.environ.get("TEST_WARM_UP_S", "0")))


def answer(kind: str, problem: Any, tell: Tell) -> Answer:
    result = tell_all(problem, tell) if kind == "tell_all" else KINDS[kind](problem)
    return Answer("optimal", json.dumps(result).encode())


def echo(problem: Any) -> Any:
    return problem


def slow(problem: Any) -> Any:
    """Take `seconds`, in slices, as a Python loop would."""
    end = time.monotonic() + problem.get("seconds", 0)
    while time.monotonic() < end:
        time.sleep(0.01)
    return problem


def tell_all(problem: Any, tell: Tell) -> Any:
    """Tell the progress all the time for `seconds`."""
    start, seconds = time.monotonic(), problem["seconds"]
    told = 0
    while (fraction := (time.monotonic() - start) / seconds) < 1:
        tell({"fraction": fraction, "phase": "x" * problem.get("size", 1)})
        told += 1
    return told


def tell_pid(problem: Any) -> Any:
    """Write the own pid to the file `pid`, then take `seconds`."""
    Path(problem["pid"]).write_text(str(os.getpid()))
    return slow(problem)


def count(problem: Any) -> Any:
    """Append a `mark` to the file `executions`, then take `seconds`."""
    with Path(problem["executions"]).open("ab") as file:
        file.write(problem.get("mark", ".").encode())
    return slow(problem)


def endless(problem: Any) -> Any:
    """Hold the interpreter's lock for ever, in compiled code that looks at no signal."""
    collections.deque(itertools.repeat(0), maxlen=0)
    return problem


def kill(problem: Any) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)
    return problem


def kill_once(problem: Any) -> Any:
    """Die, unless the file `scar` tells of that."""
    scar = Path(problem["scar"])
    if not scar.exists():
        scar.touch()
        kill(problem)
    return problem


def segfault(problem: Any) -> Any:
    ctypes.string_at(0)
    return problem


def leave(_: Any) -> Any:
    os._exit(0)


def hog(_: Any) -> Any:
    """Take more memory than any test allows."""
    return len(bytes(2**40))


def refuse(_: Any) -> Any:
    raise TooFewPoints("At least two points are needed.", "/x")


def stumble(_: Any) -> Any:
    raise ZeroDivisionError("a secret of the inside")


def shout(problem: Any) -> Any:
    """Print, which must not disturb the pipes."""
    print("x" * 100_000)  # noqa: T201
    os.write(1, b"y" * 100_000)
    return problem


def surroundings(_: Any) -> Any:
    """Tell what this process may use."""
    limits = {"address_space": resource.getrlimit(resource.RLIMIT_AS)[0], "group": os.getpgrp(), "pid": os.getpid()}
    return dict(os.environ) | limits


KINDS: dict[str, Callable[[Any], Any]] = {
    function.__name__: function
    for function in (
        echo, slow, tell_pid, count, endless, kill, kill_once, segfault, leave, hog, refuse, stumble, shout,
        surroundings,
    )
}  # fmt: skip
