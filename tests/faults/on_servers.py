"""A server that dies, hangs up, does not answer, is full, or has lost the end of its file."""

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.books import PATIENCE_S
from tests.faults.figures import Figures, NotPossibleHere, Size
from tests.faults.proxy import Proxy
from tests.faults.scene import Scene
from tests.processes import ENVIRONMENT

DISK = "size=8m"


def killed_servers(place: Scene, size: Size) -> Figures:
    place.worker(slots=2)

    def blow() -> None:
        place.server.kill()
        time.sleep(size.seconds)
        place.server.start()

    with place.loading(size.jobs):
        place.strike(size.kills, size.jobs, blow)
    return place.settle(size.kills, 2)


def cut_connections(place: Scene, size: Size) -> Figures:
    place.worker(slots=2)

    def cut() -> None:
        for kind in ("normal", "pubsub"):
            place.server.client.client_kill_filter(_type=kind)

    with place.loading(size.jobs):
        place.strike(size.kills, size.jobs, cut)
    figures = place.settle(size.kills, 2)
    made = place.server.client.info("stats")["total_connections_received"]
    figures.note = f"connections made {made}"
    if made < 2 * size.kills:
        place.wrong.append("nothing was cut")
    return figures


def half_open_connections(place: Scene, size: Size) -> Figures:
    """Nothing arrives any more, and nobody hangs up; another worker goes on, and is gone when it is over."""
    with Proxy(place.data / "s") as proxy:
        place.worker("far", redis_url=f"redis://127.0.0.1:{proxy.port}/0")
        near = place.worker("near")
        with place.loading(size.jobs, seconds=0.05):
            place.reach(size.jobs // 4)
            proxy.forwards.clear()
            time.sleep(size.seconds)
            proxy.forwards.set()
        place.supervised.remove(near)
        near.stop()
        place.load(20)
        figures = place.settle(1)
        figures.note = f"{place.require('ended in attempt', 'far')} by the far worker"
        for worker in place._workers:  # they would reach for a proxy that has gone
            worker.kill()
        return figures


def full_memory(place: Scene, size: Size) -> Figures:
    """New work is refused, accepted work is not lost."""
    place.worker(slots=2)
    client = place.server.client
    place.load(size.jobs // 2)
    client.config_set("maxmemory", str(client.info("memory")["used_memory"] // 2))
    with place.loading(size.jobs // 2):
        _sit_out(place, size.seconds)
        client.config_set("maxmemory", "0")
    return _refusing(place)


def _sit_out(place: Scene, seconds: float) -> None:
    """For so long, and until something has been refused."""
    end, deadline = time.monotonic() + seconds, time.monotonic() + seconds + PATIENCE_S
    while (now := time.monotonic()) < end or (not place.refusals and now < deadline):
        place.supervise()
        time.sleep(0.1)


def _refusing(place: Scene) -> Figures:
    figures = place.settle(1, 2)
    figures.note = f"refusals {place.refusals}"
    if not place.refusals:
        place.wrong.append("nothing was refused")
    return figures


def full_disk(place: Scene, size: Size) -> Figures:
    """The file of the server cannot grow: it takes no writes until there is room again."""
    place.server.kill()
    with _small_disk(place.data) as disk:
        place.server.start()
        place.worker(slots=2)
        place.load(size.jobs // 2)
        filler = disk / "filler"
        _fill(filler)
        with place.loading(size.jobs // 2):
            _sit_out(place, size.seconds)
            filler.unlink()
        figures = _refusing(place)
        for worker in place._workers:
            worker.kill()
        place.server.kill()  # so that the disk can be taken away
    return figures


@contextmanager
def _small_disk(folder: Path) -> Iterator[Path]:
    mount, unmount = shutil.which("mount"), shutil.which("umount")
    command = [mount or "", "-t", "tmpfs", "-o", DISK, "tmpfs", str(folder)]
    if (
        not mount
        or not unmount
        or subprocess.run(command, capture_output=True, env=ENVIRONMENT, check=False).returncode
    ):
        raise NotPossibleHere("no disk may be mounted")
    try:
        yield folder
    finally:
        subprocess.run([unmount, "--lazy", str(folder)], check=True, env=ENVIRONMENT)


def _fill(file: Path) -> None:
    with file.open("wb", buffering=0) as out:
        try:
            while True:
                out.write(b"\0" * 4096)
        except OSError:
            return


def torn_file(place: Scene, size: Size) -> Figures:
    """A power cut in the middle of a command that nobody has been told of yet."""
    worker = place.worker(slots=2)
    place.load(size.jobs)

    def tear() -> None:
        worker.signal_all(signal.SIGSTOP)  # so that the last command in the file is ours
        time.sleep(0.05)  # what the worker sent before is answered, and in the file
        place.server.client.ping()
        place.server.client.set("padding", "x" * 1000)
        place.server.kill()
        file = max(place.data.glob("appendonlydir/*.incr.aof"), key=lambda path: path.stat().st_mtime_ns)
        with file.open("r+b") as torn:
            torn.truncate(file.stat().st_size - 100)
        place.server.start()
        if place.server.client.exists("padding"):
            place.wrong.append("nothing was torn")
        worker.signal_all(signal.SIGCONT)

    place.strike(size.kills, size.jobs, tear)
    return place.settle(size.kills, 2)
