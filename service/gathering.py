"""The bytes of a body, put together as they arrive."""

import contextlib
import mmap
from typing import Protocol

from service.refusals import InvalidJson

RawBody = bytes | mmap.mmap
"""What has been put together; both are read in the same way."""

LONG_BYTES = 2**22
"""From so much on NumPy, too, asks the system for huge pages."""
_HUGE_PAGE_BYTES = 2**21


class Gathering(Protocol):
    """Takes the parts of a body, one after the other."""

    def add(self, part: bytes) -> None:
        """The next part."""

    def whole(self) -> RawBody:
        """The body, once it has ended."""


def gathering_of(length: int | None) -> Gathering:
    """For a body of a length that has been declared, or is not known."""
    return _InPlace(length) if length is not None and length >= LONG_BYTES else _InParts()


class _InParts:
    """Keeps the parts, and joins them in the end: for a moment there are two of each."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def add(self, part: bytes) -> None:
        self._parts.append(part)

    def whole(self) -> bytes:
        return b"".join(self._parts)


class _InPlace:
    """Puts each part where it belongs, in fresh memory of huge pages: to have it cleared page by page takes longer.

    Memory is taken as it is filled, and the first of it in small pages: whoever declares much and sends little has
    little.
    """

    def __init__(self, length: int) -> None:
        self._block, self._size = mmap.mmap(-1, length, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS), 0
        if hasattr(mmap, "MADV_HUGEPAGE"):
            with contextlib.suppress(OSError):  # not every kernel has them
                self._block.madvise(mmap.MADV_HUGEPAGE, _HUGE_PAGE_BYTES)

    def add(self, part: bytes) -> None:
        end = self._size + len(part)
        if end > len(self._block):
            raise _other_length()
        self._block[self._size : end] = part
        self._size = end

    def whole(self) -> mmap.mmap:
        if self._size < len(self._block):
            raise _other_length()
        return self._block


def _other_length() -> InvalidJson:
    # The server sees to that; other ones may not.
    return InvalidJson("The body is not as long as its header Content-Length says.")
