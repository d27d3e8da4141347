"""Swagger UI in a real browser that reaches nothing but this service."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support import expected_conditions
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from tests.launched import Launched
from tests.whole.visitor import browsing

WAIT_S = 30


@pytest.fixture
def browser(require_binary: Callable[[str], str], tmp_path: Path) -> Iterator[webdriver.Chrome]:
    driver = browsing(require_binary, tmp_path)
    yield driver
    driver.quit()
    shutil.rmtree(tmp_path, ignore_errors=True)


def appears(browser: webdriver.Chrome, selector: str) -> WebElement:
    found = expected_conditions.element_to_be_clickable((By.CSS_SELECTOR, selector))
    return WebDriverWait(browser, WAIT_S).until(found)


def press(browser: webdriver.Chrome, selector: str) -> None:
    element = appears(browser, selector)
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
    element.click()


@pytest.mark.parametrize("operation", ["create_interpolation", "create_norm", "create_verification"])
def test_execute_gets_200(browser: webdriver.Chrome, service: Launched, operation: str) -> None:
    browser.get(f"http://127.0.0.1:{service.port}/docs")
    block = f"div[id$='{operation}']"
    press(browser, f"{block} .opblock-summary-control")
    press(browser, f"{block} button.execute")
    status = appears(browser, f"{block} .live-responses-table tr.response .response-col_status")
    assert status.text.split()[0] == "200"
    body = appears(browser, f"{block} .live-responses-table tr.response .response-col_description code")
    assert '"state": "succeeded"' in body.text
    errors = [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]  # type: ignore[no-untyped-call]
    assert errors == []


def test_execute_shows_a_picture(browser: webdriver.Chrome, service: Launched) -> None:
    browser.get(f"http://127.0.0.1:{service.port}/docs")
    block = "div[id$='create_regression']"
    press(browser, f"{block} .opblock-summary-control")
    choice = appears(browser, f"{block} .response-control-media-type--accept-controller select")
    Select(choice).select_by_visible_text("image/png")
    press(browser, f"{block} button.execute")
    picture = appears(browser, f"{block} .live-responses-table img")
    is_there = "return arguments[0].complete && arguments[0].naturalWidth"
    assert WebDriverWait(browser, WAIT_S).until(lambda _: browser.execute_script(is_there, picture)) == 800


@pytest.mark.parametrize(
    ("path", "selector"), [("/docs", "button.authorize"), ("/redoc", "h1"), ("/problems/canceled", "p code")]
)
def test_pages_keep_to_their_own_policy(browser: webdriver.Chrome, service: Launched, path: str, selector: str) -> None:
    browser.get(f"http://127.0.0.1:{service.port}{path}")
    appears(browser, selector)
    told = [entry["message"] for entry in browser.get_log("browser")]  # type: ignore[no-untyped-call]
    elsewhere = "https://cdn.redoc.ly/"  # the logo of ReDoc's maker: to be blocked
    assert [message for message in told if "Content Security Policy" in message and elsewhere not in message] == []
