"""The proxy of docker-compose.yml, in front of a gateway of the tests' own."""

import contextlib
import http.client
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.composed import ROOT, Require, Stack, read_services
from tests.processes import eventually

CONFIGURATION = (ROOT / "service" / "proxy" / "nginx.conf").read_text()


class Gateway(BaseHTTPRequestHandler):
    """Tells who it thinks calls; streams, the rest of it once the first part was heard; takes its time over nothing."""

    protocol_version = "HTTP/1.1"
    heard = threading.Event()

    def do_GET(self) -> None:
        if not self.path.endswith("/events"):
            return self._answer(f"{self.headers['X-Forwarded-For']} {self.headers['Host']}".encode())
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"5\r\nfirst\r\n")
        word = b"last" if self.heard.wait(15) else b"late"
        self.wfile.write(b"4\r\n" + word + b"\r\n0\r\n\r\n")
        return None

    def do_POST(self) -> None:
        self._answer(str(len(self.rfile.read(int(self.headers["Content-Length"])))).encode())

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def proxy(require_binary: Require, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    require_binary("nginx")
    stack = Stack(read_services(require_binary("docker-compose")), tmp_path_factory.mktemp("proxy"))
    server = ThreadingHTTPServer(("127.0.0.1", stack.port), Gateway)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        stack.start("proxy")
        eventually(lambda: stack.is_healthy("proxy"), what="the proxy is healthy")
        yield stack
    finally:
        stack.close()
        server.shutdown()
        thread.join()
        server.server_close()


def connected(proxy: Stack) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", proxy.way_in, timeout=20)


def test_its_file_is_understood(require_binary: Require, tmp_path: Path) -> None:
    program = require_binary("nginx")
    written = tmp_path / "nginx.conf"
    written.write_text(CONFIGURATION.replace(" /tmp/", f" {tmp_path}/"))
    checked = subprocess.run([program, "-t", "-c", written], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "warn" not in checked.stderr


def test_its_file_is_whole_and_writes_to_tmp_only() -> None:
    """Where there is no nginx, this is what can be said of the file."""
    assert CONFIGURATION.count("{") == CONFIGURATION.count("}")
    paths = [line.split()[1].rstrip(";") for line in CONFIGURATION.splitlines() if "temp_path" in line or "pid" in line]
    assert len(paths) == 6
    assert all(path.startswith("/tmp/") for path in paths)  # noqa: S108 (of the container)
    for bound in ("client_max_body_size", "client_header_timeout", "client_body_timeout", "proxy_read_timeout"):
        assert bound in CONFIGURATION


def test_a_caller_cannot_say_that_he_is_another(proxy: Stack) -> None:
    connection = connected(proxy)
    connection.request("GET", "/v1/jobs", headers={"X-Forwarded-For": "10.0.0.1", "Host": "minnorm.example"})
    assert connection.getresponse().read() == b"127.0.0.1 minnorm.example"
    connection.close()


def test_events_come_through_at_once(proxy: Stack) -> None:
    connection = connected(proxy)
    connection.request("GET", "/v1/jobs/job_1/events")
    response = connection.getresponse()
    assert response.read(5) == b"first"
    Gateway.heard.set()
    assert response.read() == b"last"
    connection.close()


@pytest.mark.parametrize(("path", "megabytes"), [("/v1/interpolations", 129), ("/v1/batches", 1025)])
def test_what_is_too_large_is_refused_before_it_arrives(proxy: Stack, path: str, megabytes: int) -> None:
    connection = connected(proxy)
    connection.putrequest("POST", path)
    connection.putheader("Content-Length", str(megabytes * 2**20))
    connection.endheaders()
    response = connection.getresponse()
    assert (response.status, response.headers["Content-Type"]) == (413, "application/problem+json")
    assert b"/problems/body-too-large" in response.read()
    connection.close()


def test_what_is_large_for_one_problem_is_not_for_a_batch(proxy: Stack) -> None:
    connection = connected(proxy)
    connection.request("POST", "/v1/batches", b" " * (129 * 2**20))
    assert connection.getresponse().read() == str(129 * 2**20).encode()
    connection.close()


def test_who_never_ends_his_headers_is_cut_off(proxy: Stack) -> None:
    with socket.create_connection(("127.0.0.1", proxy.way_in), timeout=50) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\n")
        began = time.monotonic()
        with contextlib.suppress(ConnectionResetError):
            assert slow.recv(1000) == b""
        assert 5 < time.monotonic() - began < 40  # after ten seconds; by itself it would be a minute


def test_without_a_gateway_it_says_so(require_binary: Require, tmp_path: Path) -> None:
    require_binary("nginx")
    stack = Stack(read_services(require_binary("docker-compose")), tmp_path)
    try:
        stack.start("proxy")
        eventually(lambda: stack.ask("/livez")[0], what="the proxy answers")
        status, problem = stack.ask("/livez")
        assert (status, problem["status"], problem["retryable"]) == (503, 503, True)
    finally:
        stack.close()


def test_nginx_is_where_ci_installs_it() -> None:
    assert "need nginx nginx" in (ROOT / ".ci" / "run").read_text()
