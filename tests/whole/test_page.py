"""Points, settings and drawings of the page to play with, in a real browser."""

import re
import time
from collections.abc import Iterator
from itertools import pairwise

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

from tests.whole.visitor import Page


def test_it_loads_without_an_error_and_asks_nobody_else(page: Page) -> None:
    page.errors()  # of visits before this one
    page.open()
    assert page.number("penalised-norm") == pytest.approx(8.203976955807152)
    assert [page.find(f"#{side}-kinks").text for side in ("penalised", "free")] == ["2", "3"]
    assert len(page.points) == 5
    assert "a norm below 8.204" in page.find("#proof-caption").text
    page.until(lambda: "norm 8.204, 2 kinks; free: norm 7.714, 3 kinks" in page.find("#spoken").text)
    asked = page.run("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert len(asked) > 15
    assert all(name.startswith(f"http://127.0.0.1:{page.port}/") for name in asked)
    assert page.errors() == []


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
    for dual in page.all("#proof .curve"):
        for x, y in places(str(dual.get_attribute("d"))):
            assert height(above, x) - 0.3 <= y <= height(below, x) + 0.3
    touching = page.all("#proof circle.mark")
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


@pytest.fixture
def phone(page: Page) -> Iterator[Page]:
    command = page.driver.execute_cdp_cmd
    command("Emulation.setDeviceMetricsOverride", {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True})
    command("Emulation.setTouchEmulationEnabled", {"enabled": True})
    page.open()
    yield page
    command("Emulation.setTouchEmulationEnabled", {"enabled": False})
    command("Emulation.clearDeviceMetricsOverride", {})


def touch(phone: Page, *places: tuple[float, float], at: float | None = None) -> None:
    """Put a finger down at the first place, move it to the others, and lift it, at a time in seconds or now."""
    when = {} if at is None else {"timestamp": at}
    for number, (x, y) in enumerate(places):
        step = {"type": "touchMove" if number else "touchStart", "touchPoints": [{"x": x, "y": y}]}
        phone.driver.execute_cdp_cmd("Input.dispatchTouchEvent", step | when)
    phone.driver.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []} | when)


def test_fingers_on_a_phone(phone: Page) -> None:
    assert phone.run("return document.documentElement.scrollWidth") == 390
    before = phone.data()
    box = phone.points[1].rect
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    touch(phone, *((x, y - distance) for distance in range(0, 50, 10)))
    phone.settle()
    assert phone.data()["y"][1] > before["y"][1]
    phone.is_right()
    now = time.time()
    for tap in range(2):
        touch(phone, (250, y), at=now + tap / 10)  # however long it takes to say so
    phone.until(lambda: len(phone.points) == 6)
    phone.settle()
    phone.is_right()
