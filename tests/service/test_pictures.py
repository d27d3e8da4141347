"""Pictures: complete, true to the certificate, of bounded size, and the same bytes for the same result."""

import re
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from service import examples
from service.five_points import FIVE_POINTS
from service.items import REQUESTS
from service.pictures.certificates import Dual, dual_of
from service.pictures.contents import Contents
from service.pictures.curves import Units, spread, thinned
from service.pictures.drawing import MEDIA_TYPES, Look, draw
from service.pictures.gallery import FOLDER, GALLERY
from service.refusals import NotDrawable
from workers import compute, payloads
from workers.minnorm.errors import MinnormError

SVG, PNG = MEDIA_TYPES
NAMESPACE = "{http://www.w3.org/2000/svg}"
FIVE = FIVE_POINTS
FREE, ALONE = {"penalise_biases": False}, {"skip_connection": False}
SETTINGS = [{}, FREE, ALONE, FREE | ALONE]
OF_KIND = {
    "interpolations": examples.INTERPOLATIONS,
    "regressions": examples.REGRESSIONS,
    "classifications": examples.CLASSIFICATIONS,
    "norms": examples.NORMS,
    "verifications": examples.VERIFICATIONS,
}
EXAMPLES = [
    pytest.param(kind, example["value"], id=f"{kind}-{name}")
    for kind, named in OF_KIND.items()
    for name, example in named.items()
]
TRAINED = FIVE | ALONE | {"width": 20, "steps": 300, "seeds": [0, 1], "frames": 4, "optimiser": {"step_size": 0.05}}


def solved(kind: str, body: Mapping[str, Any]) -> Contents:
    problem = REQUESTS[kind].model_validate(body).problem()
    return Contents(problem, payloads.loads(compute.answer(kind, problem).result))


def drawn(kind: str, body: Mapping[str, Any], **look: Any) -> bytes:
    contents = solved(kind, body)
    return draw(kind, contents.problem, contents.result, Look(**look))


def panels(svg: bytes) -> int:
    return len(re.findall(rb'id="axes_\d+"', svg))


def parsed(svg: bytes) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - our own


def words(svg: bytes) -> str:
    """Its title and description."""
    root = parsed(svg)
    return " ".join(root.findtext(NAMESPACE + name) or "" for name in ("title", "desc"))


@pytest.mark.parametrize(("kind", "body"), EXAMPLES)
def test_every_example_of_the_document_can_be_drawn(kind: str, body: dict[str, Any]) -> None:
    contents = solved(kind, body)
    svg = draw(kind, contents.problem, contents.result, Look())
    assert words(svg)
    assert len(svg) < 300_000


@pytest.mark.parametrize("theme", ["light", "dark", "auto"])
def test_both_formats_have_the_size_that_is_asked_for(theme: Any) -> None:
    svg = parsed(drawn("interpolations", FIVE, theme=theme, width_px=640, height_px=300))
    assert (svg.get("width"), svg.get("height"), svg.get("role")) == ("640", "300", "img")
    for size in ((640, 300), (200, 200), (1999, 211), (211, 1999)):
        png = drawn("interpolations", FIVE, media_type=PNG, theme=theme, width_px=size[0], height_px=size[1])
        assert png.startswith(b"\x89PNG")
        assert (int.from_bytes(png[16:20]), int.from_bytes(png[20:24])) == size


def test_themes_differ_and_auto_has_both() -> None:
    light, dark, auto = (drawn("interpolations", FIVE, theme=theme) for theme in ("light", "dark", "auto"))
    assert b"#ffffff" in light
    assert b"#14171c" not in light
    assert b"#ffffff" not in dark
    assert b"prefers-color-scheme: dark" in auto
    for svg in (light, dark, auto):
        colours = set(re.findall(rb"(?:fill|stroke): (#[0-9a-f]{6})", svg))
        assert b"#000000" not in colours, "black is what an SVG draws where nothing is said: it would stay black"
    for colour in set(re.findall(r"(?:fill|stroke): (#[0-9a-f]{6})", auto.decode().partition("</style>")[2])):
        assert f": {colour}" in auto.decode().partition("</style>")[0], "each colour has a dark one"


def test_letters_are_outlines_of_their_proper_size() -> None:
    svg = drawn("interpolations", FIVE)
    assert b"<text" not in svg
    assert b"scale(0.015625)" in svg


def test_the_title_says_setting_norm_and_kinks() -> None:
    said = words(drawn("interpolations", FIVE))
    assert said == "Interpolator of least norm biases penalised, with skip connection, norm 8.204, 2 kinks"
    assert "biases free, without skip connection" in words(drawn("interpolations", FIVE | FREE | ALONE))
    assert "fewest kinks" in words(drawn("interpolations", FIVE | {"objective": "kinks"}))


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("points", [FIVE, examples.CONVEX, examples.RISING])
def test_the_dual_that_is_drawn_is_what_neurons_gain(setting: dict[str, bool], points: dict[str, Any]) -> None:
    """From its definition: multipliers theta, `q(t) = sum theta relu(x - t)`, and `sum theta relu(t - x)` facing left.

    It is within the envelope everywhere, and reaches it at the kink of each neuron, on the side of its sign.
    """
    contents = solved("interpolations", points | setting)
    dual = dual_of(contents, contents.result["certificate"])
    assert dual is not None
    x = np.array(points["x"], dtype=np.float64)
    slopes = np.concatenate(([-dual.total], np.diff(dual.values) / np.diff(x), [0.0]))
    if setting.get("skip_connection", True):
        slopes[0] = 0.0
    theta = np.diff(slopes)
    t = np.linspace(x[0] - 3.0, x[-1] + 3.0, 1_001)
    right = np.maximum(x - t[:, None], 0.0) @ theta
    left = np.maximum(t[:, None] - x, 0.0) @ theta
    assert dual.right_facing(t) == pytest.approx(right, abs=1e-12)
    assert dual.left_facing(t) == pytest.approx(left, abs=1e-12)
    assert (np.abs(dual.right_facing(t)) <= dual.envelope(t) * (1 + 1e-9)).all()
    check_touching(dual, contents.result["network"])


def check_touching(dual: Dual, network: Mapping[str, list[float]]) -> None:
    columns = (network[name] for name in ("hidden_weights", "hidden_biases", "output_weights"))
    for weight, bias, output in zip(*columns, strict=True):
        if weight:
            kink = np.array([-bias / weight])
            gain = dual.right_facing(kink) if weight > 0 else dual.left_facing(kink)
            assert gain == pytest.approx(np.sign(output) * dual.envelope(kink), abs=1e-7)


def test_there_is_no_certificate_panel_where_there_is_no_dual_function() -> None:
    assert panels(drawn("interpolations", FIVE)) == 2
    assert panels(drawn("interpolations", FIVE | {"objective": "kinks"})) == 1
    assert panels(drawn("interpolations", FIVE | {"objective": "lp", "p": 0.5})) == 1
    fit = examples.NOISY | {"regularisation": 0.05}
    assert panels(drawn("regressions", fit)) == 2
    assert panels(drawn("regressions", fit | {"shape": ["convex"]})) == 1


@pytest.mark.parametrize("kind", ["interpolations", "regressions", "classifications", "norms", "trainings"])
def test_a_result_can_be_drawn_without_its_problem(kind: str) -> None:
    bodies: dict[str, dict[str, Any]] = {
        "interpolations": FIVE | FREE,
        "regressions": examples.NOISY | {"path": {"count": 6}, "cross_validation": {"folds": 3}},
        "classifications": examples.LABELS,
        "norms": {"function": {"x0": 0, "y0": 0, "slope0": 0, "kinks": [1], "slope_changes": [1]}},
        "trainings": TRAINED,
    }
    contents = solved(kind, bodies[kind])
    bare = draw(kind, {}, contents.result, Look())
    assert "biases" not in words(bare)
    assert bare != draw(kind, contents.problem, contents.result, Look())


def test_what_has_no_function_and_no_data_is_not_drawn() -> None:
    verified = solved("verifications", FIVE | {"certificate": {"dual_values": [0, 0, 0, 0, 0]}})
    both = solved("classifications", {"x": [0, 0, 1], "y": [1, -1, 1]})
    spline = {"representational_cost": 1.0}
    results = {"verifications": verified.result, "classifications": both.result, "norms": spline}
    for kind, result in results.items():
        with pytest.raises(NotDrawable):
            draw(kind, {}, result, Look())
    assert "no function separates" in words(draw("classifications", both.problem, both.result, Look()))


def test_frames_of_a_training() -> None:
    contents = solved("trainings", TRAINED)
    frames = [draw("trainings", contents.problem, contents.result, Look(frame=place)) for place in (0, 1, 3, None)]
    assert len(set(frames)) == 4
    step = contents.result["runs"][contents.result["best"]]["frames"][1]["step"]
    assert f"after {step} step" in words(frames[1])
    for wrong in (4, -1):
        with pytest.raises(NotDrawable, match="4 frames"):
            draw("trainings", contents.problem, contents.result, Look(frame=wrong))
    with pytest.raises(NotDrawable, match="Only trainings"):
        drawn("interpolations", FIVE, frame=0)


def test_violations_are_told_and_marked() -> None:
    function = {"x0": -1.5, "y0": 0.7, "slope0": -2.0, "kinks": [-0.4166666666666667, 0.25]}
    claim = {"function": function | {"slope_changes": [4.8, -2.914285714285714]}}
    assert "all that is claimed holds" in words(drawn("verifications", FIVE | claim))
    wrong = drawn("verifications", FIVE | claim | {"y": [0.7, -0.3, -0.3, 0.4, 0.9]})
    assert "violated are interpolation" in words(wrong)
    rings = re.findall(rb"<use [^>]*stroke: #8250c8", wrong)
    assert len(rings) == 2, "one point has a ring, and there is one in the legend"


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([0, 1], [0, 1]),
        ([0, 1], [5, 5]),
        ([1.7e9 + 60 * k for k in range(20)], [k % 3 for k in range(20)]),
        ([1 + k * 2.0**-50 for k in range(8)], [k % 2 for k in range(8)]),
        ([0, 1e-310, 2e-310, 3e-310], [0, 1e-310, 0, 2e-310]),
        ([0, 5e-324], [0, 5e-324]),
        ([-3, -1, 0, 1, 2], [0, 1e287, 0, 2e287, 0]),
        ([-3e287, -1e287, 0, 1e287, 2e287], [0, 1, 0, 2, 0]),
        ([-1e9, -1, 0, 1e-9, 1e100], [0, 1, 5, 5, 1]),
        ([0, 1e-300, 1, 1e280], [0, 0, 1, 1]),
        ([1e15 + k for k in range(5)], [1e15 + k % 2 for k in range(5)]),
    ],
)
@pytest.mark.parametrize("setting", [{}, FREE, FREE | ALONE])
def test_numbers_of_any_size_are_drawn(x: list[float], y: list[float], setting: dict[str, bool]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        svg = drawn("interpolations", {"x": x, "y": y} | setting)
    assert b"nan" not in svg.partition(b"</desc>")[2]
    parsed(svg)


def test_many_points_make_a_small_picture() -> None:
    random = np.random.default_rng(0)
    x, y = np.sort(random.normal(size=200_000)), random.normal(size=200_000)
    contents = solved("interpolations", {"x": x.tolist(), "y": y.tolist()} | FREE)
    svg = draw("interpolations", contents.problem, contents.result, Look())
    assert len(svg) < 1_000_000
    assert (
        draw("interpolations", {**contents.problem, "x": x.tolist(), "y": y.tolist()}, contents.result, Look()) == svg
    )


def test_what_is_left_out_cannot_be_seen() -> None:
    random = np.random.default_rng(0)
    x, y = np.sort(random.normal(size=50_000)), random.normal(size=50_000)
    kept = thinned(x, y)
    assert kept.size < 2_500
    assert {0, 49_999, int(y.argmin()), int(y.argmax())} <= set(kept.tolist())
    some = spread(x, y)
    assert some.size <= 3_000
    for values in (x, y):
        assert np.ptp(values[some]) == pytest.approx(np.ptp(values), rel=0.1)


def test_units_keep_ordinary_numbers_as_they_are() -> None:
    assert Units.covering(np.array([1871.0, 1970.0])) == Units()
    assert Units.covering(np.array([0.0])) == Units()
    assert (
        Units.covering(np.array([1.7e9, 1.7e9 + 60])).label("abscissa", "x") == "abscissa x \N{MINUS SIGN} 1700000000"
    )
    assert Units.covering(np.array([-2e287, 3e287])).label("ordinate", "y") == "ordinate y / 1e285"
    assert Units.covering(np.array([-2e287, 3e287]))(np.array([3e287])) == pytest.approx(300.0)


def test_threads_do_not_disturb_each_other() -> None:
    kinds: dict[str, dict[str, Any]] = {
        "interpolations": FIVE | ALONE,
        "regressions": examples.NOISY | {"path": {"count": 6}},
        "trainings": TRAINED,
    }
    work = [(kind, solved(kind, body), Look(media)) for kind, body in kinds.items() for media in MEDIA_TYPES]

    def one(job: tuple[str, Contents, Look]) -> bytes:
        return draw(job[0], job[1].problem, job[1].result, job[2])

    alone = [one(job) for job in work]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(one, work * 2)) == alone * 2


@pytest.mark.parametrize(
    ("kind", "change", "pointer"),
    [
        ("interpolations", {"certificate": {"dual_values": [0.0]}}, "/certificate/dual_values"),
        (
            "interpolations",
            {"function": {"x0": 0.0, "y0": 0.0, "slope0": 0.0, "kinks": [1.0], "slope_changes": []}},
            "/result/function/slope_changes",
        ),
        ("regressions", {"transformation": {"shift": 0.0, "scale": 0.0}}, "/result/transformation/scale"),
        ("regressions", {"transformation": {"shift": 0.0, "scale": 5e-324}}, "/result/transformation/0"),
    ],
)
def test_numbers_that_do_not_fit_together_are_refused(kind: str, change: dict[str, Any], pointer: str | None) -> None:
    contents = solved(kind, FIVE if kind == "interpolations" else FIVE | {"regularisation": 0.1})
    with pytest.raises((MinnormError, NotDrawable)) as refused:
        draw(kind, contents.problem, {**contents.result, **change}, Look())
    assert getattr(refused.value, "pointer", None) == pointer


@pytest.mark.parametrize("name", GALLERY)
def test_the_pictures_of_the_docs_are_what_the_code_draws(name: str) -> None:
    """But for the last digits of coordinates, which fonts and processors may have their own way with."""
    committed = (FOLDER / f"{name}.svg").read_bytes()
    assert len(committed) < 60_000
    fresh = GALLERY[name]()
    assert words(fresh) == words(committed)
    assert [part.tag for part in parsed(fresh).iter()] == [part.tag for part in parsed(committed).iter()]
