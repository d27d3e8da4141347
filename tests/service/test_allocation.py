"""Memory that is let go of goes back to the system."""

import subprocess
import sys

import pytest

LARGE_BYTES = 5 * 10**6
BLOCKS = 8
PROGRAM = """
import sys
from pathlib import Path
from service.allocation import give_back_what_is_long

def held():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) * 1024

if sys.argv[1] == "asked":
    give_back_what_is_long()
del (one := [bytearray(int(sys.argv[2]))])[:]  # from now on the C library would keep blocks of this size
before, blocks, between = held(), [], []
for _ in range(int(sys.argv[3])):
    blocks.append(bytearray(int(sys.argv[2])))
    between.append(bytearray(100_000))  # lives longer
blocks.clear()
print(held() - before)
"""


def kept(how: str) -> int:
    command = [sys.executable, "-c", PROGRAM, how, str(LARGE_BYTES), str(BLOCKS)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.parametrize(("how", "blocks"), [("asked", 0), ("not asked", BLOCKS - 1)])
def test_long_blocks_are_given_back_if_that_is_asked_for(how: str, blocks: int) -> None:
    assert blocks * LARGE_BYTES <= kept(how) < (blocks + 1) * LARGE_BYTES + 10**7
