"""Pictures of verifications: what was claimed, and where it does not hold."""

import numpy as np

from service.pictures.certificates import draw_below, dual_of, sheet_with
from service.pictures.contents import Contents, function_at, in_words, number
from service.pictures.curves import Floats, Window
from service.pictures.looks import Look
from service.pictures.panels import MOST_KINKS, Panel
from service.refusals import NotDrawable
from workers import encoding
from workers.minnorm.piecewise_linear import PiecewiseLinear

_AT_POINTS = {"interpolation", "margin"}
_SHOWN = 4


def draw_verification(contents: Contents, look: Look) -> bytes:
    """The data, the claimed function and the claimed certificate, and what is violated."""
    function = _claimed(contents)
    window = _window(contents, function)
    dual = dual_of(contents, contents.problem.get("certificate"), "/problem/certificate")
    sheet = sheet_with(look, dual)
    _draw_claim(sheet.panel("function", window), contents, function)
    draw_below(sheet, dual, window, function, contents.problem.get("network"))
    sheet.label("dual" if dual else "function", window.units.label(contents.abscissa, "x"))
    sheet.title(_title(contents), in_words(contents.setting), *_facts(contents))
    return sheet.bytes()


def _claimed(contents: Contents) -> PiecewiseLinear | None:
    """The function, or that of the network."""
    problem = contents.problem
    if problem.get("function") is not None:
        return function_at(problem, "/problem", "function")
    if problem.get("network") is not None:
        return encoding.network_from(dict(problem["network"]), "/problem/network").function()
    return None


def _window(contents: Contents, function: PiecewiseLinear | None) -> Window:
    if (observations := contents.observations) is None:
        raise NotDrawable("A verdict is drawn over what it is about: the problem is needed.", "/problem")
    return Window.around(observations[0], None if function is None else function.kinks)


def _draw_claim(panel: Panel, contents: Contents, function: PiecewiseLinear | None) -> None:
    if function is not None:
        panel.function(function, panel.theme.function, "claimed function")
        panel.kinks(function)
    if (observations := contents.observations) is not None:
        panel.data(*observations)
        x, y = _violated(contents, *observations)
        style = {"markerfacecolor": "none", "markersize": 15, "markeredgewidth": 2.2, "zorder": 7, "most": MOST_KINKS}
        if x.size:
            panel.points(x, y, panel.theme.second, "violated", marker="o", **style)
    panel.finish("ordinate", "y")


def _violated(contents: Contents, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """The points that are named; they are counted in ascending order, equal abscissae once."""
    distinct, first = np.unique(x, return_index=True)
    named = [found["index"] for found in contents.result["violations"] if _is_of_a_point(found)]
    places = np.unique(np.array([place for place in named if 0 <= place < distinct.size], dtype=np.int64))
    return distinct[places], y[first[places]]


def _is_of_a_point(violation: dict[str, object]) -> bool:
    return violation["code"] in _AT_POINTS and violation.get("index") is not None


def _title(contents: Contents) -> str:
    violations = contents.result["violations"]
    if not violations:
        return "Verification: all that is claimed holds"
    codes = list(dict.fromkeys(str(found["code"]).replace("_", " ") for found in violations))
    more = "" if len(codes) <= _SHOWN else f" and {len(codes) - _SHOWN} more"
    return f"Verification: violated are {', '.join(codes[:_SHOWN])}{more}"


def _facts(contents: Contents) -> list[str]:
    names = {"max_residual": "largest residual", "norm": "norm", "lower_bound": "lower bound", "loss": "loss"}
    return [f"{words} {number(contents.result[name])}" for name, words in names.items() if name in contents.result]
