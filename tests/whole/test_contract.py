"""Programs that read nothing but the OpenAPI document: one looks for contradictions, one makes a client."""

import subprocess
import sys
from pathlib import Path

from tests.launched import Launched

TESTS = Path(__file__).parent.parent
CASES = 15
"""Drawn for each operation, besides those at the edges of its schema."""


def test_the_service_keeps_to_its_document(service: Launched, tmp_path: Path) -> None:
    """Examples, edges of every field, random bodies, and chains of requests."""
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(TESTS / "schemathesis.toml")),
        *("run", f"http://127.0.0.1:{service.port}/openapi.json", "--max-examples", str(CASES), "--seed", "1"),
        *("--no-color", "--continue-on-failure", "--report-dir", str(tmp_path)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, cwd=TESTS.parent)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
    assert "passed" in done.stdout
