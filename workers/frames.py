"""The language of the two pipes between a worker and its runner: a JSON head, then a body of opaque bytes."""

import json
import struct
from typing import Any, BinaryIO

LENGTH = struct.Struct("!Q")


def write_message(pipe: BinaryIO, head: dict[str, Any], body: bytes = b"") -> None:
    """Write one message and push it out."""
    for part in (json.dumps(head).encode(), body):
        pipe.write(LENGTH.pack(len(part)))
        pipe.write(part)
    pipe.flush()


def read_message(pipe: BinaryIO) -> tuple[dict[str, Any], bytes]:
    """Read one message; EOFError if the other side has gone, even in the middle of one."""
    head = json.loads(_read_part(pipe))
    return head, _read_part(pipe)


def _read_part(pipe: BinaryIO) -> bytes:
    (length,) = LENGTH.unpack(_read_exactly(pipe, LENGTH.size))
    return _read_exactly(pipe, length)


def _read_exactly(pipe: BinaryIO, length: int) -> bytes:
    data = pipe.read(length)
    if len(data) < length:
        raise EOFError("The other end of the pipe is closed.")
    return data
