"""All faults, and how big each is in short and in long form."""

import logging
import shutil
import time

import pytest

from tests.faults import on_batches, on_gateways, on_jobs, on_queues, on_servers, on_trainings, on_workers
from tests.faults.figures import Fault, Figures, NotPossibleHere, Size
from tests.faults.scene import scene
from workers.broker_program import find_server

logger = logging.getLogger(__name__)

FAULTS = (
    Fault(on_workers.killed_workers, Size(3, 300), Size(30, 6_000), everywhere=True),
    Fault(on_workers.killed_runners, Size(4, 200), Size(50, 3_000)),
    Fault(on_workers.killed_pool_children, Size(4, 200), Size(50, 3_000)),
    Fault(on_servers.killed_servers, Size(2, 300, 0.3), Size(6, 2_000, 2.0), everywhere=True),
    Fault(on_workers.stopped_workers, Size(2, 20), Size(10, 200)),
    Fault(on_workers.rolling_restart, Size(2, 20), Size(10, 200)),
    Fault(on_servers.cut_connections, Size(10, 200), Size(10, 1_000)),
    Fault(on_servers.half_open_connections, Size(1, 100, 3.0), Size(1, 400, 60.0)),
    Fault(on_workers.frozen_workers, Size(1, 60), Size(5, 600)),
    Fault(on_servers.full_memory, Size(1, 200, 1.5), Size(1, 2_000, 10.0)),
    Fault(on_servers.full_disk, Size(1, 200, 2.0), Size(1, 500, 10.0)),
    Fault(on_servers.torn_file, Size(2, 200), Size(6, 1_000), everywhere=True),
    Fault(on_workers.skewed_clocks, Size(1, 100), Size(6, 1_000)),
    Fault(on_workers.unsafe_server, Size(), Size()),
    Fault(on_gateways.redis_away, Size(1, 20, 3.0), Size(1, 200, 30.0)),
    Fault(on_gateways.killed_gateways, Size(3, 100), Size(20, 2_000)),
    Fault(on_gateways.slow_clients, Size(50, 20), Size(500, 200)),
    Fault(on_gateways.ended_retention, Size(0, 10, 1.0), Size(0, 500, 2.0), everywhere=True),
    Fault(on_jobs.canceled_jobs, Size(seconds=10), Size(seconds=3)),
    Fault(on_jobs.poison, Size(1, 50), Size(10, 1_000)),
    Fault(on_jobs.old_records, Size(), Size(), everywhere=True),
    Fault(on_queues.too_many_bells, Size(500, 20), Size(10_000, 1_000)),
    Fault(on_queues.malformed_messages, Size(0, 24), Size(0, 1_200)),
    Fault(on_queues.long_queues, Size(0, 2_000), Size(0, 10_000)),
    Fault(on_queues.very_long_queues, Size(1, 2_000), Size(1, 100_000)),
    Fault(on_batches.killed_batch, Size(2, 300, 2.0), Size(20, 10_000, 2.0)),
    Fault(on_trainings.killed_trainings, Size(3, 1, 2.0), Size(16, 4, 6.0)),
)


def servers() -> dict[str, str]:
    """The kinds of server on this machine, and their programs."""
    found = {"valkey": str(find_server()), "redis": shutil.which("redis-server")}
    return {name: path for name, path in found.items() if path}


def run(fault: Fault, binary: str, size: Size) -> Figures:
    """Bring a fault about, in an empty place, and tell what it cost."""
    started, figures = time.monotonic(), Figures()
    try:
        with scene(binary) as place:
            figures = fault.act(place, size)
    except NotPossibleHere as reason:
        figures.note = f"not possible here: {reason}"
    except pytest.fail.Exception as failure:
        figures.wrong.append(str(failure))
        figures.stuck += 1
    except Exception as error:
        logger.exception("The fault %s could not be brought about", fault.name)
        figures.wrong.append(repr(error))
    figures.seconds = time.monotonic() - started
    return figures
