"""`python -m service`, or `make run`: the whole service on this machine. Ctrl-C stops it."""

import signal
import sys
import threading

from service.launcher import Launcher
from service.settings import gateway_settings
from workers.settings import worker_settings


def main() -> int:
    """Run until a signal says stop; returns the exit status."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # the last: the terminal was closed
        signal.signal(number, lambda *_: stop.set())
    return Launcher(gateway_settings(), worker_settings(), stop).run()


if __name__ == "__main__":
    sys.exit(main())
