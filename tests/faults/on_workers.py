"""Workers that die, freeze, stop, start with a wrong clock, or find no sound server."""

import os
import random
import shutil
import signal
import subprocess
import time
from itertools import cycle
from pathlib import Path

from tests.faults.figures import Figures, NotPossibleHere, Size
from tests.faults.scene import Scene
from tests.processes import ENVIRONMENT, eventually, processes_of
from workers.reaper import EX_CONFIG

CHANCE = random.Random(7)
LONG_S, SHUTDOWN_S = 0.8, 0.3
"""What a job takes, and how long a worker that has to stop waits for the one in hand, which has just begun."""


def killed_workers(place: Scene, size: Size) -> Figures:
    worker = place.worker(slots=2)
    with place.loading(size.jobs):
        place.strike(size.kills, size.jobs, lambda: place.crash(worker))
    return place.settle(size.kills, 2)


def killed_runners(place: Scene, size: Size) -> Figures:
    place.worker(slots=2)
    with place.loading(size.jobs):
        place.strike(size.kills, size.jobs, lambda: _kill_one(place, "workers.runner"))
    return place.settle(size.kills)


def killed_pool_children(place: Scene, size: Size) -> Figures:
    """A child of the pool has the runner for a child; Celery's main process is its parent."""
    place.worker(slots=2)
    with place.loading(size.jobs):
        place.strike(size.kills, size.jobs, lambda: _kill_parent_of_runner(place))
    return place.settle(size.kills)


def _runners(place: Scene, program: str = "workers.runner") -> list[int]:
    return [pid for pid, line in processes_of(place.folder).items() if program in line]


def _kill_one(place: Scene, program: str) -> None:
    os.kill(CHANCE.choice(eventually(lambda: _runners(place, program), what=program)), signal.SIGKILL)


def _kill_parent_of_runner(place: Scene) -> None:
    def kill() -> bool:
        for runner in _runners(place):
            status = Path(f"/proc/{runner}/status")
            if status.exists() and (parent := int(status.read_text().split("PPid:")[1].split()[0])) > 1:
                os.kill(parent, signal.SIGKILL)
                return True
        return False

    eventually(kill, what="a child of the pool")


def stopped_workers(place: Scene, size: Size) -> Figures:
    """SIGTERM, every second time followed by SIGKILL."""
    worker, patient = place.worker(slots=2, shutdown_s=SHUTDOWN_S), cycle((True, False))

    def stop() -> None:
        if next(patient):
            worker.stop()
        else:
            os.kill(worker._process.pid, signal.SIGTERM)
            time.sleep(0.2)
            worker.kill()
        worker.start()

    with place.loading(size.jobs, LONG_S):
        place.strike(size.kills, size.jobs, stop)
    return _given_back(place, place.settle(size.kills, 2))


def _given_back(place: Scene, figures: Figures) -> Figures:
    figures.note = f"given back {place.require('is given back')}"
    return figures


def rolling_restart(place: Scene, size: Size) -> Figures:
    workers = cycle([place.worker(name, shutdown_s=SHUTDOWN_S) for name in ("first", "second")])

    def roll() -> None:
        worker = next(workers)
        worker.stop()
        worker.start()

    with place.loading(size.jobs, LONG_S):
        place.strike(size.kills, size.jobs, roll)
    return _given_back(place, place.settle(size.kills))


def frozen_workers(place: Scene, size: Size) -> Figures:
    """SIGSTOP for two leases while another one works on."""
    frozen = place.worker("frozen")
    place.worker("other")

    def freeze() -> None:
        frozen.signal_all(signal.SIGSTOP)
        time.sleep(2 * place.settings.lease_s)
        frozen.signal_all(signal.SIGCONT)

    with place.loading(size.jobs, seconds=0.05):
        place.strike(size.kills, size.jobs, freeze)
    return place.settle(size.kills)


def skewed_clocks(place: Scene, size: Size) -> Figures:
    """One worker is two hours ahead, one two hours behind, one right; the wrong ones are killed."""
    program = shutil.which("faketime")
    if program is None:
        raise NotPossibleHere("faketime is not installed")
    command = [program, "-f", "+0", "printenv", "LD_PRELOAD"]
    library = subprocess.run(command, capture_output=True, check=True, env=ENVIRONMENT)
    # All clocks, also the monotonic one: sleeping fails when only some of them are shifted.
    shift = {"LD_PRELOAD": library.stdout.decode().strip()}
    skews = ("+2h", "-2h")
    wrong = cycle([place.worker(skew, environment=shift | {"FAKETIME": skew}) for skew in skews])
    place.worker("right")
    with place.loading(size.jobs, seconds=0.05):
        place.strike(size.kills, size.jobs, lambda: place.crash(next(wrong)))
    figures = place.settle(size.kills)
    figures.note = f"{place.require('ended in attempt', *skews)} by wrong clocks"
    return figures


def unsafe_server(place: Scene, _: Size) -> Figures:
    """A server that evicts: the worker refuses to start, and says so with its status."""
    place.server.client.config_set("maxmemory-policy", "allkeys-lru")
    worker = place.launch()
    place.supervised.clear()
    if (status := worker.wait()) != EX_CONFIG:
        place.wrong.append(f"status {status}")
    return place.settle()
