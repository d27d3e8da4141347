"""Traces: spans from a request through the queue to the attempt of a worker. Off unless they are asked for.

What makes them is `workers.otlp`, which is imported only then.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from typing import Any, Literal, Protocol

Exporter = Literal["off", "otlp"]
SpanKind = Literal["internal", "server", "consumer"]
Attributes = Mapping[str, str | int | float]


class Tracer(Protocol):
    """What makes spans."""

    def span(self, name: str, kind: SpanKind, parent: str, attributes: Attributes) -> AbstractContextManager[Any]:
        """A span of the present thread or coroutine; `parent`, if any, is another process's `traceparent`."""

    def note(self, attributes: Attributes, name: str) -> None:
        """Say more of the present span, and give it another name unless that is empty."""

    def traceparent(self) -> str:
        """How another process names the present span as its parent; empty outside of any."""

    def stop(self) -> None:
        """Send what is left, if that does not take long."""


class _Present:
    """The one tracer of this process."""

    tracer: Tracer | None = None


_NO_SPAN = nullcontext()


def start(exporter: Exporter, service: str) -> None:
    """Make spans from now on, in the name of this service unless the environment has another one for it."""
    if exporter != "off" and _Present.tracer is None:
        _Present.tracer = import_module("workers.otlp").Otlp(service)


def stop() -> None:
    """Make none any more."""
    tracer, _Present.tracer = _Present.tracer, None
    if tracer is not None:
        tracer.stop()


def is_on() -> bool:
    """Whether spans are made."""
    return _Present.tracer is not None


def span(
    name: str, kind: SpanKind = "internal", parent: str = "", attributes: Attributes | None = None
) -> AbstractContextManager[Any]:
    """As `Tracer.span`."""
    tracer = _Present.tracer
    return _NO_SPAN if tracer is None else tracer.span(name, kind, parent, attributes or {})


def note(attributes: Attributes, name: str = "") -> None:
    """As `Tracer.note`."""
    if _Present.tracer is not None:
        _Present.tracer.note(attributes, name)


def traceparent() -> str:
    """As `Tracer.traceparent`."""
    return "" if _Present.tracer is None else _Present.tracer.traceparent()
