"""A solver for tests of the job machinery: each kind of job behaves, or misbehaves, in its own way.

A runner loads it when `MINNORM_SOLVER` is `tests.workers.kinds`.
"""

import ctypes
import json
import os
import re
import resource
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from workers.minnorm.errors import TooFewPoints

ENGINE = "test-engine 1"


@dataclass(frozen=True)
class Answer:
    """As `workers.compute` has it."""

    outcome: str
    result: bytes


def warm_up() -> None:
    pass


def solve(kind: str, payload: bytes) -> Answer:
    return Answer("optimal", KINDS[kind](payload))


def echo(payload: bytes) -> bytes:
    return payload


def slow(payload: bytes) -> bytes:
    """Take `seconds`, in slices, as a Python loop would."""
    end = time.monotonic() + json.loads(payload).get("seconds", 0)
    while time.monotonic() < end:
        time.sleep(0.01)
    return payload


def tell_pid(payload: bytes) -> bytes:
    """Write the own pid to the file `pid`, then take `seconds`."""
    Path(json.loads(payload)["pid"]).write_text(str(os.getpid()))
    return slow(payload)


def count(payload: bytes) -> bytes:
    """Append one byte to the file `executions`, then take `seconds`."""
    with Path(json.loads(payload)["executions"]).open("ab") as file:
        file.write(b".")
    return slow(payload)


def endless(payload: bytes) -> bytes:
    """Hold the interpreter's lock for ages, in compiled code that looks at no signal."""
    re.match("(a|a)+$", "a" * 60 + "b")
    return payload


def kill(payload: bytes) -> bytes:
    os.kill(os.getpid(), signal.SIGKILL)
    return payload


def segfault(payload: bytes) -> bytes:
    ctypes.string_at(0)
    return payload


def leave(_: bytes) -> bytes:
    os._exit(0)


def hog(_: bytes) -> bytes:
    """Take more memory than any test allows."""
    return bytes(2**40)


def refuse(_: bytes) -> bytes:
    raise TooFewPoints("At least two points are needed.", "/x")


def stumble(_: bytes) -> bytes:
    raise ZeroDivisionError("a secret of the inside")


def shout(payload: bytes) -> bytes:
    """Print, which must not disturb the pipes."""
    print("x" * 100_000)  # noqa: T201
    os.write(1, b"y" * 100_000)
    return payload


def surroundings(_: bytes) -> bytes:
    """Tell what this process may use."""
    limits = {"address_space": resource.getrlimit(resource.RLIMIT_AS)[0], "group": os.getpgrp()}
    return json.dumps(dict(os.environ) | limits).encode()


KINDS: dict[str, Callable[[bytes], bytes]] = {
    function.__name__: function
    for function in (
        echo, slow, tell_pid, count, endless, kill, segfault, leave, hog, refuse, stumble, shout,
        surroundings,
    )
}  # fmt: skip
