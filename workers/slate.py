"""A few numbers that a worker and its runner see both, at the price of a memory access instead of a message.

The runner notes on it what it has in hand. That outlives the runner, so it tells which item of a chunk killed it.
"""

import mmap
import os
import sys
import tempfile
import time
from typing import BinaryIO, cast

SIZE = 24


def blank() -> BinaryIO:
    """A file without a name, to be handed to the runner by its descriptor; in memory where the kernel offers that."""
    if sys.platform == "linux":
        file: BinaryIO = os.fdopen(os.memfd_create("slate"), "w+b")
    else:
        file = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 - the caller closes it
    file.truncate(SIZE)
    return file


class Slate:
    """What is in hand, since when, and whether it shall stop. Each is one aligned word, written by one side at a time.

    Parameters
    ----------
    descriptor
        Of a file made by `blank`; it may be closed afterwards.
    """

    def __init__(self, descriptor: int) -> None:
        words = memoryview(mmap.mmap(descriptor, SIZE))
        self._numbers = words[:16].cast("Q")
        self._times = words[16:].cast("d")

    def begin(self, item: int) -> float:
        """Note the start of an item; the time of that. The time goes first: see `look`."""
        self._times[0] = now = time.monotonic()  # one clock for all processes of a machine
        self._numbers[0] = item
        return now

    def look(self) -> tuple[int, float]:
        """The item in hand, and a time that is not before its start: so no item is taken to be older than it is."""
        item = self._numbers[0]
        return item, self._times[0]

    @property
    def stop(self) -> bool:
        """Whether the worker wants an end of what is in hand. It says so before it sends the signal."""
        return bool(self._numbers[1])

    @stop.setter
    def stop(self, wanted: bool) -> None:
        self._numbers[1] = wanted
