"""Hears of every change of a job or batch, and wakes who waits for it."""

import contextlib
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import redis

from workers.connection import connect, ledger_errors
from workers.errors import LedgerUnavailable
from workers.scripts import CHANGES, text
from workers.settings import WorkerSettings

PAUSE_S = 0.5
"""Between two attempts to reach Redis, and longest time until an end is noticed."""

Wake = Callable[[], object]


class Changes:
    """One connection for all who wait. Word can be lost with it, so who waits also looks from time to time."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._client = connect(settings)
        self._waiting: dict[str, set[Wake]] = defaultdict(set)
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._listener: threading.Thread | None = None

    @contextmanager
    def watch(self, id_: str, wake: Wake) -> Iterator[None]:
        """Call `wake`, from another thread, at each change of this job or batch."""
        with self._lock:
            self._waiting[id_].add(wake)
            self._ensure_listener()
        try:
            yield
        finally:
            with self._lock:
                self._waiting[id_].discard(wake)
                if not self._waiting[id_]:
                    del self._waiting[id_]

    def stop(self) -> None:
        """Wake everybody, for the last time."""
        self._stopped.set()
        with self._lock:
            self._wake(*self._waiting)

    def _ensure_listener(self) -> None:
        if self._listener is None:
            self._listener = threading.Thread(target=self._listen, name="changes", daemon=True)
            self._listener.start()

    def _listen(self) -> None:
        while not self._stopped.is_set():
            with contextlib.suppress(LedgerUnavailable), ledger_errors(), self._client.pubsub() as channel:  # type: ignore[no-untyped-call]
                channel.subscribe(CHANGES)
                self._hear(channel)
            self._stopped.wait(PAUSE_S)
        self._client.close()

    def _hear(self, channel: redis.client.PubSub) -> None:
        while not self._stopped.is_set():
            message = channel.get_message(timeout=PAUSE_S)
            if message and message["type"] == "message":
                with self._lock:
                    self._wake(text(message["data"]))

    def _wake(self, *ids: str) -> None:
        for id_ in ids:
            for wake in self._waiting.get(id_, ()):
                wake()
