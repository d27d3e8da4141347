"""Bodies that come compressed (`Content-Encoding`): decoded in small pieces, and never beyond a limit."""

import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import zstandard

from service.gathering import RawBody
from service.refusals import BodyTooLarge, InvalidEncoding, UnsupportedEncoding

WINDOWS = {"gzip": 2**12, "zstd": 2**8}
"""So many bytes are decoded at a time: at most 4 MB comes of them with gzip, 8 MB with zstd."""
MOST_RATIOS = {"gzip": 500, "zstd": 10_000}
RATIO_FROM_BYTES = 16 * 2**20
"""From so much on, what is so many times as long as it came is a bomb, and refused before it has reached any limit.

Both can do more than that (1,000 and 30,000 times), but not with numbers of which any two differ.
"""
MOST_MEMBERS = 10_000
"""A gzip or zstd file may be several behind each other; each costs time although it be empty."""
_LARGEST_ZSTD_WINDOW = 2**23  # RFC 9659

_STARTS: Mapping[str, Callable[[], Any]] = {
    "gzip": lambda: zlib.decompressobj(wbits=31),
    "zstd": lambda: zstandard.ZstdDecompressor(max_window_size=_LARGEST_ZSTD_WINDOW).decompressobj(),
}
ENCODINGS = tuple(_STARTS)
_NONE = frozenset(("", "identity"))


def encoding_of(header: str) -> str | None:
    """The encoding that a header `Content-Encoding` names, if it names any. Raises `UnsupportedEncoding`."""
    if not header:
        return None
    name = header.strip().lower().removeprefix("x-")
    if name in _NONE:
        return None
    if name not in _STARTS:
        raise UnsupportedEncoding(f"Content-Encoding: one of {', '.join(ENCODINGS)}, or the body as it is.")
    return name


class Decoder:
    """Takes a compressed body part by part."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._inner: Any = None
        self._members = 0
        self._taken = 0
        self._given = 0

    def pieces(self, part: RawBody) -> Iterator[bytes]:
        """What the next part of the body adds. Raises `InvalidEncoding`, `BodyTooLarge`."""
        window = WINDOWS[self._encoding]
        for start in range(0, len(part), window):
            rest = part[start : start + window]
            self._taken += len(rest)
            while rest:
                piece = self._decoded(rest)
                self._given += len(piece)
                self._check_ratio()
                yield piece
                rest = self._inner.unused_data

    def _check_ratio(self) -> None:
        most = MOST_RATIOS[self._encoding]
        if self._given > max(RATIO_FROM_BYTES, most * self._taken):
            raise BodyTooLarge(f"Decoded, the body is more than {most} times as long.")

    def end(self) -> None:
        """Raise `InvalidEncoding` unless the body is whole."""
        if self._inner is None or not self._inner.eof:
            raise InvalidEncoding(f"The body ends before its {self._encoding} data do.")

    def _decoded(self, window: bytes) -> bytes:
        if self._inner is None or self._inner.eof:
            self._members += 1
            self._inner = _STARTS[self._encoding]()
        if self._members > MOST_MEMBERS:
            raise InvalidEncoding(f"The body is more than {MOST_MEMBERS} pieces of {self._encoding} data.")
        try:
            return bytes(self._inner.decompress(window))
        except (zlib.error, zstandard.ZstdError):
            raise InvalidEncoding(f"The body is no {self._encoding} data, or damaged.") from None


def decoded(body: RawBody, encoding: str, limit: int) -> bytes:
    """The decoded body. Raises `BodyTooLarge`, `InvalidEncoding`.

    Its size is counted first, so that what is too large is never in memory.
    """
    for _ in _pieces(body, encoding, limit):
        pass
    return b"".join(_pieces(body, encoding, limit))


def _pieces(body: RawBody, encoding: str, limit: int) -> Iterator[bytes]:
    decoder, size = Decoder(encoding), 0
    for piece in decoder.pieces(body):
        size += len(piece)
        if size > limit:
            raise BodyTooLarge(f"Decoded, the body is longer than {limit} bytes.")
        yield piece
    decoder.end()
