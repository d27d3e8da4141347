"""Traces through the queue, as a collector receives them: OTLP over HTTP, from real processes."""

import gzip
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from service.five_points import FIVE_POINTS
from tests.launched import Launched
from tests.processes import ask, end, eventually

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@dataclass(frozen=True)
class Seen:
    """A span."""

    service: str
    name: str
    trace: str
    id: str
    parent: str
    attributes: dict[str, Any]


class Collector(HTTPServer):
    """Takes spans."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.spans: list[Seen] = []
        self.thread = threading.Thread(target=self.serve_forever)
        self.thread.start()

    def one(self, name: str, trace: str) -> Seen:
        return eventually(lambda: next((s for s in self.spans if (s.name, s.trace) == (name, trace)), None), what=name)  # type: ignore[return-value]

    def close(self) -> None:
        self.shutdown()
        self.thread.join()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        assert self.path == "/v1/traces"
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = next(a.value.string_value for a in resource.resource.attributes if a.key == "service.name")
            self.server.spans += [_seen(service, span) for scope in resource.scope_spans for span in scope.spans]
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


def _seen(service: str, span: Any) -> Seen:
    values = {a.key: getattr(a.value, a.value.WhichOneof("value")) for a in span.attributes}
    ids = (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex())
    return Seen(service, span.name, *ids, values)


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    collector = Collector()
    yield collector
    collector.close()


@pytest.fixture(scope="module")
def traced(collector: Collector, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launched]:
    launched = Launched(
        tmp_path_factory.mktemp("traced"),
        MINNORM_TRACES="otlp",
        OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{collector.server_port}",
        OTEL_BSP_SCHEDULE_DELAY="50",
    )
    yield launched.wait_until_ready()
    launched.ctrl_c()
    assert launched.wait() == 0, launched.output
    end(launched.process)


def test_the_span_of_a_worker_belongs_to_the_trace_of_the_caller(traced: Launched, collector: Collector) -> None:
    headers = {"Prefer": "respond-async", "X-Request-ID": "mine", "traceparent": f"00-{TRACE}-{PARENT}-01"}
    status, job = ask(traced.port, "/v1/interpolations", FIVE_POINTS, headers)
    assert status == 202
    request = collector.one("POST /v1/interpolations", TRACE)
    submit = collector.one("submit", TRACE)
    attempt = collector.one("attempt interpolations", TRACE)
    assert (request.service, request.parent) == ("minnorm-gateway", PARENT)
    assert request.attributes["http.route"] == "/v1/interpolations"
    assert request.attributes["http.response.status_code"] == 202
    assert request.attributes["minnorm.request_id"] == "mine"
    assert submit.parent == request.id
    assert (attempt.service, attempt.parent) == ("minnorm-worker", request.id)
    assert attempt.attributes["minnorm.job_id"] == job["id"]
    assert attempt.attributes["minnorm.ended"] == "optimal"


def test_a_chunk_belongs_to_the_trace_of_its_batch(traced: Launched, collector: Collector) -> None:
    trace = TRACE[::-1]
    items = {"items": [{"custom_id": "a", "kind": "interpolations", "body": FIVE_POINTS}]}
    assert ask(traced.port, "/v1/batches", items, {"traceparent": f"00-{trace}-{PARENT}-01"})[0] == 202
    assert collector.one("attempt chunk", trace).parent == collector.one("POST /v1/batches", trace).id


def test_an_answer_at_once_has_a_span_for_the_solving(traced: Launched, collector: Collector) -> None:
    trace = "ab" * 16
    assert ask(traced.port, "/v1/interpolations", FIVE_POINTS, {"traceparent": f"00-{trace}-{PARENT}-01"})[0] == 200
    assert collector.one("solve", trace).parent == collector.one("POST /v1/interpolations", trace).id


def test_what_is_no_traceparent_begins_a_trace(traced: Launched, collector: Collector) -> None:
    assert ask(traced.port, "/v1/jobs/job_x", headers={"traceparent": "nonsense"})[0] == 404
    seen = eventually(lambda: next((span for span in collector.spans if "{job_id}" in span.name), None))
    assert seen is not None
    assert (seen.name, seen.parent) == ("GET /v1/jobs/{job_id}", "")


def test_a_collector_that_is_away_delays_nothing(tmp_path: Path) -> None:
    launched = Launched(tmp_path, MINNORM_TRACES="otlp", OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    try:
        launched.wait_until_ready()
        assert launched.answers_through_the_queue()
        launched.ctrl_c()
        assert launched.wait() == 0
        assert "killed" not in launched.output
    finally:
        end(launched.process)
