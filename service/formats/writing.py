"""Tables as bytes: CSV, Arrow IPC and Parquet."""

from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa
from pyarrow import csv, ipc, parquet

from service.formats.media import ARROW_FILE, ARROW_STREAM, CSV, PARQUET
from workers import payloads

Write = Callable[[pa.Table, Any], None]

_PLAIN = csv.WriteOptions(quoting_header="none")


def written(media_type: str, columns: Mapping[str, Any], notes: Mapping[str, Any]) -> memoryview:
    """A table in one of the media types `media.TABLES`; those but CSV have the notes as metadata, in JSON."""
    metadata = {name: payloads.dumps(value) for name, value in notes.items()}
    table = pa.table(dict(columns)).replace_schema_metadata(metadata)
    write = _WRITERS[media_type]
    if media_type in (ARROW_STREAM, ARROW_FILE):
        return memoryview(_in_one_piece(table, write))
    sink = pa.BufferOutputStream()
    write(table, sink)
    return memoryview(sink.getvalue())


def _in_one_piece(table: pa.Table, write: Write) -> pa.Buffer:
    """What is written, in memory of its size, which is known in no time; memory that grows is copied."""
    measure = pa.MockOutputStream()
    write(table, measure)
    buffer = pa.allocate_buffer(measure.size(), pa.system_memory_pool())  # which gives it back at once
    with pa.FixedSizeBufferWriter(buffer) as sink:
        write(table, sink)
    return buffer


def _write_csv(table: pa.Table, sink: Any) -> None:
    csv.write_csv(table, sink, _PLAIN)


def _write_stream(table: pa.Table, sink: Any) -> None:
    with ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)


def _write_file(table: pa.Table, sink: Any) -> None:
    with ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


_WRITERS: Mapping[str, Write] = {
    CSV: _write_csv,
    ARROW_STREAM: _write_stream,
    ARROW_FILE: _write_file,
    PARQUET: parquet.write_table,
}
