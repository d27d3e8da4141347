"""Batches where no queue is needed: what is refused, how items become chunks, and chunks become lines."""

import threading
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any, cast

import anyio
import httpx
import orjson
import pytest
from anyio import from_thread
from fastapi.exceptions import RequestValidationError

from service import batch_results
from service.five_points import FIVE_POINTS
from service.items import CHUNK_ITEMS, Chunk, Gatherer
from service.queueing import BatchRecord, Queue
from service.refusals import JobNotFinished
from service.settings import GatewaySettings
from workers import chunks
from workers.errors import JobExpired, LedgerUnavailable
from workers.records import WORKER_LOST, JobError, State

pytestmark = pytest.mark.anyio

NDJSON = {"Content-Type": "application/x-ndjson"}
JSON = {"Content-Type": "application/json"}
ITEM = {"custom_id": "a", "kind": "interpolations", "body": FIVE_POINTS}


@pytest.fixture
def settings() -> GatewaySettings:
    return GatewaySettings(ledger_timeout_s=0.2, max_body_bytes=2_000, max_batch_bytes=300_000, max_batch_items=3)


async def refusal(client: httpx.AsyncClient, body: bytes | AsyncIterator[bytes]) -> tuple[int, str]:
    response = await client.post("/v1/batches", content=body, headers=NDJSON)
    return response.status_code, response.json()["type"].removeprefix("/problems/")


async def slowly(pause_s: float, part: bytes = b"\n") -> AsyncIterator[bytes]:
    while True:
        yield part
        await anyio.sleep(pause_s)


def items(count: int, points: int = 2) -> list[dict[str, Any]]:
    body = {"x": list(range(points)), "y": [0.5] * points}
    return [{"custom_id": str(index), "kind": "interpolations", "body": body} for index in range(count)]


def gathered(wanted: list[dict[str, Any]]) -> list[Chunk]:
    gatherer = Gatherer(GatewaySettings())
    return gatherer.take_items(wanted) + gatherer.last()


async def test_without_a_queue_a_batch_is_refused_for_now(client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/batches", content=orjson.dumps(ITEM), headers=NDJSON)
    assert (response.status_code, response.headers["retry-after"]) == (503, "2")
    assert (await client.get("/v1/batches/batch_a/results")).status_code == 503


async def test_the_limits_are_those_of_the_settings(client: httpx.AsyncClient) -> None:
    limits = (await client.get("/v1/capabilities")).json()["limits"]
    assert (limits["max_batch_items"], limits["max_batch_bytes"]) == (3, 300_000)
    named = [orjson.dumps(ITEM | {"custom_id": str(index)}) for index in range(4)]
    assert await refusal(client, b"\n".join(named)) == (422, "invalid-request")
    assert (await refusal(client, b"\n".join(named[:3])))[0] == 503


async def test_a_body_is_bounded(client: httpx.AsyncClient) -> None:
    assert await refusal(client, b"\n" * 300_001) == (413, "body-too-large")
    assert await refusal(client, slowly(0, b" " * 500)) == (413, "body-too-large")  # one line without an end
    assert await refusal(client, slowly(0, b"\n" * 500)) == (413, "body-too-large")
    document = await client.post("/v1/batches", json={"items": [ITEM] * 20})
    assert document.status_code == 413


class TestPatience:
    @pytest.fixture
    def settings(self) -> GatewaySettings:
        return GatewaySettings(ledger_timeout_s=0.2, body_timeout_s=0.3, batch_timeout_s=1.0)

    async def test_a_body_must_not_pause_nor_take_forever(self, client: httpx.AsyncClient) -> None:
        with anyio.fail_after(30):
            assert await refusal(client, slowly(0.5)) == (408, "body-too-slow")
            assert await refusal(client, slowly(0.1)) == (408, "body-too-slow")


async def test_the_rest_of_a_refused_body_is_read(client: httpx.AsyncClient) -> None:
    sent = list[int]()

    async def body() -> AsyncIterator[bytes]:
        yield b"[]\n" + b"\n" * 280_000
        for part in range(5):
            sent.append(part)
            yield b"\n"

    assert await refusal(client, body()) == (422, "invalid-request")
    assert sent == list(range(5))


@pytest.mark.parametrize(
    ("take", "body", "told"),
    [("take_lines", orjson.dumps(ITEM), NDJSON), ("take_items", orjson.dumps({"items": [ITEM]}), JSON)],
)
async def test_others_are_answered_while_a_batch_is_looked_at(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, take: str, body: bytes, told: dict[str, str]
) -> None:
    begun, answered, waited = anyio.Event(), threading.Event(), list[bool]()
    real = getattr(Gatherer, take)

    def wait_for_others(gatherer: Gatherer, part: Any) -> Any:
        from_thread.run_sync(begun.set)
        waited.append(answered.wait(5))
        return real(gatherer, part)

    monkeypatch.setattr(Gatherer, take, wait_for_others)
    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(partial(client.post, "/v1/batches", content=body, headers=told))
            await begun.wait()
            assert (await client.post("/v1/interpolations", json=FIVE_POINTS)).status_code == 200
            answered.set()
    assert waited == [True]


def test_chunks_are_of_about_a_second() -> None:
    assert [chunk.items for chunk in gathered(items(100, 10_000))] == [39, 39, 22]


def test_chunks_know_what_an_item_costs() -> None:
    alone = [one | {"body": one["body"] | {"skip_connection": False}} for one in items(5, 1_000)]
    assert [chunk.items for chunk in gathered(alone)] == [2, 2, 1]


def test_the_limit_of_points_holds_for_coefficients_in_a_batch() -> None:
    gatherer = Gatherer(GatewaySettings(max_points=3))
    body = {"piecewise_polynomial": {"breakpoints": [0, 1], "coefficients": [[1, 2, 3, 4]]}}
    gatherer.take_items([{"custom_id": "a", "kind": "norms", "body": body}])
    (chunk,) = gatherer.last()
    error = chunks.item(chunk.payload)["error"]
    assert (error["code"], error["pointer"]) == ("too-many-points", "/body/piecewise_polynomial/coefficients/0")


def test_chunks_have_at_most_so_many_items_and_bytes() -> None:
    assert [chunk.items for chunk in gathered(items(2 * CHUNK_ITEMS + 1))] == [CHUNK_ITEMS, CHUNK_ITEMS, 1]
    long = [
        one | {"body": {"x": [0.1234567890123456] * 100_000, "y": [0.1234567890123456] * 100_000}} for one in items(3)
    ]
    assert [chunk.items for chunk in gathered(long)] == [2, 1]


def test_a_chunk_carries_the_problems_of_its_items() -> None:
    (chunk,) = gathered([ITEM, ITEM | {"custom_id": "b", "kind": "none"}])
    first, second = chunks.split(chunk.payload)
    problem = {"x": FIVE_POINTS["x"], "y": FIVE_POINTS["y"]}
    usual = {"objective": "norm", "penalise_biases": True, "skip_connection": True, "standardise": False}
    assert chunks.item(first) == {"custom_id": "a", "kind": "interpolations", "problem": usual | problem}
    assert chunks.is_failed(second)
    assert chunks.item(second)["error"]["pointer"] == "/kind"


def test_a_fault_names_its_line_by_the_number_that_an_editor_shows() -> None:
    gatherer = Gatherer(GatewaySettings())
    gatherer.take_lines(b"\n" + orjson.dumps(ITEM))
    with pytest.raises(RequestValidationError) as refused:
        gatherer.take_lines(b"\r\n7")
    (error,) = refused.value.errors()
    assert (error["loc"], error["msg"]) == (("body", "items", 1), "line 4 is no JSON object")


FAILED = chunks.failed_line("bad", JobError("invalid-request", "/kind: no", "/kind"))
PAYLOAD = chunks.join([chunks.item_line("a", "norms", {}), FAILED])


class Chunks:
    """A queue with the chunks of one batch, which end one by one."""

    def __init__(self, ended: Sequence[tuple[State, bytes, str]], closing_after: int = 99) -> None:
        self.ended = ended
        self._seen = 0
        self._closing_after = closing_after
        self._answers = False

    @property
    def closing(self) -> bool:
        return self._seen >= self._closing_after

    async def ended_chunks(self, _: str, after: int) -> list[int]:
        if after == 1 and not self._answers:
            self._answers = True
            raise LedgerUnavailable
        return list(range(after, self._seen))

    async def chunk(self, _: str, index: int) -> tuple[State, bytes, str]:
        return self.ended[index]

    async def changed(self, record: BatchRecord, _: float) -> BatchRecord:
        self._seen += 1
        return record


async def streamed(queue: Chunks) -> list[dict[str, Any]]:
    record = BatchRecord("b", State.RUNNING, 9, len(queue.ended), {}, 0.0, 1)
    parts = [part async for part in batch_results.stream(cast(Queue, queue), record)]
    return [orjson.loads(line) for line in b"".join(parts).splitlines()]


async def test_each_item_has_a_line_however_its_chunk_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_results, "AGAIN_S", 0.01)
    answered = chunks.answered_line("a", "optimal", b'{"norm":\n1}')
    broken = chunks.failed_line("m", JobError("conflicting-values", "no function", "/y/1"))
    lost = orjson.dumps({"code": WORKER_LOST.code, "detail": WORKER_LOST.detail, "pointer": ""}).decode()
    queue = Chunks(
        [
            (State.SUCCEEDED, chunks.join([answered, FAILED, broken]), ""),
            (State.FAILED, PAYLOAD, lost),
            (State.CANCELED, PAYLOAD, ""),
            (State.EXPIRED, PAYLOAD, ""),
            (State.FAILED, PAYLOAD, '{"code": "unheard-of", "detail": "?"}'),
        ]
    )
    found = await streamed(queue)
    assert found[0] == {"custom_id": "a", "status": 200, "outcome": "optimal", "result": {"norm": 1}}
    assert [
        (line["custom_id"], line["status"], line["error"]["type"].removeprefix("/problems/")) for line in found[1:]
    ] == [
        ("bad", 422, "invalid-request"),
        ("m", 422, "conflicting-values"),
        ("a", 500, "worker-lost"),
        ("bad", 500, "worker-lost"),
        ("a", 409, "canceled"),
        ("bad", 409, "canceled"),
        ("a", 409, "expired"),
        ("bad", 409, "expired"),
        ("a", 500, "internal-error"),
        ("bad", 500, "internal-error"),
    ]
    pointers = [line["error"]["errors"][0]["pointer"] for line in found[1:4]]
    assert pointers == ["/kind", "/body/y/1", ""]


async def test_a_stream_of_what_has_been_deleted_breaks_off() -> None:
    with pytest.raises(JobExpired):
        await streamed(Chunks([(State.EXPIRED, b"", "")]))


async def test_a_stream_that_the_gateway_cuts_does_not_look_complete() -> None:
    queue = Chunks([(State.SUCCEEDED, b"{}", "")] * 3, closing_after=1)
    with anyio.fail_after(30), pytest.raises(JobNotFinished):
        await streamed(queue)
