"""Media types that schemathesis does not know: their bodies are texts or bytes that go as they are."""

from typing import Any

import schemathesis

TYPES = (
    "application/jsonl",
    "application/x-ndjson",
    "application/vnd.apache.arrow.file",
    "application/vnd.apache.arrow.stream",
    "application/vnd.apache.parquet",
    "text/csv",
)


def as_it_is(_: schemathesis.SerializationContext, value: Any) -> bytes:
    """A text in UTF-8; anything else, which schemathesis sends for a text as a wrong value, as Python shows it."""
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")


for media_type in TYPES:
    schemathesis.serializer(media_type)(as_it_is)
