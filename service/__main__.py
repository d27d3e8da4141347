"""`python -m service`, or `make run`: the whole service on this machine. Ctrl-C stops it."""

import signal
import sys
import threading
from queue import SimpleQueue

from service.launcher import Launcher
from service.settings import gateway_settings
from workers.settings import worker_settings

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # the last: the terminal was closed


def main() -> int:
    """Run until a signal says stop; returns the exit status."""
    return Launcher(gateway_settings(), worker_settings(), set_by_signals()).run()


def set_by_signals() -> threading.Event:
    """An event that each of the signals sets from now on.

    A thread sets it: the signal may arrive where the main thread holds the event's lock, and would wait for itself.
    """
    heard, stop = SimpleQueue[int](), threading.Event()

    def wait() -> None:
        heard.get()
        stop.set()

    threading.Thread(target=wait, name="signals", daemon=True).start()
    for number in SIGNALS:
        signal.signal(number, lambda number, _: heard.put(number))
    return stop


if __name__ == "__main__":
    sys.exit(main())
