"""What is loaded before work comes: everything that is compiled, and nothing that is not needed."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ANSWER_ALL = """
from numba.core.dispatcher import Dispatcher
from service.items import REQUESTS
from tests.benchmarks.startup import every_request
from workers import compute, encoding

compute.warm_up()
compile, late = Dispatcher.compile, []

def told(self, signature):
    late.append(f"{self.py_func.__qualname__} {signature}")
    return compile(self, signature)

Dispatcher.compile = told
for kind, path, body, headers in every_request():
    if "Accept" not in headers:
        problem = REQUESTS[kind].model_validate(body).problem()
        compute.answer(kind, problem)
        for _, column in encoding.columns(problem):
            column.flags.writeable = False  # as some readers of tables leave it
        compute.answer(kind, problem)
print(late)
"""


def run(program: str) -> str:
    found = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr
    return found.stdout.strip()


def test_no_request_waits_for_the_compiler() -> None:
    """Nor for the cache: each compiled function that any kind of request calls has been called by the warm-up."""
    assert run(ANSWER_ALL) == "[]"


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("service.launcher", "fastapi numpy"),
        ("service.main", "cvxpy matplotlib"),
        ("workers.tasks", "numba numpy scipy"),
    ],
)
def test_a_process_starts_without_what_it_does_not_need(module: str, heavy: str) -> None:
    program = f"import sys, {module}; print(*(name for name in {heavy.split()} if name in sys.modules))"
    assert not run(program)
