"""A time limit that costs nothing as long as nothing has to be waited for."""

import asyncio
from collections.abc import Coroutine, Generator
from functools import partial
from types import coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def within(seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """What `work` returns. Raises `TimeoutError` if it waits for longer.

    A timer is started only once it waits: to start and stop one takes longer than to read a small body that is there.
    """
    try:
        waiting = work.send(None)
    except StopIteration as ended:
        found: T = ended.value
        return found
    async with asyncio.timeout(seconds):
        return await _resumed(work, waiting)


@coroutine
def _resumed(work: Coroutine[Any, Any, T], waiting: Any) -> Generator[Any, Any, T]:
    """Hand on what `work` is waiting for, and to it what comes of that, until it ends."""
    while True:
        try:
            go_on = partial(work.send, (yield waiting))
        except BaseException as error:  # noqa: BLE001 (it is handed on: that the time is up, for one)
            go_on = partial(work.throw, error)
        try:
            waiting = go_on()
        except StopIteration as ended:
            found: T = ended.value
            return found
