"""A time limit that is armed only by waiting."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from service.patience import within

pytestmark = pytest.mark.anyio


async def counted(waits: int, seconds: float = 0.0) -> int:
    for _ in range(waits):
        await asyncio.sleep(seconds)
    return waits


async def failing(waits: int) -> None:
    await counted(waits)
    raise LookupError


@pytest.mark.parametrize("waits", [0, 1, 3])
async def test_what_ends_in_time_is_returned(waits: int) -> None:
    assert await within(10.0, counted(waits)) == waits


@pytest.mark.parametrize("waits", [0, 1, 3])
async def test_what_goes_wrong_is_raised(waits: int) -> None:
    with pytest.raises(LookupError):
        await within(10.0, failing(waits))


async def test_what_takes_too_long_is_ended_and_may_tidy_up() -> None:
    seen = list[str]()

    async def slow() -> None:
        try:
            await counted(2, 10.0)
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            seen.append("tidied up")
            raise

    with pytest.raises(TimeoutError):
        await within(0.01, slow())
    assert seen == ["tidied up"]


async def test_who_is_cancelled_is_cancelled() -> None:
    task = asyncio.create_task(within(10.0, counted(1, 10.0)))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_is_waited_for_may_answer_and_fail() -> None:
    loop = asyncio.get_running_loop()
    first, second = loop.create_future(), loop.create_future()

    async def both() -> Any:
        got = await first
        try:
            await second
        except LookupError:
            return got
        return None

    loop.call_later(0.01, first.set_result, "got")
    loop.call_later(0.02, second.set_exception, LookupError())
    assert await within(10.0, both()) == "got"


async def test_no_timer_is_started_for_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def timeout(_: float) -> AsyncIterator[None]:
        raise AssertionError("A timer was started.")

    monkeypatch.setattr(asyncio, "timeout", timeout)
    assert await within(10.0, counted(0)) == 0
    with pytest.raises(AssertionError, match="timer"):
        await within(10.0, counted(1))
