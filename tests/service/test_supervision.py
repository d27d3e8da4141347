"""Children that die, that do not end, that leave grandchildren: real processes."""

import os
import sys
import time
from pathlib import Path

import pytest

from service import supervision
from service.supervision import Child, GivenUp, Program
from tests.processes import eventually, processes_of

STUBBORN = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.fork()
open(os.path.join(os.environ["FOLDER"], str(os.getpid())), "w").close()
time.sleep(60)
"""
LEAVES_A_GRANDCHILD = """
import os, sys, time
if os.fork() == 0:
    time.sleep(60)
sys.exit(3)
"""


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture(autouse=True)
def short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "FIRST_DELAY_S", 0.01)
    monkeypatch.setattr(supervision, "LONGEST_DELAY_S", 0.02)


def child(said: list[str], folder: Path, code: str, stop_timeout_s: float = 5.0) -> Child:
    environment = {**os.environ, "FOLDER": str(folder)}
    return Child(Program("child", [sys.executable, "-c", code], environment, stop_timeout_s), said.append)


def run_until_given_up(watched: Child) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        watched.keep_running()
        time.sleep(0.01)


def test_a_useless_start_is_tried_five_times(said: list[str], tmp_path: Path) -> None:
    with pytest.raises(GivenUp, match="ended with status 3 right after its start, 5 times in a row"):
        run_until_given_up(child(said, tmp_path, "raise SystemExit(3)"))
    assert len(said) == 4


def test_a_kill_from_outside_is_no_useless_start(said: list[str], tmp_path: Path) -> None:
    watched = child(said, tmp_path, "import os; os.kill(os.getpid(), 9)")

    def died_often() -> bool:
        watched.keep_running()
        return len(said) > 2 * supervision.PATIENCE

    eventually(died_often)
    assert "was ended by SIGKILL" in said[0]


def test_a_child_whose_settings_are_wrong_is_not_tried_again(said: list[str], tmp_path: Path) -> None:
    with pytest.raises(GivenUp, match="cannot work with these settings"):
        run_until_given_up(child(said, tmp_path, "raise SystemExit(78)"))
    assert said == []


def test_what_a_dead_child_left_is_ended(said: list[str], tmp_path: Path) -> None:
    watched = child(said, tmp_path, LEAVES_A_GRANDCHILD)
    watched.keep_running()

    def died() -> bool:
        watched.keep_running()
        return bool(said)

    eventually(died)
    eventually(lambda: not processes_of(tmp_path))


def test_a_stubborn_child_is_killed_with_its_children(said: list[str], tmp_path: Path) -> None:
    watched = child(said, tmp_path, STUBBORN, stop_timeout_s=0.1)
    watched.keep_running()
    eventually(lambda: len(list(tmp_path.iterdir())) == 2)
    watched.stop()
    assert said == ["the child did not end in time and is killed"]
    eventually(lambda: not processes_of(tmp_path))


def test_what_never_ran_can_be_stopped(said: list[str], tmp_path: Path) -> None:
    child(said, tmp_path, "").stop()
    assert said == []
