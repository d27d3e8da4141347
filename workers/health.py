"""`python -m workers.health QUEUE`: does the worker of that queue on this machine live? For containers."""

import socket
import sys

from workers.connection import connect
from workers.errors import LedgerError
from workers.ledger import Ledger
from workers.settings import worker_settings


def complaint(queue: str) -> str:
    """Empty if this machine's worker of the queue has announced itself lately, else what is wrong."""
    settings = worker_settings()
    name = f"{queue}@{socket.gethostname()}"
    try:
        alive = {worker.name for worker in Ledger(connect(settings), settings).workers()}
    except LedgerError as error:
        return str(error)
    return "" if name in alive else f"{name} is not among the live workers: {sorted(alive)}"


def main(queue: str) -> int:
    """Exit status 0 if it lives."""
    reason = complaint(queue)
    sys.stderr.write(reason)
    return 1 if reason else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
