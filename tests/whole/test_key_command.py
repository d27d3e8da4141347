"""`python -m service.keys` beside `make run`: it finds the broker of that folder, and the key works."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.five_points import FIVE_POINTS
from tests.launched import Launched
from tests.processes import ask, end
from tests.test_house import ROOT


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Launched]:
    launched = Launched(tmp_path, MINNORM_AUTHENTICATION="on")
    yield launched.wait_until_ready()
    launched.ctrl_c()
    assert launched.wait() == 0, launched.output
    end(launched.process)


def command(launched: Launched, *words: str) -> str:
    environment = {**os.environ, "MINNORM_DATA_DIR": str(launched.folder / "data")}
    environment.pop("MINNORM_REDIS_URL", None)
    program = [sys.executable, "-m", "service.keys", *words]
    return subprocess.run(program, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout.strip()


def test_a_key_made_beside_the_service_opens_it(guarded: Launched) -> None:
    assert "python -m service.keys issue" in guarded.output
    assert ask(guarded.port, "/v1/interpolations", FIVE_POINTS)[0] == 401
    key = {
        "Authorization": f"Bearer {command(guarded, 'issue', '--name', 'me', '--scope', 'solve', '--scope', 'read')}"
    }
    status, job = ask(guarded.port, "/v1/interpolations", FIVE_POINTS, key | {"Prefer": "respond-async"})
    assert status == 202
    done = ask(guarded.port, job["links"]["self"], headers=key | {"Prefer": "wait=30"})[1]
    assert done["state"] == "succeeded"
    assert command(guarded, "list").count("\n") == 0
