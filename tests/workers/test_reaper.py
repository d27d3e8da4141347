"""Rounds of the reaper, one at a time."""

from collections.abc import Iterator

import pytest

from tests.processes import eventually
from tests.workers.processes import Place
from workers.errors import LedgerUnavailable
from workers.reaper import BELLS_A_ROUND, Reaper


@pytest.fixture
def reaper(place: Place) -> Iterator[Reaper]:
    """A reaper of a worker that serves one queue."""
    place.celery.amqp.queues.select(["interactive"])
    reaper = Reaper("test@host", place.celery, place.settings)
    yield reaper
    reaper._client.close()


def bells(place: Place) -> int:
    return place.server.client.llen("interactive")


def test_a_round_tells_that_the_worker_lives(place: Place, reaper: Reaper) -> None:
    reaper.work_once()
    (worker,) = place.ledger.workers()
    assert (worker.name, worker.queues) == ("test@host", ("interactive",))


def test_missing_bells_are_rung_and_no_others(place: Place, reaper: Reaper) -> None:
    reaper.work_once()
    assert bells(place) == 0
    for number in range(3):
        place.submit("echo", number, bell=False)
    for _ in range(3):
        reaper.work_once()
        assert bells(place) == 3


def test_bells_of_a_long_queue_are_not_rung_all_at_once(place: Place, reaper: Reaper) -> None:
    for number in range(BELLS_A_ROUND + 5):
        place.submit("echo", number, bell=False)
    reaper.work_once()
    assert bells(place) == BELLS_A_ROUND
    reaper.work_once()
    assert bells(place) == BELLS_A_ROUND + 5


def test_an_expired_lease_is_reaped_and_rung_for(place: Place, reaper: Reaper) -> None:
    job = place.submit("echo", bell=False)
    place.ledger.claim("interactive")
    reaper.work_once()
    assert place.ledger.get(job).state == "running"
    place.end_lease(job)
    reaper.work_once()
    assert place.ledger.get(job).state == "queued"
    assert bells(place) == 1


def test_the_thread_outlives_an_outage_and_ends_when_told(
    place: Place, reaper: Reaper, caplog: pytest.LogCaptureFixture
) -> None:
    place.server.kill()
    with pytest.raises(LedgerUnavailable):
        reaper.work_once()
    reaper.start()
    eventually(lambda: "Nothing is reaped for now" in caplog.text)
    place.server.start()
    eventually(place.ledger.workers)
    eventually(lambda: "Redis is back" in caplog.text)
    reaper.stop()
    reaper.join(timeout=10)
    assert not reaper.is_alive()
