"""A Redis-protocol server for one machine: started or adopted, watched, stopped. It loses no job.

It listens on a unix socket in a private folder and on nothing else, and writes every change to an
append-only file.

Two locks in the data folder keep two servers from ever writing the same file. The launcher holds one.
The server inherits the other and so holds it for exactly as long as it lives, whoever started it: that
lock is how we see that it lives. On Linux the kernel ends it when its launcher was killed; elsewhere it
then runs on, and the next launcher adopts it.
"""

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self
from urllib.parse import quote

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from workers.broker_program import BrokerUnavailable, find_server
from workers.lifelines import die_with_parent
from workers.private_files import SocketPathTooLong, private_folder, short_path

START_TIMEOUT_S = 60.0  # a large append-only file takes its time to load
STOP_TIMEOUT_S = 2.5
ENDING_S = 0.5  # a server that was told to end looks at that ten times a second, and answers until then
POLL_S = 0.02


class EmbeddedBroker:
    """One server on one data folder.

    Parameters
    ----------
    data_dir
        Its files go here. Private: mode 0700.
    memory_bytes
        When it is full, it refuses to store more; it never drops anything.
    pause
        Waits for the given seconds; True says that the wait for the server should be given up.
    """

    def __init__(self, data_dir: Path, memory_bytes: int, pause: Callable[[float], bool | None] = time.sleep) -> None:
        self._folder = data_dir.resolve()
        self._memory_bytes = memory_bytes
        self._pause = pause
        self._process: subprocess.Popen[bytes] | None = None
        self._launcher_lock: int | None = None
        try:
            self._socket = short_path(self._folder, "broker.sock")
        except SocketPathTooLong as error:
            raise BrokerUnavailable(str(error)) from error
        self._client = redis.Redis(
            unix_socket_path=str(self._socket),
            socket_timeout=1.0,
            retry=Retry(NoBackoff(), 0),  # the default one turns "not there yet" into seconds of waiting
        )

    @property
    def url(self) -> str:
        """What MINNORM_REDIS_URL has to be for this server."""
        return f"unix://{quote(str(self._socket))}?db=0"

    @property
    def pid(self) -> int | None:
        """The running server's process id."""
        return int(self._pid_file.read_text() or 0) or None if self.is_running() else None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Take the data folder, then start the server or adopt the one that runs; returns once it answers."""
        try:
            private_folder(self._folder)
            private_folder(self._socket.parent)
        except OSError as error:
            raise BrokerUnavailable(f"No data folder: {error}") from error
        self._launcher_lock = self._lock_for_launcher()
        self._wait_out_an_end()
        try:
            self.revive()
        except BrokerUnavailable:
            self.stop()
            raise

    def revive(self) -> None:
        """Start the server unless it runs, and return once it answers.

        A server that is just ending, as its launcher was killed, is waited for and replaced.
        """
        started = False
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._serves(adopted=not started):
            if not self.is_running():
                if started:
                    raise BrokerUnavailable(f"The broker ended at its start. {self._last_words()}")
                self._spawn()
                started = True
            if time.monotonic() > deadline:
                raise BrokerUnavailable(f"The broker does not answer on {self._socket}. {self._last_words()}")
            if self._pause(POLL_S):
                return

    def is_running(self) -> bool:
        """Whether a server that we or an earlier launcher started is alive."""
        if self._process is not None:
            self._process.poll()  # reaps it, should it have ended
        try:
            os.close(self._lock("broker.lock"))
        except BlockingIOError:
            return True
        return False

    def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """End the server (its file is complete then) and give the data folder back."""
        for number in (
            signal.SIGTERM,
            signal.SIGKILL,
        ):  # the second loses nothing: what it wrote is the kernel's
            self._signal(number)
            deadline = time.monotonic() + timeout_s
            while self.is_running() and time.monotonic() < deadline:
                time.sleep(POLL_S)
        if self._process is not None:
            self._process.wait()
        self._client.close()
        if self._launcher_lock is not None:
            os.close(self._launcher_lock)
            self._launcher_lock = None

    @property
    def _pid_file(self) -> Path:
        return self._folder / "broker.pid"

    def _signal(self, number: signal.Signals) -> None:
        if (pid := self.pid) is not None:
            os.kill(pid, number)

    def _wait_out_an_end(self) -> None:
        """A server that runs although its launcher was killed has perhaps been told to end as well."""
        deadline = time.monotonic() + ENDING_S
        while self.is_running() and time.monotonic() < deadline:
            if self._pause(POLL_S):
                return

    def _serves(self, *, adopted: bool) -> bool:
        """Whether it answers. An adopted one may have been started with other settings, and gets ours."""
        try:
            for name, value in self._durability().items() if adopted else ():
                self._client.config_set(name, value)
            return bool(self._client.ping())
        except (redis.ConnectionError, redis.TimeoutError):  # not there yet, still reading its file, or stuck
            return False

    def _spawn(self) -> None:
        if self._process is not None:
            self._process.wait()  # it has let go of its lock, so it is ending, but may not have ended
        log = self._folder / "broker.log"
        if log.exists():
            log.replace(log.with_suffix(".log.1"))  # what the last one said before it died
        lock = self._lock("broker.lock")
        try:
            with log.open("wb") as out:
                self._process = subprocess.Popen(
                    self._command(),
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=out,
                    pass_fds=(lock,),
                    start_new_session=True,  # Ctrl-C in the terminal is for the launcher alone
                    preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 (made for that)
                )
            self._pid_file.write_text(str(self._process.pid))
        finally:
            os.close(lock)  # the server's copy keeps it locked

    def _command(self) -> list[str]:
        settings = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self._folder),
            "save": "",
            "loglevel": "warning",
            **self._durability(),
        }
        options = (word for name, value in settings.items() for word in (f"--{name}", value))
        return [str(find_server()), *options]

    def _durability(self) -> dict[str, str]:
        """Nothing is evicted; a kill of the server loses nothing, a power cut one second at most."""
        return {
            "appendonly": "yes",
            "appendfsync": "everysec",
            "maxmemory": str(self._memory_bytes),
            "maxmemory-policy": "noeviction",
        }

    def _lock(self, name: str) -> int:
        """Lock a file of the data folder, or BlockingIOError. Closing the descriptor unlocks it."""
        descriptor = os.open(self._folder / name, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise
        return descriptor

    def _lock_for_launcher(self) -> int:
        try:
            return self._lock("launcher.lock")
        except BlockingIOError:
            raise BrokerUnavailable(
                f"The data folder {self._folder} is in use by another launcher on this machine. "
                "Stop that one, or give this one its own folder with MINNORM_DATA_DIR."
            ) from None

    def _last_words(self) -> str:
        log = self._folder / "broker.log"
        lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
        return f"{log} ends with: {' / '.join(lines[-3:])}" if lines else f"{log} is empty."
