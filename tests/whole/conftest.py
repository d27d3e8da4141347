"""The whole service, as `make run` brings it up, for the tests of this folder together."""

from collections.abc import Callable, Iterator

import pytest
from selenium import webdriver

from tests.launched import Launched
from tests.processes import end
from tests.whole.visitor import Page, browsing


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launched]:
    """A running service; it is expected to survive what the tests do to it."""
    launched = Launched(tmp_path_factory.mktemp("service")).wait_until_ready()
    yield launched
    launched.ctrl_c()
    assert launched.process.wait(20) == 0, launched.output
    end(launched.process)


@pytest.fixture(scope="session")
def driver(
    require_binary: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[webdriver.Chrome]:
    """One browser for all tests of the page: its start takes longer than most of them."""
    driver = browsing(require_binary, tmp_path_factory.mktemp("profile"))
    driver.set_window_size(1440, 900)
    yield driver
    driver.quit()


@pytest.fixture
def page(driver: webdriver.Chrome, service: Launched) -> Page:
    """The page to play with, as it is at first."""
    page = Page(driver, service.port)
    page.open()
    return page
