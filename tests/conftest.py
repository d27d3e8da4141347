"""What all tests share. Waiting and processes are in `tests.processes`."""

import os
import shutil
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    # A machine that halts for a moment is no finding; the rest is as it was, in CI other than elsewhere.
    "patient",
    settings.get_profile(settings.get_current_profile_name()),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("patient")


@pytest.fixture(scope="session")
def require_binary() -> Callable[[str], str]:
    """Path of a program that not every machine has; the test is skipped without it.

    With MINNORM_REQUIRE_ALL=1, which CI sets, it fails: there, a skip would hide a missing install step.
    """

    def require(name: str) -> str:
        if (path := shutil.which(name)) is not None:
            return path
        if os.environ.get("MINNORM_REQUIRE_ALL") == "1":
            pytest.fail(f"{name} is not installed, and MINNORM_REQUIRE_ALL=1 asks for it", pytrace=False)
        pytest.skip(f"{name} is not installed")

    return require
