"""The page to play with, in a real browser that reaches nothing but this service."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from tests.launched import Launched
from tests.processes import ask
from tests.whole.test_browser import ARGUMENTS

WAIT_S = 20
READY = "return document.readyState === 'complete' && document.body.dataset.answers !== 'awaited'"
DRAWN = "requestAnimationFrame(() => requestAnimationFrame(arguments[0]))"
NO_REQUESTS = {"offline": True, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}


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

    def settle(self) -> None:
        """Wait for the answers to what has been asked, and until they are drawn."""
        self.until(lambda: self.run(READY))
        self.driver.execute_async_script(DRAWN)

    def find(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def press(self, selector: str) -> None:
        element = self.find(selector)
        self.run("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()
        self.settle()

    @property
    def points(self) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, ".point")

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


@pytest.fixture(scope="module")
def driver(
    require_binary: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = require_binary("chromium")
    for argument in (*ARGUMENTS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(require_binary("chromedriver")))
    driver.set_window_size(1440, 900)
    yield driver
    driver.quit()


@pytest.fixture
def page(driver: webdriver.Chrome, service: Launched) -> Page:
    page = Page(driver, service.port)
    page.open()
    return page


def test_it_loads_without_an_error_and_asks_nobody_else(page: Page) -> None:
    assert page.number("penalised-norm") == pytest.approx(8.203976955807152)
    assert [page.find(f"#{side}-kinks").text for side in ("penalised", "free")] == ["2", "3"]
    assert len(page.points) == 5
    assert "a norm below 8.204" in page.find("#proof-caption").text
    page.until(lambda: "norm 8.204, 2 kinks; free: norm 7.714, 3 kinks" in page.find("#spoken").text)
    asked = page.run("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert len(asked) > 15
    assert all(name.startswith(f"http://127.0.0.1:{page.port}/") for name in asked)
    errors = [entry for entry in page.driver.get_log("browser") if entry["level"] == "SEVERE"]  # type: ignore[no-untyped-call]
    assert errors == []


def test_text_cannot_become_markup(page: Page) -> None:
    refused = "try { document.body.innerHTML = '<p>'; return '' } catch (error) { return error.name }"
    assert page.run(refused) == "TypeError"


def test_a_dragged_point_changes_the_norm(page: Page) -> None:
    before = page.data()
    ActionChains(page.driver).drag_and_drop_by_offset(page.points[2], 30, -60).perform()
    page.settle()
    after = page.data()
    assert after["x"][2] > before["x"][2]
    assert after["y"][2] > before["y"][2]
    assert after["x"][:2] == before["x"][:2]
    page.is_right()


def test_escape_takes_a_drag_back(page: Page) -> None:
    before = page.data()
    ActionChains(page.driver).click_and_hold(page.points[2]).move_by_offset(40, 40).perform()
    page.settle()
    assert page.number("penalised-norm") != pytest.approx(8.203976955807152)
    ActionChains(page.driver).send_keys(Keys.ESCAPE).release().perform()
    page.settle()
    assert page.data() == before
    assert page.number("penalised-norm") == pytest.approx(8.203976955807152)


def test_keys_move_add_and_remove_points(page: Page) -> None:
    def press(*keys: str) -> None:
        ActionChains(page.driver).send_keys(*keys).perform()
        page.settle()

    def press_with(modifier: str, key: str) -> None:
        ActionChains(page.driver).key_down(modifier).send_keys(key).key_up(modifier).perform()
        page.settle()

    def heights() -> list[float]:
        return page.data()["y"]

    page.run("document.querySelector('.point[tabindex=\"0\"]').focus()")
    press(Keys.PAGE_DOWN)
    assert (
        page.run("return document.activeElement.getAttribute('aria-label')") == "Point 2 of 5: x \u22121, y \u22120.3"
    )
    press(Keys.ARROW_UP)
    step = heights()[1] + 0.3
    assert step > 0
    press_with(Keys.SHIFT, Keys.ARROW_UP)
    assert heights()[1] + 0.3 == pytest.approx(11 * step)
    press_with(Keys.ALT, Keys.ARROW_DOWN)
    assert heights()[1] + 0.3 == pytest.approx(10.9 * step)
    page.is_right()
    norm = page.number("penalised-norm")
    press(Keys.ARROW_UP * 40)  # faster than the service is asked: the last answer counts
    page.is_right()
    press(Keys.ARROW_DOWN * 40)
    press(Keys.ENTER)  # on the curve, rounded to what the plot can show
    assert len(page.points) == 6
    assert page.number("penalised-norm") == pytest.approx(norm, rel=0.05)
    press(Keys.DELETE)
    press(Keys.HOME)
    press(Keys.DELETE)
    assert page.data()["x"] == [-1, 0, 0.25, 2]
    page.is_right()


def test_points_are_added_and_removed_with_the_mouse(page: Page) -> None:
    ActionChains(page.driver).move_to_element_with_offset(page.find("#plot"), 150, 90).double_click().perform()
    page.settle()
    assert len(page.points) == 6
    page.is_right()
    page.press("#remove")
    assert len(page.points) == 5
    page.press("#add")
    assert len(page.points) == 6
    page.press("#reset")
    assert page.data()["x"] == [-1.5, -1, 0, 0.25, 2]


def test_settings_and_objectives(page: Page) -> None:
    page.open("x=0,1,2,4,5&y=0,1,3,9,9.5")
    page.press("#skip")
    page.is_right(skip_connection=False)
    assert "dashed" in page.find("#proof-caption").text
    page.press("#skip")
    Select(page.find("#objective")).select_by_value("kinks")
    page.settle()
    page.is_right(objective="kinks")
    Select(page.find("#objective")).select_by_value("lp")
    page.find("#p").send_keys(Keys.ARROW_LEFT)
    page.settle()
    page.is_right(objective="lp", p=0.45)
    page.press("input[value=fit] + span")
    page.find("#regularisation").send_keys(Keys.ARROW_RIGHT)
    page.settle()
    regularisation = page.question()["regularisation"]
    assert regularisation > 0.001
    page.is_right("regressions", regularisation=regularisation)
    page.press("#standardise")
    page.is_right("regressions", regularisation=regularisation, standardise=True)


Place = tuple[float, float]


def places(text: str) -> list[Place]:
    """The corners of a path, or where a group has been moved to, in pixels."""
    return [(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", text)]


def height(path: list[Place], x: float) -> float:
    (a, b), (c, d) = next(pair for pair in pairwise(path) if pair[0][0] <= x <= pair[1][0])
    return b + (d - b) * (x - a) / (c - a)


@pytest.mark.parametrize(
    "fragment",
    [
        "x=-1.5,-1,0,0.25,2&y=0.7,-0.3,-0.3,0.4,0.2",
        "x=0,1,2,4,5&y=0,1,3,9,9.5&skip=false",
        "x=0,1,2,4,5&y=0,1,3,9,9.5&skip=false&standardise=true",
        "x=5,4,1,2,0&y=9,9.5,1,3,0&standardise=true",
        "x=3,4,5,7&y=1,1,3,9&skip=false",
    ],
)
def test_the_curves_meet_the_points_and_the_certificate_its_envelope(page: Page, fragment: str) -> None:
    page.open(fragment)
    drawn = [places(str(point.get_attribute("transform")))[0] for point in page.points]
    for side in ("penalised", "free"):
        curve = places(str(page.find(f"#plot .{side}.curve").get_attribute("d")))
        assert [height(curve, x) for x, _ in drawn] == pytest.approx([y for _, y in drawn], abs=0.1)
    whole = places(str(page.find("#proof .allowed").get_attribute("d")))
    above, below = whole[: len(whole) // 2], whole[len(whole) // 2 :][::-1]
    for dual in page.driver.find_elements(By.CSS_SELECTOR, "#proof .curve"):
        for x, y in places(str(dual.get_attribute("d"))):
            assert height(above, x) - 0.3 <= y <= height(below, x) + 0.3
    touching = page.driver.find_elements(By.CSS_SELECTOR, "#proof circle.mark")
    assert len(touching) == page.number("penalised-kinks") == len(places(rug(page, "penalised")))
    for mark in touching:
        x, y = (float(str(mark.get_attribute(name))) for name in ("cx", "cy"))
        assert min(abs(y - height(edge, x)) for edge in (above, below)) < 0.3


def rug(page: Page, side: str) -> str:
    return str(page.find(f"#plot .{side}.rug-tick").get_attribute("d"))


def test_a_large_problem_is_queued_and_its_answer_shown(page: Page) -> None:
    x = [i / 50 - 4 for i in range(400)]
    page.open(f"x={','.join(map(str, x))}&y={','.join(str(abs(a) ** 3) for a in x)}&skip=false")
    assert page.points == []
    page.is_right(skip_connection=False)


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
    page.driver.execute_async_script(DRAWN)
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
    page.driver.execute_async_script(DRAWN)
    assert not page.find("#penalised-error").is_displayed()
    page.is_right(standardise=True)


@pytest.fixture
def phone(page: Page) -> Iterator[Page]:
    command = page.driver.execute_cdp_cmd
    command("Emulation.setDeviceMetricsOverride", {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True})
    command("Emulation.setTouchEmulationEnabled", {"enabled": True})
    page.open()
    yield page
    command("Emulation.setTouchEmulationEnabled", {"enabled": False})
    command("Emulation.clearDeviceMetricsOverride", {})


def touch(phone: Page, *places: tuple[float, float]) -> None:
    """Put a finger down at the first place, move it to the others, and lift it."""
    for number, (x, y) in enumerate(places):
        step = {"type": "touchMove" if number else "touchStart", "touchPoints": [{"x": x, "y": y}]}
        phone.driver.execute_cdp_cmd("Input.dispatchTouchEvent", step)
    phone.driver.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_fingers_on_a_phone(phone: Page) -> None:
    assert phone.run("return document.documentElement.scrollWidth") == 390
    before = phone.data()
    box = phone.points[1].rect
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    touch(phone, *((x, y - distance) for distance in range(0, 50, 10)))
    phone.settle()
    assert phone.data()["y"][1] > before["y"][1]
    phone.is_right()
    for _ in range(2):
        touch(phone, (250, y))
    phone.until(lambda: len(phone.points) == 6)
    phone.settle()
    phone.is_right()
