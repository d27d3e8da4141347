"""Hostile bodies against the whole service: each is refused, briefly, and others are answered meanwhile."""

import socket
import threading
from collections.abc import Iterator

import httpx
import orjson
import pytest

from service.five_points import FIVE_POINTS
from tests.hostile import CORPUS, Hostile, endless
from tests.launched import Launched

PATIENCE_S = 10.0
"""A refusal takes milliseconds; whatever takes so long hangs."""
LONGEST_REFUSAL = 2_000


def answered(port: int, pieces: Iterator[bytes]) -> bytes:
    """What comes back to raw bytes, which may be refused before all of them are sent."""
    received = bytearray()
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
            while piece := connection.recv(2**16):
                received += piece
        except (BrokenPipeError, ConnectionResetError):
            connection.settimeout(PATIENCE_S)
            received += _rest(connection)
    return bytes(received)


def _rest(connection: socket.socket) -> bytes:
    try:
        return connection.recv(2**16)
    except ConnectionResetError:
        return b""


@pytest.mark.parametrize("hostile", CORPUS.values(), ids=list(CORPUS))
def test_it_is_refused(service: Launched, hostile: Hostile) -> None:
    head, _, body = answered(service.port, iter([hostile.request()])).partition(b"\r\n\r\n")
    assert int(head.split()[1]) in hostile.statuses
    if hostile.is_http:
        assert b"content-type: application/problem+json" in head.lower()
        problem = orjson.loads(body)
        assert problem["status"] in hostile.statuses
        assert problem["detail"]
        assert len(body) < LONGEST_REFUSAL


def test_there_are_many() -> None:
    assert len(CORPUS) >= 80


def test_a_body_without_an_end_is_cut_off_and_delays_nobody(service: Launched) -> None:
    served = list[int]()
    ended = threading.Event()

    def others() -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{service.port}", timeout=PATIENCE_S) as http:
            while not ended.is_set():
                served.append(http.post("/v1/interpolations", json=FIVE_POINTS).status_code)

    meanwhile = threading.Thread(target=others)
    meanwhile.start()
    refused = answered(service.port, endless())
    ended.set()
    meanwhile.join()
    assert not refused or refused.startswith(b"HTTP/1.1 413")  # the connection may be reset before it is read
    assert len(served) >= 5
    assert set(served) == {200}
