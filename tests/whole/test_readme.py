"""The commands of README.md and of docs/, as they stand there."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

from service.five_points import FIVE_POINTS
from tests.launched import Launched

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text()
MEANING = (ROOT / "docs" / "meaning.md").read_text()
LINES = [
    line
    for page in (README, MEANING)
    for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    for line in block.splitlines()
]
SHOWN = re.findall(r"```sh\n(curl [^\n]*)\n```\n(?:(?!```).)*?```json\n(.*?)```", README, re.DOTALL)
"""Commands whose answers are shown, and these."""
CURLS = [line for line in LINES if line.startswith("curl ") and " -o " not in line]
DRAWN = [line for line in LINES if line.startswith("curl ") and line.endswith(".svg")]


def said(command: str, service: Launched) -> bytes:
    here = command.replace("127.0.0.1:8000", f"127.0.0.1:{service.port}")
    done = subprocess.run(["bash", "-c", here], capture_output=True, check=True, timeout=60, cwd=ROOT)  # noqa: S607
    return done.stdout


def run(command: str, service: Launched) -> Any:
    return orjson.loads(said(command, service))


def leaves(tree: Any, place: str = "") -> dict[str, float]:
    """All numbers in a JSON value by their places."""
    if not isinstance(tree, dict | list):
        return {place: tree}
    parts = tree.items() if isinstance(tree, dict) else enumerate(tree)
    return {key: leaf for name, part in parts for key, leaf in leaves(part, f"{place}/{name}").items()}


@pytest.mark.parametrize("command", CURLS)
def test_curl_lines_work(command: str, service: Launched) -> None:
    assert run(command, service).get("state") in {"queued", "running", "succeeded"}


@pytest.mark.parametrize("command", DRAWN)
def test_pictures_are_drawn(command: str, service: Launched) -> None:
    assert b"<svg" in said(command.partition(" -o ")[0], service)[:1_000]


def test_the_first_answer_is_the_one_shown(service: Launched) -> None:
    command, shown = SHOWN[0]
    assert command == CURLS[0]
    first = run(command, service)
    assert leaves(orjson.loads(shown)["result"]) == pytest.approx(leaves(first["result"]), rel=1e-12, abs=1e-14)
    assert orjson.loads(shlex.split(command)[-1]) == FIVE_POINTS


@pytest.mark.parametrize(("command", "shown"), SHOWN[1:])
def test_the_fits_are_those_shown(command: str, shown: str, service: Launched) -> None:
    """But for the last digits, which the solver of cone programs may compute otherwise on another machine."""
    wanted, found = orjson.loads(shown)["result"], run(command, service)["result"]
    del wanted["certificate"]["relative_gap"]
    assert found["certificate"].pop("relative_gap") <= 1e-8
    assert leaves(found) == pytest.approx(leaves(wanted), rel=1e-4, abs=1e-4)


def test_the_example_of_the_meaning_is_as_it_says(service: Launched) -> None:
    penalised, free = (run(line, service)["result"] for line in LINES if line.startswith("curl ") and line in MEANING)
    assert (penalised["function"]["kinks"], penalised["is_unique"], free["is_unique"]) == ([1.5], True, False)
    assert f"{penalised['norm']:.3f}" in MEANING
    assert free["norm"] == 2.0
    assert "solution_set" in free


def test_the_commands_named_are_commands_of_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {word for line in LINES if line.startswith("make ") for word in line.split()[1:2]}
    assert {"run", "test"} <= named <= targets


@pytest.mark.parametrize(
    "page", sorted(path.name for path in (ROOT / "docs").glob("*.py") if "__main__" in path.read_text())
)
def test_programs_in_docs_run(page: str, service: Launched) -> None:
    address = f"http://127.0.0.1:{service.port}"
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / page), address], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout
