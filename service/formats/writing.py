"""Tables as bytes: CSV, Arrow IPC and Parquet."""

from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa
from pyarrow import csv, ipc, parquet

from service.formats.media import ARROW_FILE, ARROW_STREAM, CSV, PARQUET
from workers import payloads

_PLAIN = csv.WriteOptions(quoting_header="none")


def written(media_type: str, columns: Mapping[str, Any], notes: Mapping[str, Any]) -> memoryview:
    """A table in one of the media types `media.TABLES`; those but CSV have the notes as metadata, in JSON."""
    metadata = {name: payloads.dumps(value) for name, value in notes.items()}
    table = pa.table(dict(columns)).replace_schema_metadata(metadata)
    sink = pa.BufferOutputStream()
    _WRITERS[media_type](table, sink)
    return memoryview(sink.getvalue())


def _write_csv(table: pa.Table, sink: pa.BufferOutputStream) -> None:
    csv.write_csv(table, sink, _PLAIN)


def _write_stream(table: pa.Table, sink: pa.BufferOutputStream) -> None:
    with ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)


def _write_file(table: pa.Table, sink: pa.BufferOutputStream) -> None:
    with ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


_WRITERS: Mapping[str, Callable[[pa.Table, pa.BufferOutputStream], None]] = {
    CSV: _write_csv,
    ARROW_STREAM: _write_stream,
    ARROW_FILE: _write_file,
    PARQUET: parquet.write_table,
}
