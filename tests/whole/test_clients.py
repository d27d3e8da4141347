"""The programs of docs/clients.md, as they stand there, against the whole service; and the client that is generated."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.launched import Launched

PAGE = (Path(__file__).parent.parent.parent / "docs" / "clients.md").read_text()
PACKAGE = "minimum_norm_re_lu_networks_client"
PATIENCE_S = 100


def blocks(language: str) -> list[str]:
    """The blocks of a language; its name is all that stands behind the three ticks."""
    found = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    assert found
    return found


def run(command: list[str], program: str, service: Launched, folder: Path | None = None) -> str:
    """What a program prints that is given over standard input."""
    here = program.replace("127.0.0.1:8000", f"127.0.0.1:{service.port}")
    environment = os.environ | ({"PYTHONPATH": str(folder)} if folder else {})
    done = subprocess.run(
        command, input=here, capture_output=True, text=True, timeout=PATIENCE_S, check=False, env=environment
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("program", blocks("python"))
def test_python(program: str, service: Launched) -> None:
    assert re.search(r"norm 8\.203977|succeeded 0\.0|500 norms", run([sys.executable, "-"], program, service))


@pytest.mark.parametrize("program", blocks("sh"))
def test_curl(program: str, service: Launched, require_binary: Callable[[str], str]) -> None:
    require_binary("curl")
    said = run(["bash", "-euo", "pipefail"], program, service)
    assert "event: end" in said
    assert '"state":"succeeded"' in said.splitlines()[-1]


@pytest.mark.parametrize("program", blocks("js"))
def test_javascript(program: str, service: Launched, require_binary: Callable[[str], str]) -> None:
    said = run([require_binary("node"), "--input-type=module"], program, service).splitlines()
    assert said[-2] == "succeeded"
    assert re.fullmatch(r"\d+ kinks, [0-9.e-]+ above the optimum", said[-1])


def test_the_generated_client(service: Launched, tmp_path: Path) -> None:
    """It is typed throughout, and works."""
    made = [
        *(sys.executable, "-m", "openapi_python_client", "generate"),
        *("--url", f"http://127.0.0.1:{service.port}/openapi.json", "--output-path", str(tmp_path / "client")),
    ]
    subprocess.run(made, capture_output=True, check=True, timeout=PATIENCE_S)
    (program,) = blocks("python generated")
    (tmp_path / "client" / "program.py").write_text(program)
    checked = [sys.executable, "-m", "mypy", "--strict", "--config-file", os.devnull, "--cache-dir", str(tmp_path)]
    subprocess.run([*checked, "program.py"], check=True, timeout=PATIENCE_S, cwd=tmp_path / "client")
    said = run([sys.executable, "-"], program, service, tmp_path / "client").splitlines()
    assert said[0] == "2.0 [1.0] True"
    assert said[1].startswith("422 Points 0 and 1 have the same abscissa")
