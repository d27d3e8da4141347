"""The log: lines for people, or one JSON document a line for programs."""

import json
import logging
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

Form = Literal["off", "text", "json"]
OURS = ("service", "workers")
"""Loggers that tell of every request and attempt, not only of what is wrong."""


def set_up(form: Form, take_over: Iterable[str] = (), stream: TextIO | None = None) -> None:
    """Have this process log in this form, on standard error.

    Parameters
    ----------
    form
        With `off` nothing is changed: only what is wrong is told.
    take_over
        Loggers with handlers of their own, which would break the form.
    stream
        Where to; standard error as it was at the start of the process, which nobody has redirected into the log.
    """
    if form == "off":
        return
    handler = logging.StreamHandler(stream or sys.__stderr__)
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(logging.INFO)
    for name in take_over:
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True


class JsonLines(logging.Formatter):
    """One JSON document a line: when, how serious, who, what; then the fields of the record."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        told = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            told["error"] = self.formatException(record.exc_info)
        return json.dumps(told, default=str)


class TextLines(logging.Formatter):
    """The same for people."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's own)
        """The first line; what came after it in a message would look like a record of its own."""
        told = " ".join(f"{name}={value}" for name, value in _fields(record).items())
        line = super().formatMessage(record).replace("\n", "\\n")
        return f"{line} ({told})" if told else line


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    """What a record says besides its message (`extra={"fields": ...}`), without what is empty."""
    fields: dict[str, Any] = getattr(record, "fields", {})
    return {name: value for name, value in fields.items() if value not in ("", None)}
