"""What fails the audit, and what only says that there was none."""

import json
from typing import Any

import pytest

from tests.audit import LOCK, verdict

GOOD = {"name": "good", "version": "1", "vulns": []}
BAD = {"name": "bad", "version": "2", "vulns": [{"id": "CVE-1", "fix_versions": ["3"], "aliases": []}]}
UNKNOWN = {"name": "unknown", "skip_reason": "Dependency not found on PyPI and could not be audited: unknown (1)"}
TRACEBACK = "Traceback (most recent call last):\n"


@pytest.mark.parametrize(
    ("packages", "status", "words"),
    [
        ([GOOD, GOOD], 0, "No known vulnerabilities in 2 packages."),
        ([GOOD, BAD], 1, "bad 2: CVE-1, fixed in 3"),
        ([UNKNOWN, BAD], 1, "CVE-1"),
        ([GOOD, UNKNOWN], 1, "unknown: Dependency not found"),
        ([UNKNOWN, UNKNOWN], 0, "NOT AUDITED"),
    ],
)
def test_a_report(packages: list[dict[str, Any]], status: int, words: str) -> None:
    found, message = verdict(json.dumps({"dependencies": packages, "fixes": []}), "Found 1 known vulnerability")
    assert found == status
    assert words in message


@pytest.mark.parametrize(
    ("complaints", "status"),
    [
        ("ERROR:pip_audit._cli:Could not connect to PyPI's vulnerability feed", 0),
        (TRACEBACK + "requests.exceptions.ConnectionError: Max retries exceeded with url: /v1/query", 0),
        (TRACEBACK + "KeyError: 'vulns'", 1),
        ("ERROR:pip_audit._cli:requirements.lock: no such file", 1),
        ("", 1),
    ],
)
def test_no_report(complaints: str, status: int) -> None:
    found, message = verdict("", complaints)
    assert found == status
    assert ("NOT AUDITED" in message) == (status == 0)


def test_what_is_audited_is_what_runs() -> None:
    assert "--require-hashes --no-deps -r requirements.lock" in (LOCK.parent / "Dockerfile").read_text()
