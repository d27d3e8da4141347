"""`make audit`: are there known vulnerabilities in what the service runs on? As strict as `pip-audit --strict`.

Which needs a database beyond this machine. Three things are told apart, by the report that pip-audit writes as JSON:

* It names a vulnerability, or could not look up some of the packages while it knew others: the audit fails. Without
  that, a package that nobody knows would pass.
* It knows none of the packages at all, or wrote no report because of the connection: there is no database to be asked
  from here. That is said, and fails nothing: it says nothing about the packages.
* It wrote no report for any other reason: the audit fails, since it has not been made.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

LOCK = Path(__file__).parents[1] / "requirements.lock"
COMMAND = ("pip_audit", "--require-hashes", "--disable-pip", "--format", "json", "--progress-spinner", "off")
TIMEOUT_S = 600
_NO_CONNECTION = ("could not connect", "connectionerror", "max retries exceeded", "timed out", "name resolution")


def main() -> int:
    """Audit the lock file; the exit status."""
    command = [sys.executable, "-m", *COMMAND, "-r", str(LOCK)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        status, message = verdict("", "timed out")
    else:
        status, message = verdict(done.stdout, done.stderr)
    sys.stdout.write(message + "\n")
    return status


def verdict(report: str, complaints: str) -> tuple[int, str]:
    """Exit status and words for what pip-audit has written to its two outputs."""
    try:
        packages: list[dict[str, Any]] = json.loads(report)["dependencies"]
    except (ValueError, KeyError):
        return _without_report(complaints)
    found = [
        f"{package['name']} {package['version']}: {_words(v)}" for package in packages for v in package.get("vulns", [])
    ]
    unknown = [f"{package['name']}: {package['skip_reason']}" for package in packages if "skip_reason" in package]
    if found:
        return 1, "\n".join(["Known vulnerabilities:", *found])
    if len(unknown) == len(packages):
        return 0, "NOT AUDITED: the index that is reached from here knows the vulnerabilities of no package."
    if unknown:
        return 1, "\n".join(["Some packages could not be audited:", *unknown])
    return 0, f"No known vulnerabilities in {len(packages)} packages."


def _without_report(complaints: str) -> tuple[int, str]:
    if any(words in complaints.lower() for words in _NO_CONNECTION):
        return 0, "NOT AUDITED: the database of vulnerabilities cannot be reached from here."
    return 1, f"The audit could not be made:\n{complaints}"


def _words(vulnerability: dict[str, Any]) -> str:
    fixed = ", ".join(vulnerability["fix_versions"]) or "no version yet"
    return f"{vulnerability['id']}, fixed in {fixed}"


if __name__ == "__main__":
    sys.exit(main())
