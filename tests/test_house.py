"""What import-linter does not see: what an import loads."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from workers.minnorm import ENGINE

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "requirements.lock"
QUEUE_AND_WEB = {"celery", "kombu", "redis", "fastapi", "starlette", "uvicorn", "pydantic"}


def loaded_by(module: str) -> set[str]:
    """Top-level modules in a fresh interpreter after one import."""
    program = f"import {module}, sys; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("module", ["workers", "workers.minnorm.interpolate", "workers.compute"])
def test_the_mathematics_loads_no_queue_and_no_web(module: str) -> None:
    assert loaded_by(module).isdisjoint(QUEUE_AND_WEB)


def test_the_ledger_loads_no_celery_and_no_mathematics() -> None:
    assert loaded_by("workers.ledger").isdisjoint({"celery", "numba", "fastapi"})


@pytest.mark.parametrize("module", ["service.main", "workers.tasks"])
def test_traces_that_nobody_wants_load_nothing(module: str) -> None:
    """The client of Redis loads OpenTelemetry's figures by itself, but neither its spans nor what sends them."""
    program = f"import {module}, sys; print(*(name for name in sys.modules if name.startswith('opentelemetry')))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"opentelemetry.sdk.trace", "opentelemetry.exporter"} & set(done.stdout.split())


def test_the_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert f"{project['name']} {project['version']}" == ENGINE
    assert f"## {project['version']}" in (ROOT / "CHANGELOG.md").read_text()


def imported(path: Path) -> set[str]:
    """Top-level modules that a file names in its imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return {name.partition(".")[0] for name in names}


def test_what_is_imported_is_installed_where_the_service_runs() -> None:
    """The image installs `requirements.lock`, and nothing that only developers need."""
    pinned = {name.lower().replace("_", "-") for name in re.findall(r"^([\w.-]+)==", LOCK.read_text(), re.MULTILINE)}
    distributions = packages_distributions()
    modules = set().union(*(imported(path) for room in ("service", "workers") for path in (ROOT / room).rglob("*.py")))
    for module in modules - sys.stdlib_module_names - {"service", "workers"}:
        assert {name.lower().replace("_", "-") for name in distributions[module]} & pinned, module
