"""Several trainings side by side, which can be watched, stopped, put away and taken up again."""

import io
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import Any

import numpy as np

from workers.minnorm import ENGINE
from workers.training.run import Run

Watch = Callable[[], None]
"""Called some times a second while training goes on, and once after it."""

WATCHED_EVERY_S = 0.1


def train(runs: Iterable[Run], watch: Watch) -> bool:
    """Take all runs to their ends, on as many threads as there are processors; False if interrupted before.

    They work outside of the interpreter, and the bits of a run do not depend on the others. A `KeyboardInterrupt` stops
    all of them within about 0.1 s, or one step if that takes longer.
    """
    waiting = [run for run in runs if not run.ended]
    if not waiting:
        return True
    stop = threading.Event()
    with ThreadPoolExecutor(min(len(waiting), os.cpu_count() or 1)) as pool:
        working = {pool.submit(run.go_on, stop) for run in waiting}
        try:
            while working:
                ended, working = wait(working, WATCHED_EVERY_S, FIRST_EXCEPTION)
                for each in ended:
                    each.result()
                watch()
        except KeyboardInterrupt:
            return False
        finally:
            stop.set()
    return True


def packed(runs: Iterable[Run]) -> bytes:
    """All that `unpack` needs."""
    arrays = {f"{place}/{name}": part for place, run in enumerate(runs) for name, part in run.saved().items()}
    file = io.BytesIO()
    np.savez(file, engine=np.array(ENGINE), **arrays)
    return file.getvalue()


def unpack(saved: bytes, runs: Iterable[Run]) -> None:
    """Take up what was packed, by the same engine for the same runs; another engine begins anew."""
    with np.load(io.BytesIO(saved), allow_pickle=False) as file:
        if str(file["engine"]) != ENGINE:
            return
        for place, run in enumerate(runs):
            head = f"{place}/"
            kept: Mapping[str, Any] = {
                name.removeprefix(head): file[name] for name in file.files if name.startswith(head)
            }
            run.resume(kept)


class Rhythm:
    """Says when it is time to save: every few seconds, less often what takes long to store."""

    def __init__(self, every_s: float, bytes_a_second: float) -> None:
        self._every_s = every_s
        self._bytes_a_second = bytes_a_second
        self._next_s = time.monotonic() + every_s

    @property
    def is_due(self) -> bool:
        """Whether it is time."""
        return time.monotonic() >= self._next_s

    def saved(self, size: int) -> None:
        """Note that so many bytes have been saved."""
        self._next_s = time.monotonic() + max(self._every_s, size / self._bytes_a_second)
