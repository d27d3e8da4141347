"""Whoever waits for a job is woken when it changes, also after an outage."""

import threading
import time

from tests.processes import eventually
from tests.workers.claims import ANSWER, JOB
from tests.workers.processes import Place
from workers.changes import Changes
from workers.settings import WorkerSettings


def quiet(heard: threading.Event) -> None:
    """Forget what was heard, once nothing more is on its way."""
    while heard.is_set():
        heard.clear()
        time.sleep(0.1)


def test_a_change_wakes_who_watches(place: Place) -> None:
    changes = Changes(place.settings)
    heard, other = threading.Event(), threading.Event()
    with changes.watch("a", heard.set), changes.watch("b", other.set):
        eventually(lambda: (place.server.client.publish("minnorm:changes", "a"), heard.is_set())[1])
        place.ledger.submit(JOB)
        quiet(heard)
        claim = place.ledger.claim("interactive")
        assert claim is not None
        assert heard.wait(20)
        quiet(heard)
        assert place.ledger.finish(claim, ANSWER)
        assert heard.wait(20)
    assert not other.is_set()
    heard.clear()
    place.server.client.publish("minnorm:changes", "a")
    changes.stop()
    eventually(lambda: not any(thread.name == "changes" for thread in threading.enumerate()))
    assert not heard.is_set()


def test_word_comes_again_after_an_outage(place: Place) -> None:
    changes = Changes(place.settings)
    heard = threading.Event()
    with changes.watch("a", heard.set):
        eventually(lambda: (place.server.client.publish("minnorm:changes", "a"), heard.is_set())[1])
        place.server.kill()
        place.server.start()
        heard.clear()
        eventually(lambda: (place.server.client.publish("minnorm:changes", "a"), heard.is_set())[1])
        heard.clear()
        changes.stop()
        assert heard.is_set()  # the last word


def test_nobody_is_there_to_be_heard() -> None:
    changes = Changes(WorkerSettings(redis_url="unix:///nowhere/broker.sock"))
    with changes.watch("a", lambda: None):
        changes.stop()
