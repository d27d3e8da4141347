"""Spans of this process; what a collector receives is in `tests.whole.test_traces`."""

import re
import time
from collections.abc import Iterator

import pytest

from workers import tracing

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture
def _traced(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Tracing is on, and nobody listens."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    tracing.start("otlp", "a test")
    yield
    tracing.stop()


def test_off_means_nothing() -> None:
    tracing.start("off", "a test")
    assert not tracing.is_on()
    with tracing.span("a") as span:
        tracing.note({"b": 1}, "c")
        assert span is None
        assert tracing.traceparent() == ""
    tracing.stop()


@pytest.mark.usefixtures("_traced")
def test_a_span_belongs_to_its_parent_elsewhere() -> None:
    assert tracing.is_on()
    assert tracing.traceparent() == ""
    with tracing.span("a", "server", f"00-{TRACE}-{PARENT}-01"):
        outer = tracing.traceparent()
        tracing.note({"b": 1}, "c")
        with tracing.span("b"):
            inner = tracing.traceparent()
    for told in (outer, inner):
        assert re.fullmatch(rf"00-{TRACE}-[0-9a-f]{{16}}-01", told)
    assert len({outer[36:52], inner[36:52], PARENT}) == 3


@pytest.mark.usefixtures("_traced")
@pytest.mark.parametrize("parent", ["", "nonsense", f"00-{'0' * 32}-{PARENT}-01", "é"])
def test_without_a_parent_a_trace_begins(parent: str) -> None:
    with tracing.span("a", "server", parent):
        assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-0[13]", tracing.traceparent())


@pytest.mark.usefixtures("_traced")
def test_a_collector_that_is_away_does_not_hold_the_end_up() -> None:
    with tracing.span("a"):
        pass
    began = time.monotonic()
    tracing.stop()
    assert time.monotonic() - began < 15  # by itself it would be half a minute
    assert not tracing.is_on()
