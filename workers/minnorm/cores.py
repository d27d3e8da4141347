"""A second core for large problems, in processes that have one to spare."""

import os
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import TypeVar

First = TypeVar("First")
Second = TypeVar("Second")

_spare: Executor | None = None


def use_spare_cores() -> None:
    """For a process beside which nobody else computes. Workers are one a core, and have none to spare."""
    global _spare  # noqa: PLW0603 (of the process, as its cores are)
    others = len(os.sched_getaffinity(0)) - 1 if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1) - 1
    if others and _spare is None:
        _spare = ThreadPoolExecutor(others, thread_name_prefix="spare-core")


def both(first: Callable[[], First], second: Callable[[], Second]) -> tuple[First, Second]:
    """What the two return, which work at the same time where a core is free: compiled code holds no lock."""
    if _spare is None:
        return first(), second()
    later = _spare.submit(second)
    found = first()
    return found, second() if later.cancel() else later.result()
