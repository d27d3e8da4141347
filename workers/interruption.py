"""SIGINT as an exception, but only where one does no harm."""

import signal
from collections.abc import Callable
from typing import TypeVar

from workers.slate import Slate

Result = TypeVar("Result")


class Interruption:
    """Lets the worker end a computation without ending the process.

    A signal that comes late, when the answer is on its way or the process idles, does nothing, nor does one that the
    worker has not announced on the slate. The handler closes the gate before it raises, so it raises once at most.
    """

    def __init__(self, slate: Slate) -> None:
        self._slate = slate
        self._open = False
        signal.signal(signal.SIGINT, lambda *_: self._check())

    def allow(self, compute: Callable[[], Result]) -> Result:
        """Call something that may be interrupted: then, and only in here, `KeyboardInterrupt` is raised."""
        try:
            self._open = True
            self._check()
            return compute()
        finally:
            self._open = False

    def forbid(self, write: Callable[[], None]) -> None:
        """Call, from within `allow`, something that must not break off; a signal meanwhile counts afterwards."""
        self._open, was_open = False, self._open  # not open: it was interrupted, and takes its time to end
        write()
        self._open = was_open
        self._check()

    def _check(self) -> None:
        if self._open and self._slate.stop:
            self._open = False
            raise KeyboardInterrupt
