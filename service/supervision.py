"""Child processes: started, restarted when they die, ended together with all that they started."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence

from workers.immutable import immutable
from workers.lifelines import die_with_parent

AT_ONCE_S = 10.0
"""A process that ends by itself so soon after its start did not work at all."""
PATIENCE = 5
"""So many such ends in a row, and it is given up."""
FIRST_DELAY_S, LONGEST_DELAY_S = 0.2, 5.0
POLL_S = 0.02


class GivenUp(Exception):
    """A process cannot be kept running. The message says which and why."""


@immutable
class Program:
    """What to run."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    stop_timeout_s: float
    """How long it may take to end after SIGTERM; then it and all its children are killed."""
    silent: bool = False
    """Drop its standard output; its messages are on standard error."""


class Child:
    """One program, running or waiting to be started again."""

    def __init__(self, program: Program, say: Callable[[str], None]) -> None:
        self.program = program
        self._say = say
        self._process: subprocess.Popen[bytes] | None = None
        self._started_s = 0.0
        self._next_start_s = 0.0
        self._deaths_in_a_row = 0
        self._useless_starts = 0

    def keep_running(self) -> None:
        """Start the program, now or after its death; to be called again and again.

        Raises
        ------
        GivenUp
            If starting it once more would not help.
        """
        if self._process is None:
            if time.monotonic() >= self._next_start_s:
                self._start()
        elif (status := _end_status(self._process)) is not None:
            self._process = None
            self._note_death(status)

    def ask_to_stop(self) -> None:
        """SIGTERM, without waiting."""
        if self._process is not None:
            self._process.terminate()

    def stop(self) -> None:
        """SIGTERM, a bounded wait, then SIGKILL for what is left of its process group."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        deadline = time.monotonic() + self.program.stop_timeout_s
        while _end_status(process) is None:
            if time.monotonic() > deadline:
                self._say(f"the {self.program.name} did not end in time and is killed")
                _kill_group(process)
                process.wait()
                return
            time.sleep(POLL_S)

    def _start(self) -> None:
        self._started_s = time.monotonic()
        self._process = subprocess.Popen(
            self.program.command,
            env=self.program.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if self.program.silent else None,
            # Its own session: Ctrl-C reaches the launcher alone, which then ends all in order, and
            # killing the process group takes the children of the child along.
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGKILL),  # noqa: PLW1509 (made for that)
        )

    def _note_death(self, status: int) -> None:
        if status == os.EX_CONFIG:
            raise GivenUp(f"The {self.program.name} cannot work with these settings. Its own messages say why.")
        at_once = time.monotonic() - self._started_s < AT_ONCE_S
        self._deaths_in_a_row = self._deaths_in_a_row + 1 if at_once else 1
        # Killed from outside (by an operator, for want of memory) is no sign of a useless start.
        useless = at_once and status != -signal.SIGKILL
        self._useless_starts = self._useless_starts + 1 if useless else 0
        if self._useless_starts == PATIENCE:
            raise GivenUp(
                f"The {self.program.name} {_words(status)} right after its start, {PATIENCE} times in a row. "
                "Its own messages above say why."
            )
        delay = min(FIRST_DELAY_S * 2 ** (self._deaths_in_a_row - 1), LONGEST_DELAY_S)
        self._next_start_s = time.monotonic() + delay
        self._say(f"the {self.program.name} {_words(status)}; it starts again in {delay:.1f} s")


def _end_status(process: subprocess.Popen[bytes]) -> int | None:
    """Exit status if the process has ended; then ends what it left behind."""
    if process.returncode is None:
        # Looked at without reaping: until it is reaped, its number cannot go to another process group.
        if os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            return None
        _kill_group(process)
    return process.wait()


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # the latter: macOS, the leader is dead
        os.killpg(process.pid, signal.SIGKILL)


def _words(status: int) -> str:
    return f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
