"""How much an Arrow stream would become, read from its messages before anything is decompressed.

Buffers may be compressed one by one; each then begins with its length (Arrow columnar format, "Compression"). Messages
are flatbuffers; only what is needed of them is read here.
"""

import struct
from collections.abc import Iterator
from typing import Any

_RECORD_BATCH, _DICTIONARY_BATCH = 3, 2
_HEADER_TYPE, _HEADER = 1, 2
_LENGTH, _BUFFERS, _COMPRESSION = 0, 2, 3
_DICTIONARY_DATA = 1
_OLD_COMPRESSION = b"ARROW:experimental_compression"
_BUFFER = struct.Struct("<qq")
_PREFIX = struct.Struct("<q")


def sizes_of(message: Any) -> tuple[int, int]:
    """Rows of a message of a stream, and bytes of its buffers once they are decompressed. Raises `struct.error`."""
    table = _Table.root(memoryview(message.metadata))
    kind = table.byte(_HEADER_TYPE)
    if kind not in (_RECORD_BATCH, _DICTIONARY_BATCH):
        return 0, 0
    batch = table.table(_HEADER)
    if kind == _DICTIONARY_BATCH:
        batch = batch.table(_DICTIONARY_DATA)
    rows = batch.long(_LENGTH) if kind == _RECORD_BATCH else 0
    body = memoryview(message.body)
    if not batch.has(_COMPRESSION) and _OLD_COMPRESSION not in bytes(message.metadata):
        return rows, len(body)
    # Several buffers may lie at one place, and each is decompressed.
    return rows, sum(_decompressed(body, *place) for place in batch.pairs(_BUFFERS))


def _decompressed(body: memoryview, offset: int, length: int) -> int:
    if length < _PREFIX.size:
        return 0
    if offset < 0:
        raise struct.error("before the beginning")
    (size,) = _PREFIX.unpack_from(body, offset)
    return max(int(size), length)  # -1: it is not compressed after all


class _Table:
    """A table of a flatbuffer: a place that points to a list of the places of its fields."""

    def __init__(self, buffer: memoryview, place: int) -> None:
        self._buffer = buffer
        self._place = place
        self._fields = place - self._read("<i", place)

    @classmethod
    def root(cls, buffer: memoryview) -> "_Table":
        return cls(buffer, int(struct.unpack_from("<I", buffer)[0]))

    def _read(self, form: str, place: int) -> int:
        if place < 0:  # struct would count from the end
            raise struct.error("before the beginning")
        return int(struct.unpack_from(form, self._buffer, place)[0])

    def _where(self, field: int) -> int | None:
        entry = 4 + 2 * field
        if entry >= self._read("<H", self._fields):
            return None
        offset = self._read("<H", self._fields + entry)
        return self._place + offset if offset else None

    def has(self, field: int) -> bool:
        return self._where(field) is not None

    def byte(self, field: int) -> int:
        where = self._where(field)
        return 0 if where is None else self._read("<B", where)

    def long(self, field: int) -> int:
        where = self._where(field)
        return 0 if where is None else self._read("<q", where)

    def _target(self, field: int) -> int:
        where = self._where(field)
        if where is None:
            raise struct.error("no such field")
        return where + self._read("<I", where)

    def table(self, field: int) -> "_Table":
        return _Table(self._buffer, self._target(field))

    def pairs(self, field: int) -> Iterator[tuple[int, int]]:
        """A vector of pairs of long integers."""
        place = self._target(field)
        count = self._read("<I", place)
        end = place + 4 + _BUFFER.size * count
        if end > len(self._buffer):
            raise struct.error("behind the end")
        return _BUFFER.iter_unpack(self._buffer[place + 4 : end])
