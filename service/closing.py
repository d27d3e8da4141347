"""Hearing early that the server is to end: uvicorn tells the app only when the last request has been answered."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def told_of_the_end(tell: Callable[[], None]) -> Iterator[None]:
    """Call `tell` on SIGTERM and SIGINT, before the handlers that are there; outside the main thread, never."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    for number, handler in handlers.items():
        signal.signal(number, _before(handler, tell))
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _before(handler: Any, tell: Callable[[], None]) -> Callable[[int, FrameType | None], None]:
    def handle(number: int, frame: FrameType | None) -> None:
        tell()
        if callable(handler):
            handler(number, frame)

    return handle
