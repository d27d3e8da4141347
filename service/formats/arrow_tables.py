"""Arrow IPC and Parquet: looked at before they are decompressed, and read column by column."""

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import pyarrow as pa
from fastapi.exceptions import RequestValidationError
from numpy.typing import NDArray
from pyarrow import ipc, parquet

from service.formats import parquet_sizes
from service.formats.arrow_sizes import sizes_of
from service.formats.choice import Choice, refusal, refused, shown
from service.gathering import RawBody
from service.problems import MOST_ERRORS
from service.refusals import BodyTooLarge, InvalidTable, TooManyPoints

Floats = NDArray[np.float64]

_MAGIC = b"ARROW1\0\0"
_INDEX = "__index_level_"
"""How pandas calls a column that is none of the caller's."""
_DAMAGE = (pa.ArrowException, OSError, ValueError, struct.error, IndexError, KeyError, MemoryError, OverflowError)
"""What pyarrow raises when data are not what they should be; and what it means when a size is nonsense."""


def read_arrow(body: RawBody, choice: Choice, most: int, most_bytes: int) -> dict[str, Floats]:
    """The columns of an Arrow stream or file, by field.

    Raises
    ------
    RequestValidationError
        It is not clear which columns are meant, or one has no numbers, or nulls.
    TooManyPoints, BodyTooLarge
        It would become larger than this.
    InvalidTable
        It is not Arrow, or damaged.
    """
    # A file is a stream between its marks.
    start = len(_MAGIC) if body[: len(_MAGIC)] == _MAGIC else 0
    stream = pa.py_buffer(memoryview(body)[start:])
    with _told_as("Arrow IPC"):
        _check_messages(stream, most, most_bytes)
        schema = ipc.open_stream(stream).schema
        places = _places(schema, choice)
        needed = sorted(set(places.values()))
        table = ipc.open_stream(stream, options=ipc.IpcReadOptions(included_fields=needed)).read_all()
        return {field: _numbers(table, needed.index(place), field, body) for field, place in places.items()}


def read_parquet(body: RawBody, choice: Choice, most: int, most_bytes: int) -> dict[str, Floats]:
    """The columns of a Parquet file, by field. Raises what `read_arrow` raises."""
    with _told_as("Parquet"):
        file = parquet.ParquetFile(pa.BufferReader(pa.py_buffer(body)), pre_buffer=False)
        schema = file.schema_arrow
        places = _places(schema, choice)
        names = {field: schema.field(place).name for field, place in places.items()}
        for field, name in names.items():  # they are read by their names
            if schema.names.count(name) > 1:
                raise refused("columns", "The table has several columns of the same name", field)
        rows, size = parquet_sizes.sizes_of(body, {name.encode() for name in names.values()}, most_bytes)
        _check(rows, size, most, most_bytes)
        table = file.read(columns=sorted(set(names.values())))
        return {field: _numbers(table, table.column_names.index(name), field, body) for field, name in names.items()}


@contextmanager
def _told_as(name: str) -> Iterator[None]:
    """What is wrong with the data is the caller's affair; the rest keeps its own name."""
    try:
        yield
    except (RequestValidationError, TooManyPoints, BodyTooLarge, InvalidTable):
        raise
    except _DAMAGE:
        raise InvalidTable(f"The body is no {name}, or damaged.") from None


def _check_messages(stream: pa.Buffer, most: int, most_bytes: int) -> None:
    rows = size = 0
    for message in ipc.MessageReader.open_stream(stream):
        some, more = sizes_of(message)
        rows, size = rows + some, size + more
        _check(rows, size, most, most_bytes)


def _check(rows: int, size: int, most: int, most_bytes: int) -> None:
    if rows > most:
        raise TooManyPoints(f"{rows} rows; the limit is {most}.", "/x")
    if size > most_bytes:
        raise BodyTooLarge(f"Decoded, the body is longer than {most_bytes} bytes.")
    if rows < 0:
        raise ValueError("A negative number of rows.")


def _places(schema: pa.Schema, choice: Choice) -> dict[str, int]:
    """Where each field is among the columns, all of them of numbers. Raises `RequestValidationError`."""
    own = [place for place, name in enumerate(schema.names) if not name.startswith(_INDEX)]
    found = {field: own[place] for field, place in choice.places([schema.names[place] for place in own]).items()}
    wrong = [
        refusal(
            "type", f"column {shown(column.name)}: its type is {shown(str(column.type))}, but has to be a number", field
        )
        for field, place in found.items()
        if not _is_number((column := schema.field(place)).type)
    ]
    if wrong:
        raise RequestValidationError(wrong)
    return found


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _numbers(table: pa.Table, place: int, field: str, body: RawBody) -> Floats:
    column, name = table.column(place), table.column_names[place]
    column.validate(full=True)
    if column.null_count:
        raise _places_of(np.flatnonzero(column.is_null().to_numpy()), "null", field, name)
    in_place = _in_place(column, body)
    found: Floats = column.to_numpy().astype(np.float64) if in_place is None else in_place
    if not (finite := np.isfinite(found)).all():
        raise _places_of(np.flatnonzero(~finite), "not finite", field, name)
    return found


def _in_place(column: pa.ChunkedArray, body: RawBody) -> Floats | None:
    """The column as the part of the body that it is; None if it is none, or none that compiled code can work with.

    That takes arrays that must not be written to, as those of `bytes`, or are not aligned, for other types. A column
    that was compressed, or comes in several batches, is in no one place of the body.
    """
    if isinstance(body, bytes) or column.num_chunks != 1 or column.type != pa.float64():
        return None
    part = column.chunk(0)
    size, width = len(part), part.type.byte_width
    start = part.buffers()[1].address + width * part.offset - pa.py_buffer(body).address
    if start % width or not 0 <= start <= len(body) - width * size:
        return None
    return np.frombuffer(body, np.float64, size, start)


def _places_of(rows: Sequence[int] | NDArray[np.intp], what: str, field: str, name: str) -> RequestValidationError:
    return RequestValidationError(
        [
            refusal("number", f"row {row + 1}, column {shown(name)}: {what}", field, int(row))
            for row in rows[:MOST_ERRORS]
        ]
    )
