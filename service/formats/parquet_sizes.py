"""How much columns of a Parquet file would become, read from its footer and the headers of its pages.

What the footer says of sizes need not be true, and pyarrow ends the process when it is asked about some damaged
footers ("Definition level histogram size mismatch", pyarrow 26), so that they are read here.
"""

import struct
from collections.abc import Collection, Iterator

from service.formats.thrift import Malformed, Reader, Struct
from service.gathering import RawBody

MOST_PAGES = 100_000
"""Of one column, in one row group."""
LONGEST_FOOTER = 2**20
_MAGIC = b"PAR1"
_TAIL = struct.Struct("<I4s")

_ROWS, _GROUPS = 3, 4
_COLUMNS, _ROWS_OF_GROUP = 1, 3
_COLUMN = 3
_PATH, _COMPRESSED_BYTES, _DATA_PAGES, _DICTIONARY_PAGE = 3, 7, 9, 11
_DECOMPRESSED_PAGE, _COMPRESSED_PAGE = 2, 3


def sizes_of(body: RawBody, names: Collection[bytes], most: int) -> tuple[int, int]:
    """Rows of a file, and bytes of these columns once they are decompressed, or more than `most`, soon.

    Raises
    ------
    Malformed
        It is damaged.
    """
    try:
        return _sizes(body, names, most)
    except (AttributeError, IndexError, KeyError, TypeError, struct.error):  # a field is missing, or something else
        raise Malformed("not as it should be") from None


def _sizes(body: RawBody, names: Collection[bytes], most: int) -> tuple[int, int]:
    footer = _footer(body)
    groups = footer[_GROUPS]
    if any(group[_ROWS_OF_GROUP] < 0 for group in groups):
        raise Malformed("a negative number of rows")
    rows = max(footer[_ROWS], sum(group[_ROWS_OF_GROUP] for group in groups))
    size = 0
    for column in _columns(groups, names):
        size += _pages(body, column, most)
        if size > most:
            break
    return rows, size


def _footer(body: RawBody) -> Struct:
    length, magic = _TAIL.unpack_from(body, len(body) - _TAIL.size)
    start = len(body) - _TAIL.size - length
    if magic != _MAGIC or start < 0 or length > LONGEST_FOOTER:
        raise Malformed("no footer, or a long one")
    return Reader(body[start : start + length]).struct()


def _columns(groups: list[Struct], names: Collection[bytes]) -> Iterator[Struct]:
    for group in groups:
        for chunk in group[_COLUMNS]:
            column: Struct = chunk[_COLUMN]
            if column[_PATH][0] in names:
                yield column


def _pages(body: RawBody, column: Struct, most: int) -> int:
    """Bytes of all pages of a column in a row group."""
    start = column[_DATA_PAGES]
    if 0 < (first := column.get(_DICTIONARY_PAGE, 0)) < start:
        start = first
    end, total = start + column[_COMPRESSED_BYTES], 0
    if not 0 <= start <= end <= len(body):
        raise Malformed("a column outside of the file")
    for _ in range(MOST_PAGES):
        if start >= end or total > most:
            return total
        reader = Reader(body, start)
        header = reader.struct()
        if min(header[_DECOMPRESSED_PAGE], header[_COMPRESSED_PAGE]) < 0:
            raise Malformed("a negative size")
        total += header[_DECOMPRESSED_PAGE]
        start = reader.place + header[_COMPRESSED_PAGE]
    raise Malformed("too many pages")
