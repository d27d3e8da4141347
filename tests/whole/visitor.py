"""A browser that reaches nothing but this service, and what a visitor of the page sees and does in it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from tests.processes import ask

ARGUMENTS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--window-size=1200,1600"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    # Every name but the service's own address is unknown: a page that needs the network shows it.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)
WAIT_S = 20
READY = "return document.readyState === 'complete' && document.body.dataset.answers !== 'awaited'"
DRAWN = "requestAnimationFrame(() => requestAnimationFrame(arguments[0]))"


def browsing(require_binary: Callable[[str], str], profile: Path) -> webdriver.Chrome:
    """Start a browser."""
    options = webdriver.ChromeOptions()
    options.binary_location = require_binary("chromium")
    for argument in (*ARGUMENTS, f"--user-data-dir={profile}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options, webdriver.ChromeService(require_binary("chromedriver")))


class Page:
    """What a visitor sees and does."""

    def __init__(self, driver: webdriver.Chrome, port: int) -> None:
        self.driver = driver
        self.port = port

    def open(self, fragment: str = "") -> None:
        self.driver.get("about:blank")
        self.driver.get(f"http://127.0.0.1:{self.port}/#{fragment}")
        self.settle()

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def until(self, condition: Callable[[], Any]) -> Any:
        return WebDriverWait(self.driver, WAIT_S, poll_frequency=0.02).until(lambda _: condition())

    def draw(self) -> None:
        """Wait until what is known is drawn."""
        self.driver.execute_async_script(DRAWN)

    def settle(self) -> None:
        """Wait for the answers to what has been asked, and until they are drawn."""
        self.until(lambda: self.run(READY))
        self.draw()

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def find(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def press(self, selector: str) -> None:
        element = self.find(selector)
        self.run("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()
        self.settle()

    def errors(self) -> list[str]:
        """What the console has said of errors since it was asked last."""
        entries = self.driver.get_log("browser")  # type: ignore[no-untyped-call]
        return [entry["message"] for entry in entries if entry["level"] == "SEVERE"]

    @property
    def points(self) -> list[WebElement]:
        return self.all(".point")

    def number(self, cell: str) -> float:
        """All digits of a number, of which the cell shows some."""
        return float(self.find(f"#{cell}").get_attribute("title") or "nan")

    def question(self) -> dict[str, Any]:
        """What has been asked last, from the command that asks the same."""
        self.run("document.getElementById('request').open = true")
        command = self.until(lambda: self.run("return document.getElementById('curl').textContent"))
        question: dict[str, Any] = json.loads(command[command.index("{") : command.rindex("}") + 1])
        return question

    def data(self) -> dict[str, list[float]]:
        question = self.question()
        return {axis: question[axis] for axis in "xy"}

    def state(self) -> dict[str, list[str]]:
        """What the address says, once it has the points that are shown: it follows with a delay."""
        data = self.data()

        def followed() -> dict[str, list[str]] | None:
            state = parse_qs(self.run("return location.hash.slice(1)"))
            found = {axis: [float(text) for text in state.get(axis, [""])[0].split(",") if text] for axis in "xy"}
            return state if found == data else None

        found: dict[str, list[str]] = self.until(followed)
        return found

    def is_right(self, kind: str = "interpolations", **settings: Any) -> None:
        """Both columns of numbers are what the service says of these points."""
        for side, penalise_biases in (("penalised", True), ("free", False)):
            body = self.data() | settings | {"penalise_biases": penalise_biases}
            status, job = ask(self.port, f"/v1/{kind}", body, {"Prefer": "wait=20"})
            assert status == 200, job
            assert self.number(f"{side}-norm") == pytest.approx(job["result"]["norm"], rel=1e-12)
            assert self.number(f"{side}-kinks") == job["result"]["kink_count"]
