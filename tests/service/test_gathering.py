"""Bodies that come in parts: however they are put together, they are what was sent, and no longer than allowed."""

import mmap
import threading
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

import httpx
import numpy as np
import orjson
import pytest
from fastapi import FastAPI, Request

from service import bodies
from service.bodies import SHORT_BYTES
from service.gathering import LONG_BYTES, RawBody, gathering_of
from service.parsing import parse
from service.refusals import BodyTooLarge, InvalidJson
from service.settings import GatewaySettings

pytestmark = pytest.mark.anyio

MOST_BYTES = 2 * LONG_BYTES
LONG = np.random.default_rng(1).bytes(LONG_BYTES + 3)
PLACES = (0, 1, 70_000, 70_000, LONG_BYTES // 2, LONG_BYTES, LONG_BYTES + 3)
PARTS = [LONG[start:end] for start, end in pairwise(PLACES)]


@pytest.fixture
def settings() -> GatewaySettings:
    return GatewaySettings(max_body_bytes=MOST_BYTES, ledger_timeout_s=0.2, thread_size=10**9)


def request(app: FastAPI, parts: Iterable[bytes], headers: Mapping[str, object]) -> Request:
    """One that says this in its headers, and sends these parts."""
    left = [{"type": "http.request", "body": part, "more_body": True} for part in parts]

    async def receive() -> dict[str, Any]:
        return left.pop(0) if left else {"type": "http.request", "body": b""}

    told = [(name.encode(), str(value).encode()) for name, value in headers.items()]
    return Request({"type": "http", "app": app, "headers": told}, receive)


async def received(app: FastAPI, parts: Iterable[bytes], headers: Mapping[str, object]) -> RawBody:
    """What is read of such a request."""
    return await bodies.body_of(request(app, parts, headers))


@pytest.mark.parametrize("length", [None, 0, len(LONG), LONG_BYTES - 1])
def test_a_body_is_what_was_sent(length: int | None) -> None:
    body = LONG[:length]
    gathering = gathering_of(length)
    for start, end in pairwise(PLACES):
        gathering.add(body[start:end])
    assert bytes(gathering.whole()) == body


async def test_a_long_body_is_put_where_it_stays(app: FastAPI) -> None:
    body = await received(app, PARTS, {"content-length": len(LONG)})
    assert isinstance(body, mmap.mmap)
    assert bytes(body) == LONG


async def test_huge_pages_are_not_needed(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[int]()

    class Plain(mmap.mmap):
        def madvise(self, option: int, *place: int) -> None:
            asked.append(option)
            raise OSError(option, place)

    monkeypatch.setattr(mmap, "mmap", Plain)
    monkeypatch.setattr(mmap, "MADV_HUGEPAGE", 14, raising=False)
    assert bytes(await received(app, PARTS, {"content-length": len(LONG)})) == LONG
    assert asked == [14]
    monkeypatch.delattr(mmap, "MADV_HUGEPAGE")
    assert bytes(await received(app, PARTS, {"content-length": len(LONG)})) == LONG


@pytest.mark.parametrize("headers", [{}, {"content-length": LONG_BYTES - 1}, {"content-length": "+9999999"}])
async def test_what_is_not_said_to_be_long_may_be(app: FastAPI, headers: dict[str, object]) -> None:
    assert await received(app, PARTS, headers) == LONG


@pytest.mark.parametrize("length", [LONG_BYTES, len(LONG) - 1, len(LONG) + 1, MOST_BYTES])
async def test_a_body_of_another_length_than_it_says_is_refused(app: FastAPI, length: int) -> None:
    with pytest.raises(InvalidJson, match="Content-Length"):
        await received(app, PARTS, {"content-length": length})


@pytest.mark.parametrize("length", [1, LONG_BYTES, 10 * MOST_BYTES])
async def test_a_length_is_ignored_beside_a_transfer_encoding(app: FastAPI, length: int) -> None:
    headers = {"content-length": length, "transfer-encoding": "chunked"}
    assert await received(app, PARTS, headers) == LONG


@pytest.mark.parametrize("headers", [{}, {"content-length": 5}])
async def test_no_body_is_longer_than_allowed_whatever_it_says(app: FastAPI, headers: dict[str, object]) -> None:
    with pytest.raises(BodyTooLarge):
        await received(app, [bytes(LONG_BYTES)] * 3, headers)


async def test_a_long_text_is_read_as_any_other(client: httpx.AsyncClient) -> None:
    numbers = np.random.default_rng(2).normal(size=(2, 120_000))
    body = orjson.dumps({"x": numbers[0], "y": numbers[1]}, option=orjson.OPT_SERIALIZE_NUMPY)
    assert len(body) > LONG_BYTES

    async def chunked() -> Any:
        yield body

    headers = {"content-type": "application/json"}
    answers = [await client.post("/v1/interpolations", content=each, headers=headers) for each in (body, chunked())]
    assert [answer.status_code for answer in answers] == [200, 200]
    first, second = (answer.json() for answer in answers)
    assert (first["digest"], first["result"]) == (second["digest"], second["result"])
    assert (await client.post("/v1/interpolations", content=body[:-1], headers=headers)).status_code == 400


@pytest.mark.parametrize(("size", "is_aside"), [(SHORT_BYTES, False), (SHORT_BYTES + 1, True)])
async def test_what_takes_long_to_parse_does_not_hold_up_others(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch, size: int, is_aside: bool
) -> None:
    threads = list[int]()

    def seen(*arguments: Any) -> Any:
        threads.append(threading.get_ident())
        return parse(*arguments)

    monkeypatch.setattr(bodies, "parse", seen)
    text = b'{"x": 1' + b" " * (size - 8) + b"}"
    assert await bodies.json_of(request(app, [text], {})) == {"x": 1}
    assert (threads != [threading.get_ident()]) is is_aside
