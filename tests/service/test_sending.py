"""Long bodies: sent slice by slice, with others served in between, and let go of on the way."""

import weakref
from collections.abc import Callable
from typing import Any

import anyio
import numpy as np
import orjson
import pytest
from anyio.lowlevel import checkpoint
from starlette.responses import Response

from service.envelopes import Envelope
from service.sending import LONG_BYTES, SLICE_BYTES, response
from workers.encoding import LONG, PIECE, Deferred

pytestmark = pytest.mark.anyio

PARTS = 3
TYPE = "text/plain"


def columns() -> list[Any]:
    return [np.full(LONG_BYTES + number, number, np.uint8) for number in range(PARTS)]


async def sent(answer: Response, look: Callable[[], object] = lambda: None) -> tuple[list[Any], list[object]]:
    """The messages of an answer to somebody who takes everything at once; and what was seen at each of them."""
    messages, seen = list[Any](), list[object]()

    async def send(message: Any) -> None:
        messages.append({**message, "body": bytes(message.get("body", b""))})
        seen.append(look())

    async def receive() -> Any:
        raise AssertionError

    await answer({"type": "http"}, receive, send)
    return messages, seen


async def others_served(answer: Response) -> tuple[list[Any], int]:
    """The messages, and how often somebody else had a turn meanwhile."""
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            await checkpoint()
            turns += 1

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(other)
        messages, _ = await sent(answer)
        tasks.cancel_scope.cancel()
    return messages, turns


def body_of(messages: list[Any]) -> bytes:
    assert [message["type"] for message in messages] == [
        "http.response.start",
        *["http.response.body"] * (len(messages) - 1),
    ]
    assert [message["more_body"] for message in messages[1:]] == [True] * (len(messages) - 2) + [False]
    return b"".join(message["body"] for message in messages)


async def test_a_long_body_is_sent_in_slices_and_others_have_their_turn() -> None:
    parts = [memoryview(column) for column in columns()]
    whole = b"".join(parts)
    messages, turns = await others_served(response(parts, {"x-a": "b"}, TYPE))
    assert body_of(messages) == whole
    assert max(len(message["body"]) for message in messages) == SLICE_BYTES
    assert turns > PARTS * LONG_BYTES // SLICE_BYTES - 2
    headers = dict(messages[0]["headers"])
    assert int(headers[b"content-length"]) == len(whole)
    assert headers[b"x-a"] == b"b"


async def test_a_short_body_is_sent_at_once() -> None:
    messages, _ = await sent(response([b"a", memoryview(b"b")], {}, TYPE))
    assert [message["body"] for message in messages] == [b"", b"ab"]


async def test_what_has_been_sent_is_let_go_of() -> None:
    whole = columns()
    left = [weakref.ref(column) for column in whole]
    answer = response([memoryview(column) for column in whole], {}, TYPE)
    del whole
    _, seen = await sent(answer, lambda: sum(each() is not None for each in left))
    assert seen[0] == PARTS
    assert seen[-2] == 1  # the one whose last slice this is
    assert sorted(map(str, seen), reverse=True) == list(map(str, seen))


async def test_a_long_job_is_the_same_text_and_others_have_their_turn() -> None:
    column = np.linspace(-1.0, 1.0, 3 * LONG)
    result = {"x": column, "y": Deferred(lambda: -column), "n": 1}
    job = {"id": "a"}
    messages, turns = await others_served(Envelope(job, result, is_long=True).response(200))
    assert body_of(messages) == Envelope(job, result).json()
    assert turns > 2 * column.size // PIECE - 2
    assert b"content-length" not in dict(messages[0]["headers"])


async def test_a_long_result_of_the_ledger_is_sent_as_it_is() -> None:
    text = orjson.dumps("a" * 2 * LONG_BYTES)
    messages, turns = await others_served(Envelope({"id": "a"}, text, is_long=True).response(200))
    assert orjson.loads(body_of(messages)) == {"id": "a", "result": orjson.loads(text)}
    assert turns > len(text) // SLICE_BYTES - 2


async def test_only_what_is_written_is_held_while_it_is() -> None:
    """A column that was computed on the way does not hold what it was computed from."""
    column = np.linspace(-1.0, 1.0, 10 * LONG)
    source = weakref.ref(column)

    def answer(column: Any) -> Response:
        return Envelope({"id": "a"}, {"y": Deferred(lambda: -column)}, is_long=True).response(200)

    whole = answer(column)
    del column
    _, seen = await sent(whole, lambda: source() is not None)
    assert seen[0] is True
    assert seen[-10] is False  # not at once: the thread that has computed it lets go of it when it has a turn
