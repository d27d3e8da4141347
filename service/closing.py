"""Hearing early that the server is to end: uvicorn tells the app only when the last request has been answered."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def told_of_the_end(tell: Callable[[], None]) -> Iterator[None]:
    """Have the running loop call `tell` on SIGTERM and SIGINT; outside the main thread, never.

    The handlers that are there are called as well. The signal itself may arrive at any line of the main thread, also
    where that holds a lock which `tell` would then wait for until the process is killed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    for number, handler in handlers.items():
        signal.signal(number, _before(handler, partial(loop.call_soon_threadsafe, tell)))
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _before(handler: Any, tell: Callable[[], object]) -> Callable[[int, FrameType | None], None]:
    def handle(number: int, frame: FrameType | None) -> None:
        tell()
        if callable(handler):
            handler(number, frame)

    return handle
