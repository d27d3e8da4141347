"""Whether the gateway is there, as the launcher and a container ask it."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from service import probes
from service.probes import address, complaint
from service.settings import GatewaySettings
from tests.processes import free_port


class Answers(BaseHTTPRequestHandler):
    """200 for the living, 503 for the ready."""

    def do_GET(self) -> None:
        self.send_response({"/livez": 200}.get(self.path, 503))
        self.end_headers()
        self.wfile.write(b"no worker")

    def log_message(self, *_: object) -> None:
        """Nothing to the terminal."""


@pytest.fixture
def port() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_who_answers_200_is_not_complained_about(port: int) -> None:
    assert complaint("127.0.0.1", port, "/livez") == ""


def test_the_reason_is_passed_on(port: int) -> None:
    assert complaint("127.0.0.1", port, "/readyz") == "503 no worker"


def test_nobody_there() -> None:
    assert "does not answer" in complaint("127.0.0.1", free_port(), "/livez")


def test_a_proxy_of_the_environment_is_not_asked(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    assert complaint("127.0.0.1", port, "/livez") == ""


def test_a_container_asks_whether_it_lives(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "gateway_settings", lambda: GatewaySettings(host="0.0.0.0", port=port))  # noqa: S104
    assert probes.main() == 0
    monkeypatch.setattr(probes, "gateway_settings", lambda: GatewaySettings(port=free_port()))
    assert probes.main() == 1


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),  # noqa: S104
        ("::", "http://[::1]:8000"),
        ("::1", "http://[::1]:8000"),
        ("localhost", "http://localhost:8000"),
    ],
)
def test_the_printed_address_can_be_reached(host: str, url: str) -> None:
    assert address(host, 8000) == url
