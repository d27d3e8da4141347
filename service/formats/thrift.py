"""Structs of Thrift's compact protocol as dicts from the numbers of their fields, as far as Parquet needs it."""

from collections.abc import Mapping
from typing import Any

from service.gathering import RawBody

DEEPEST = 12
_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _STRUCT = 1, 2, 3, 7, 8, 12
_INTEGERS, _LISTS = (4, 5, 6), (9, 10)
_STOP = 0
_LONG_LIST = 15

Struct = Mapping[int, Any]


class Malformed(ValueError):
    """Bytes that are no such struct."""


class Reader:
    """Reads one struct after the other; `place` is where the next one begins."""

    def __init__(self, content: RawBody, place: int = 0) -> None:
        self._content = content
        self.place = place

    def struct(self, depth: int = 0) -> Struct:
        """The next struct. Raises `Malformed`, `IndexError`."""
        if depth > DEEPEST:
            raise Malformed("too deep")
        number, fields = 0, dict[int, Any]()
        while (head := self._byte()) != _STOP:
            number = number + (head >> 4) if head >> 4 else self._integer()
            kind = head & 15
            fields[number] = kind == _TRUE if kind in (_TRUE, _FALSE) else self._value(kind, depth)
        return fields

    def _value(self, kind: int, depth: int) -> Any:
        if kind in _INTEGERS:
            return self._integer()
        if kind == _STRUCT:
            return self.struct(depth + 1)
        if kind == _BINARY:
            return self._bytes(self._varint())
        if kind in _LISTS:
            return self._list(depth)
        if kind in (_TRUE, _FALSE, _BYTE, _DOUBLE):
            return self._bytes(8 if kind == _DOUBLE else 1)
        raise Malformed("an unknown type")

    def _list(self, depth: int) -> list[Any]:
        head = self._byte()
        count = self._varint() if head >> 4 == _LONG_LIST else head >> 4
        if count > len(self._content) - self.place:  # each takes a byte at least
            raise Malformed("too long")
        return [self._value(head & 15, depth + 1) for _ in range(count)]

    def _byte(self) -> int:
        self.place += 1
        return self._content[self.place - 1]

    def _bytes(self, count: int) -> bytes:
        found = self._content[self.place : self.place + count]
        self.place += count
        return found

    def _varint(self) -> int:
        value = 0
        for shift in range(0, 70, 7):
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise Malformed("too many digits")

    def _integer(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)
