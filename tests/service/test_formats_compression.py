"""Compressed answers: what is compressed, and that nothing else changes."""

import gzip
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
import zstandard
from fastapi import FastAPI, Response
from fastapi.responses import StreamingResponse

from service.compressing import SLICE_BYTES, Compressing
from service.five_points import FIVE_POINTS
from service.settings import GatewaySettings

pytestmark = pytest.mark.anyio

LONG = {"x": list(range(100)), "y": [value % 7 for value in range(100)]}
UNPACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body),
}


async def raw(client: httpx.AsyncClient, method: str, path: str, encoding: str, **rest: Any) -> tuple[Any, bytes]:
    """Headers and body as they are sent."""
    headers = {"accept-encoding": encoding} | rest.pop("headers", {})
    async with client.stream(method, path, headers=headers, **rest) as response:
        body = b"".join([part async for part in response.aiter_raw()])
    return response, body


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
async def test_long_answers_are_compressed(client: httpx.AsyncClient, encoding: str) -> None:
    for method, path, body in (("GET", "/openapi.json", None), ("POST", "/v1/interpolations", LONG)):
        plain, text = await raw(client, method, path, "identity", json=body)
        packed, content = await raw(client, method, path, encoding, json=body)
        assert packed.headers["content-encoding"] == encoding
        assert "content-encoding" not in plain.headers
        assert len(content) < 0.7 * len(text)
        for response in (plain, packed):
            assert "Accept-Encoding" in response.headers["vary"]
        if method == "GET":  # two answers to POST differ in their times
            assert UNPACK[encoding](content) == text


async def test_short_answers_are_not(client: httpx.AsyncClient) -> None:
    response, _ = await raw(client, "POST", "/v1/interpolations", "gzip, zstd", json=FIVE_POINTS)
    assert "content-encoding" not in response.headers
    assert int(response.headers["content-length"]) < GatewaySettings().compress_from_bytes


@pytest.mark.parametrize(
    ("accept", "encoded"),
    [("text/csv", True), ("application/vnd.apache.parquet", False), ("application/vnd.apache.arrow.stream", False)],
)
async def test_tables_are_compressed_where_it_pays(client: httpx.AsyncClient, accept: str, encoded: bool) -> None:
    body = {"x": list(range(1_000)), "y": [value % 7 for value in range(1_000)]}
    headers = {"accept": accept}
    response, _ = await raw(client, "POST", "/v1/interpolations", "zstd", json=body, headers=headers)
    assert ("content-encoding" in response.headers) is encoded


@pytest.fixture
def served() -> FastAPI:
    """An app with answers of all kinds behind the same middleware."""
    app = FastAPI()
    app.add_middleware(Compressing, settings=GatewaySettings())
    numbers = b",".join(b"%d" % number for number in range(200_000))

    @app.get("/size/{size}")
    async def sized(size: int) -> Response:
        return Response(numbers[:size], headers={"ETag": '"1"'}, media_type="application/json")

    @app.get("/same")
    async def same() -> Response:
        return Response(status_code=304, headers={"ETag": '"1"'})

    @app.get("/stream")
    async def stream(media_type: str) -> Response:
        async def lines() -> AsyncIterator[bytes]:
            for number in range(3):
                yield b"data: %d\n\n" % number

        return StreamingResponse(lines(), media_type=media_type)

    return app


@pytest.mark.parametrize("size", [0, 10, SLICE_BYTES - 1, SLICE_BYTES, SLICE_BYTES + 1, 2 * SLICE_BYTES, 1_000_000])
async def test_bodies_of_any_length_stay_whole(served: FastAPI, size: int) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url="http://test") as client:
        plain, text = await raw(client, "GET", f"/size/{size}", "identity")
        assert (int(plain.headers["content-length"]), len(text)) == (size, size)
        for encoding, unpack in UNPACK.items():
            packed, content = await raw(client, "GET", f"/size/{size}", encoding)
            assert packed.headers["etag"] == '"1"'
            assert (unpack(content) if size > 4_096 else content) == text
            assert packed.headers.get("content-length", str(len(content))) == str(len(content))


async def test_unchanged_answers_stay_empty(served: FastAPI) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url="http://test") as client:
        response, content = await raw(client, "GET", "/same", "gzip, zstd")
        assert (response.status_code, content, response.headers["etag"]) == (304, b"", '"1"')
        assert "content-encoding" not in response.headers


@pytest.mark.parametrize("media_type", ["text/event-stream", "application/x-ndjson"])
async def test_streams_go_out_line_by_line(served: FastAPI, media_type: str) -> None:
    sent = list[Any]()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "path": "/stream",
        "query_string": f"media_type={media_type}".encode(),
        "headers": [(b"accept-encoding", b"gzip, zstd")],
    }
    await served(scope, receive, send)
    assert [message.get("body") for message in sent[1:4]] == [b"data: 0\n\n", b"data: 1\n\n", b"data: 2\n\n"]
    assert b"content-encoding" not in dict(sent[0]["headers"])
