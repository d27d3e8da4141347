"""The whole test suite in two halves side by side: one computes, the other mostly waits for processes."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

COMPUTING = ("tests/fitting", "tests/minnorm", "tests/service", "tests/theorems")


def main() -> int:
    """Run both; what the computing half says comes last. 0 if all is well."""
    # Compiled once, before: each of many processes would compile for itself, and some tests would not wait for that.
    subprocess.run([sys.executable, "-c", "from workers.compute import warm_up; warm_up()"], check=True)
    with tempfile.TemporaryDirectory(prefix="minnorm") as folder, (Path(folder) / "said").open("w+") as said:
        files = [str(Path(folder) / f".coverage.{half}") for half in ("computing", "waiting")]
        computing = subprocess.Popen(_pytest(*COMPUTING), stdout=said, stderr=said, env=_environment(files[0]))
        ignored = [f"--ignore={folder}" for folder in COMPUTING]
        waiting = subprocess.run(_pytest(*ignored), check=False, env=_environment(files[1]))
        code = computing.wait() or waiting.returncode
        said.seek(0)
        sys.stdout.write(said.read())
        coverage = [sys.executable, "-m", "coverage"]
        subprocess.run([*coverage, "combine", "--quiet", *filter(os.path.exists, files)], check=True)
        subprocess.run([*coverage, "report", "--skip-covered"], check=True)
    return code


def _pytest(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pytest", "--cov-report=", *sys.argv[1:], *arguments]


def _environment(coverage_file: str) -> dict[str, str]:
    return os.environ | {"COVERAGE_FILE": coverage_file}


if __name__ == "__main__":
    sys.exit(main())
