"""Tables as bytes: CSV, Arrow IPC and Parquet."""

import io
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pyarrow as pa
from pyarrow import csv, ipc, parquet

from service.formats.media import ARROW_FILE, ARROW_STREAM, CSV, PARQUET
from workers import payloads

_PLAIN = csv.WriteOptions(quoting_header="none")


def written(media_type: str, columns: Mapping[str, Any], notes: Mapping[str, Any]) -> list[memoryview]:
    """A table in one of the media types `media.TABLES`, in parts; those but CSV have the notes as metadata, in JSON."""
    metadata = {name: payloads.dumps(value) for name, value in notes.items()}
    table = pa.table(dict(columns)).replace_schema_metadata(metadata)
    return _WRITERS[media_type](table)


class _Parts(io.RawIOBase):
    """A file that keeps what is written to it as it is: the columns of a table themselves, not copies of them."""

    def __init__(self) -> None:
        super().__init__()
        self.parts = list[memoryview]()

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: Any) -> int:
        """Keep `data`, which nobody changes."""
        self.parts.append(memoryview(data))
        return len(data)


def _csv(table: pa.Table) -> list[memoryview]:
    sink = pa.BufferOutputStream()  # not our own: the writer uses the same memory again and again
    csv.write_csv(table, sink, _PLAIN)
    return [memoryview(sink.getvalue())]


def _parquet(table: pa.Table) -> list[memoryview]:
    sink = pa.BufferOutputStream()
    parquet.write_table(table, sink)
    return [memoryview(sink.getvalue())]


def _ipc(open_writer: Callable[[Any, pa.Schema], Any], table: pa.Table) -> list[memoryview]:
    sink = _Parts()
    with open_writer(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.parts


_WRITERS: Mapping[str, Callable[[pa.Table], list[memoryview]]] = {
    CSV: _csv,
    ARROW_STREAM: partial(_ipc, ipc.new_stream),
    ARROW_FILE: partial(_ipc, ipc.new_file),
    PARQUET: _parquet,
}
