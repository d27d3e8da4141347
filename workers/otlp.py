"""Spans by OpenTelemetry, sent by OTLP over HTTP. The variables `OTEL_...` say where to, how often, and which."""

import os
import threading
from contextlib import AbstractContextManager
from typing import Any

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from workers.tracing import Attributes, SpanKind

STOP_S = 0.5
"""Longest time that the end of a process waits for the collector."""
_KINDS = {
    "internal": trace.SpanKind.INTERNAL,
    "server": trace.SpanKind.SERVER,
    "consumer": trace.SpanKind.CONSUMER,
}


class Otlp:
    """A tracer (see `workers.tracing`)."""

    def __init__(self, service: str) -> None:
        name = {} if "OTEL_SERVICE_NAME" in os.environ else {SERVICE_NAME: service}
        # Its own hook at exit would wait half a minute for a collector that does not answer.
        self._provider = TracerProvider(resource=Resource.create(name), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("minnorm")
        self._propagator = TraceContextTextMapPropagator()

    def span(self, name: str, kind: SpanKind, parent: str, attributes: Attributes) -> AbstractContextManager[Any]:
        """Begin a span, and end it with the block."""
        context = self._propagator.extract({"traceparent": parent}) if parent else None
        return self._tracer.start_as_current_span(name, context, _KINDS[kind], attributes)

    def note(self, attributes: Attributes, name: str) -> None:
        """Say more of the present span."""
        span = trace.get_current_span()
        span.set_attributes(attributes)
        if name:
            span.update_name(name)

    def traceparent(self) -> str:
        """The present span, for another process."""
        carrier: dict[str, str] = {}
        self._propagator.inject(carrier)
        return carrier.get("traceparent", "")

    def stop(self) -> None:
        """Send what is left."""
        sending = threading.Thread(target=self._provider.shutdown, name="last spans", daemon=True)
        sending.start()
        sending.join(STOP_S)
