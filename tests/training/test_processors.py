"""The same bits on any processor: also on one that can do neither eight numbers at a time nor `a b + c` in one go."""

import os
import subprocess
import sys
from pathlib import Path

from tests.training.fingerprint import fingerprint


def test_bits_do_not_depend_on_what_the_processor_can_do(tmp_path: Path) -> None:
    """The compiler is told that it knows nothing of this one."""
    environment = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": "", "NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "tests.training.fingerprint"]
    root = Path(__file__).parents[2]
    told = subprocess.run(command, env=os.environ | environment, cwd=root, check=True, capture_output=True, text=True)
    assert any(tmp_path.iterdir())
    assert told.stdout.strip() == fingerprint()
