"""A solver for tests of the job machinery: each kind of job behaves, or misbehaves, in its own way.

A runner loads it when `MINNORM_SOLVER` is `tests.workers.kinds`.
"""

import collections
import ctypes
import hashlib
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

from workers.memory import Memory
from workers.minnorm.errors import TooFewPoints

ENGINE = "test-engine 1"
Tell = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True)
class Answer:
    """As `workers.compute` has it."""

    outcome: str
    result: bytes


def warm_up() -> None:
    """Take so long; wait for a file, if one is named, and take it away for the next one who gets warm."""
    time.sleep(float(os.environ.get("TEST_WARM_UP_S", "0")))
    if gate := os.environ.get("TEST_WARM_UP_GATE"):
        while not Path(gate).exists():
            time.sleep(0.01)
        Path(gate).unlink()


def answer(kind: str, problem: Any, tell: Tell, memory: Memory) -> Answer:
    if kind == "make_do":
        return make_do(problem)
    result = LONG[kind](problem, tell, memory) if kind in LONG else KINDS[kind](problem)
    return Answer("optimal", json.dumps(result).encode())


def echo(problem: Any) -> Any:
    return problem


def slow(problem: Any) -> Any:
    """Take `seconds`, and until the file `gate`, if any, exists; in slices, as a Python loop would."""
    end, gate = time.monotonic() + problem.get("seconds", 0), problem.get("gate")
    while time.monotonic() < end or (gate and not Path(gate).exists()):
        time.sleep(0.01)
    return problem


def make_do(problem: Any) -> Answer:
    """Take `seconds`, or what time there is; with `tidy`, take so long to end."""
    try:
        return Answer("optimal", json.dumps(slow(problem)).encode())
    except KeyboardInterrupt:
        time.sleep(problem.get("tidy", 0))
        return Answer("time_limit", b'"so far"')


def tell_all(problem: Any, tell: Tell, _: Memory) -> Any:
    """Tell the progress all the time for `seconds`, or until the file `gate`, if any, exists."""
    start, seconds, gate = time.monotonic(), problem["seconds"], problem.get("gate")
    told = 0
    while (fraction := (time.monotonic() - start) / seconds) < 1 and not (gate and Path(gate).exists()):
        tell({"fraction": fraction, "phase": "x" * problem.get("size", 1)})
        told += 1
    return told


def walk(problem: Any, tell: Tell, memory: Memory) -> Any:
    """Take `steps`, each of which depends on all before it, and save after each; begin with what was saved.

    The file `trace` gets a line for each step; `ballast` is how many bytes to save besides. At the steps of `gates`,
    which are numbers and files, it halts until the file exists, and goes on saving.
    """
    state = json.loads((memory.saved or b"").rstrip(b".") or b'{"step": 0, "digest": ""}')
    while True:
        tell({"fraction": state["step"] / problem["steps"], "step": state["step"]})
        memory.save(json.dumps(state).encode() + b"." * problem.get("ballast", 0))
        gate = problem.get("gates", {}).get(str(state["step"]))
        if gate and not Path(gate).exists():
            time.sleep(0.02)
        elif state["step"] == problem["steps"]:
            return state
        else:
            digest = hashlib.sha256(f"{state['digest']} {state['step']}".encode()).hexdigest()
            state = {"step": state["step"] + 1, "digest": digest}
            if "trace" in problem:
                with Path(problem["trace"]).open("a") as file:
                    file.write(f"{state['step']}\n")


def recall(problem: Any, _: Tell, memory: Memory) -> Any:
    """Save all of `states`, one after the other, and return what there was at first; `die`, unless there was something.

    Then take `seconds`.
    """
    for state in problem["states"]:
        memory.save(state.encode() * problem.get("times", 1))
    if problem.get("die") and memory.saved is None:
        kill(problem)
    slow(problem)
    return None if memory.saved is None else memory.saved.decode()


def hoard(_: Any, __: Tell, memory: Memory) -> Any:
    """Save something new all the time, get nowhere, and die of it."""
    memory.save(os.urandom(100))
    kill(None)


def tell_pid(problem: Any) -> Any:
    """Write the own pid to the file `pid`, then be `slow`; without that file it has ended."""
    Path(problem["pid"]).write_text(str(os.getpid()))
    slow(problem)
    Path(problem["pid"]).unlink(missing_ok=True)
    return problem


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
LONG: dict[str, Callable[[Any, Tell, Memory], Any]] = {
    function.__name__: function for function in (tell_all, walk, recall, hoard)
}
