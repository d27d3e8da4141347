"""Compressed bodies: decoded within the limits, refused with a reason."""

import gzip
import time
import tracemalloc
import zlib
from collections.abc import Callable

import httpx
import orjson
import pytest
import zstandard

from service.five_points import FIVE_POINTS
from service.formats import encodings
from service.formats.encodings import Decoder, decoded
from service.refusals import BodyTooLarge, InvalidEncoding
from service.settings import GatewaySettings

pytestmark = pytest.mark.anyio

PATH = "/v1/interpolations"
BODY = orjson.dumps(FIVE_POINTS)
ITEM = orjson.dumps({"custom_id": "a", "kind": "interpolations", "body": FIVE_POINTS}) + b"\n"
Compress = Callable[[bytes], bytes]
COMPRESS: dict[str, Compress] = {"gzip": gzip.compress, "zstd": zstandard.compress}
JSON, LINES = "application/json", "application/x-ndjson"


@pytest.fixture
def settings() -> GatewaySettings:
    return GatewaySettings(ledger_timeout_s=0.2, max_body_bytes=64 * 2**20, max_batch_bytes=65 * 2**20)


async def sent(
    client: httpx.AsyncClient, path: str, body: bytes, encoding: str, media_type: str = JSON
) -> httpx.Response:
    headers = {"content-type": media_type, "content-encoding": encoding}
    return await client.post(path, content=body, headers=headers)


@pytest.mark.parametrize("encoding", encodings.ENCODINGS)
async def test_compressed_bodies_lead_to_the_same_answer(client: httpx.AsyncClient, encoding: str) -> None:
    plain = await client.post(PATH, json=FIVE_POINTS)
    packed = await sent(client, PATH, COMPRESS[encoding](BODY), encoding)
    assert packed.status_code == 200, packed.text
    assert packed.json()["digest"] == plain.json()["digest"]
    assert packed.json()["result"] == plain.json()["result"]
    halves = COMPRESS[encoding](BODY[:9]) + COMPRESS[encoding](BODY[9:])
    assert (await sent(client, PATH, halves, encoding)).json()["digest"] == plain.json()["digest"]


@pytest.mark.parametrize("encoding", encodings.ENCODINGS)
async def test_batches_come_compressed_too(client: httpx.AsyncClient, encoding: str) -> None:
    """As far as the queue, which is not there."""
    for body, media_type in ((ITEM, LINES), (b'{"items": [' + ITEM + b"]}", JSON)):
        answer = await sent(client, "/v1/batches", COMPRESS[encoding](body), encoding, media_type)
        assert answer.status_code == 503, answer.text
        wrong = await sent(
            client, "/v1/batches", COMPRESS[encoding](body.replace(b"custom", b"")), encoding, media_type
        )
        assert wrong.status_code == 422


@pytest.mark.parametrize("encoding", encodings.ENCODINGS)
@pytest.mark.parametrize(("path", "media_type"), [(PATH, JSON), ("/v1/batches", JSON), ("/v1/batches", LINES)])
@pytest.mark.parametrize("filling", [b"\0", b"\n", b"[1,"])
async def test_bombs_are_refused_soon(
    client: httpx.AsyncClient, encoding: str, path: str, media_type: str, filling: bytes
) -> None:
    bomb = COMPRESS[encoding](filling * (200 * 2**20 // len(filling)))
    started = time.process_time()
    answer = await sent(client, path, bomb, encoding, media_type)
    assert answer.status_code == 413
    assert answer.json()["type"] == "/problems/body-too-large"
    assert time.process_time() - started < 5  # a fraction of a second


@pytest.mark.parametrize("encoding", encodings.ENCODINGS)
def test_bombs_need_little_memory(encoding: str) -> None:
    bomb = COMPRESS[encoding](bytes(200 * 2**20))
    tracemalloc.start()
    try:
        with pytest.raises(BodyTooLarge):
            decoded(bomb, encoding, 100 * 2**20)
        assert tracemalloc.get_traced_memory()[1] < 40 * 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("encoding", encodings.ENCODINGS)
async def test_damaged_bodies_are_no_data(client: httpx.AsyncClient, encoding: str) -> None:
    whole = COMPRESS[encoding](BODY)
    for damaged in (b"", BODY, whole[:-1], whole[: len(whole) // 2], whole + b"behind", b"\0" + whole, whole[:3]):
        for path, media_type in ((PATH, JSON), ("/v1/batches", LINES)):
            answer = await sent(client, path, damaged, encoding, media_type)
            assert (answer.status_code, answer.json()["type"]) == (400, "/problems/invalid-encoding"), damaged


@pytest.mark.parametrize("encoding", encodings.ENCODINGS)
def test_what_becomes_much_longer_is_a_bomb_far_below_the_limit(encoding: str) -> None:
    with pytest.raises(BodyTooLarge, match="times as long"):
        decoded(COMPRESS[encoding](bytes(40 * 2**20)), encoding, 2**40)
    small = bytes(10 * 2**20)
    assert decoded(COMPRESS[encoding](small), encoding, 2**40) == small
    numbers = b",".join(b"%d.5,0.0" % number for number in range(2_000_000))
    assert decoded(COMPRESS[encoding](numbers), encoding, 2**40) == numbers


def test_a_checksum_is_looked_at() -> None:
    wrong = bytearray(gzip.compress(BODY))
    wrong[-6] ^= 1
    with pytest.raises(InvalidEncoding):
        decoded(bytes(wrong), "gzip", 1000)


def test_members_are_counted() -> None:
    with pytest.raises(InvalidEncoding, match="pieces"):
        decoded(gzip.compress(b"") * (encodings.MOST_MEMBERS + 1), "gzip", 1000)


def test_raw_deflate_in_parts_of_any_size() -> None:
    whole, decoder = gzip.compress(BODY), Decoder("gzip")
    assert b"".join(piece for byte in whole for piece in decoder.pieces(bytes([byte]))) == BODY
    decoder.end()
    assert zlib.decompress(whole, 31) == BODY


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "compress", "x"])
async def test_other_encodings_are_named(client: httpx.AsyncClient, encoding: str) -> None:
    for path, media_type in ((PATH, JSON), ("/v1/batches", LINES), ("/v1/batches", JSON)):
        answer = await sent(client, path, BODY, encoding, media_type)
        assert (answer.status_code, answer.json()["type"]) == (415, "/problems/unsupported-encoding")
        assert answer.headers["accept-encoding"] == "gzip, zstd"


@pytest.mark.parametrize("encoding", ["identity", " GZIP ", "x-gzip"])
async def test_names_are_read_as_they_are_meant(client: httpx.AsyncClient, encoding: str) -> None:
    body = BODY if encoding == "identity" else gzip.compress(BODY)
    assert (await sent(client, PATH, body, encoding)).status_code == 200
