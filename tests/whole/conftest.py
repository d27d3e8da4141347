"""The whole service, as `make run` brings it up, for the tests of this folder together."""

from collections.abc import Iterator

import pytest

from tests.launched import Launched
from tests.processes import end


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launched]:
    """A running service; it is expected to survive what the tests do to it."""
    launched = Launched(tmp_path_factory.mktemp("service")).wait_until_ready()
    yield launched
    launched.ctrl_c()
    assert launched.process.wait(20) == 0, launched.output
    end(launched.process)
