"""Files, commands, addresses, colours and faults of the page to play with, in a real browser."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

from tests.whole.visitor import WAIT_S, Page

NO_REQUESTS = {"offline": True, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}


def test_a_file_is_loaded_or_its_bad_line_is_named(page: Page, tmp_path: Path) -> None:
    def load(text: str) -> str:
        file = tmp_path / "points.csv"
        file.write_text(text)
        said = page.find("#file-said").text
        page.find("#file").send_keys(str(file))
        page.until(lambda: page.find("#file-said").text != said)
        page.settle()
        return page.find("#file-said").text

    assert load("Zeit;Höhe\r\n1,5;-2\r\n\r\n2,5;0,5\r\n4;1\r\n") == "points.csv: 3 points."
    assert page.data() == {"x": [1.5, 2.5, 4], "y": [-2, 0.5, 1]}
    page.is_right()
    assert load("x,y\n1,2\n\n3,four\n") == "points.csv: Line 4: “four” is not a number."
    assert load("1 2\n3\n") == "points.csv: Line 2: two columns are needed, x and y; there is one."
    assert len(page.points) == 3
    assert load("".join(f"{i},{i % 7}\n" for i in range(1000))) == "points.csv: 1000 points."
    assert page.points == []
    assert page.find(".crowd").get_attribute("d").count("h0") == 1000  # type: ignore[union-attr]
    page.is_right()


def test_a_file_may_be_dropped(page: Page) -> None:
    page.run(
        "const data = new DataTransfer();"
        "data.items.add(new File(['0\\t0\\n1\\t2\\n2\\t0\\n'], 'dropped.tsv'));"
        "document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }))"
    )
    page.until(lambda: page.find("#file-said").text == "dropped.tsv: 3 points.")
    page.settle()
    assert page.data() == {"x": [0, 1, 2], "y": [0, 2, 0]}


def test_the_copied_commands_give_the_same_norm(page: Page, require_binary: Callable[[str], str]) -> None:
    require_binary("curl")
    permissions = {"permissions": ["clipboardReadWrite"], "origin": f"http://127.0.0.1:{page.port}"}
    page.driver.execute_cdp_cmd("Browser.grantPermissions", permissions)
    page.press("#skip")
    page.press("#request summary")

    def copied(name: str) -> str:
        page.press(f"#copy-{name}")
        page.until(lambda: page.find(f"#copy-{name}").text == "Copied")
        return str(page.driver.execute_async_script("navigator.clipboard.readText().then(arguments[0])"))

    def output(*command: str) -> str:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=WAIT_S).stdout

    page.press("#request input[value=free] + span")
    answer = json.loads(output("sh", "-c", copied("curl")))
    assert answer["result"]["norm"] == page.number("free-norm")
    page.press("#request input[value=penalised] + span")
    printed = output(sys.executable, "-c", copied("python"))
    assert float(printed.split()[1]) == page.number("penalised-norm")


def channels(colour: str) -> list[float]:
    return [float(number) / 255 for number in re.findall(r"[\d.]+", colour)[:3]]


def luminance(colour: str) -> float:
    """As the Web Content Accessibility Guidelines define it."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_have_contrast(page: Page, scheme: str) -> None:
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    colour = "return getComputedStyle(document.querySelector(arguments[0]))[arguments[1]]"
    behind = luminance(page.run(colour, ".card", "backgroundColor"))
    assert (behind < 0.1) == (scheme == "dark")
    for selector in ("h1", "td", ".hint", ".error", "th.penalised", "th.free", ".lede", "nav a"):
        front = luminance(page.run(colour, selector, "color"))
        assert (max(front, behind) + 0.05) / (min(front, behind) + 0.05) > 4.5, selector
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_a_reload_keeps_the_state_and_back_brings_old_points(page: Page) -> None:
    page.press("#skip")
    page.press("#zoom-in")
    page.run("document.querySelector('.point').focus()")
    ActionChains(page.driver).send_keys(Keys.ARROW_UP).perform()
    page.settle()
    state, norm = page.state(), page.number("penalised-norm")
    assert {"view", "skip"} < set(state)
    page.driver.refresh()
    page.settle()
    assert page.state() == state
    assert page.number("penalised-norm") == norm
    assert not page.find("#skip").is_selected()
    page.press("#random")
    assert page.state()["x"] != state["x"]
    page.driver.back()
    page.settle()
    assert page.state() == state


def test_what_is_wrong_is_said_and_the_last_good_answer_stays(page: Page) -> None:
    Select(page.find("#objective")).select_by_value("lp")
    page.settle()
    page.press("#skip")
    error = page.find("#penalised-error")
    assert error.text.startswith('The objective "lp" is offered with a skip connection only.')
    assert error.find_element(By.TAG_NAME, "a").get_attribute("href").endswith("/problems/unsupported-setting")  # type: ignore[union-attr]
    assert page.number("penalised-norm") == pytest.approx(8.203976955807152)
    assert "grayscale" in page.find("#plot .penalised.curve").value_of_css_property("filter")
    page.press("#skip")
    assert not error.is_displayed()
    assert page.find("#plot .penalised.curve").value_of_css_property("filter") == "none"


def test_a_late_answer_to_an_old_question_is_not_shown(page: Page) -> None:
    page.run(
        "const real = fetch; window.held = []; window.signals = [];"
        "window.fetch = (url, { signal, ...rest }) => { signals.push(signal);"
        " return signals.length > 2 ? real(url, rest)"
        " : new Promise((release) => held.push(release)).then(() => real(url, rest)); }"
    )
    Select(page.find("#objective")).select_by_value("kinks")
    page.until(lambda: page.run("return held.length") == 2)
    Select(page.find("#objective")).select_by_value("norm")
    page.settle()
    assert page.run("return signals.map((signal) => signal.aborted)") == [True, True, False, False]
    page.driver.execute_async_script(
        "const asked = performance.getEntriesByType('resource').length;"
        "new PerformanceObserver((list, observer) => {"
        " if (performance.getEntriesByType('resource').length === asked + 2) arguments[0]();"
        "}).observe({ type: 'resource' });"
        "held.forEach((release) => release());"
    )
    page.draw()
    assert page.find("#free-kinks").text == "3"
    page.is_right()


def test_points_that_contradict_each_other_are_marked(page: Page) -> None:
    page.open("x=0,1,1,2&y=0,1,2,0")
    assert "same abscissa" in page.find(".errors").text
    marked = [index for index, point in enumerate(page.points) if "faulty" in str(point.get_attribute("class"))]
    assert marked == [2]


def test_it_recovers_when_the_service_comes_back(page: Page) -> None:
    page.driver.execute_cdp_cmd("Network.enable", {})
    page.driver.execute_cdp_cmd("Network.emulateNetworkConditions", NO_REQUESTS)
    page.press("#standardise")
    assert page.find("#penalised-error").text == "The service does not answer. Trying again …"
    page.driver.execute_cdp_cmd("Network.emulateNetworkConditions", NO_REQUESTS | {"offline": False})
    page.until(lambda: page.run("return document.body.dataset.answers === 'current'"))
    page.draw()
    assert not page.find("#penalised-error").is_displayed()
    page.is_right(standardise=True)
