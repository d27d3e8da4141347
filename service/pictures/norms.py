"""Pictures of what norms are measured of: functions, networks, splines."""

import numpy as np

from service.pictures.contents import Contents, counted, function_at, in_words, number
from service.pictures.curves import Floats, Window
from service.pictures.looks import Look
from service.pictures.sheet import Sheet
from service.refusals import NotDrawable
from workers import encoding
from workers.minnorm.piecewise_linear import PiecewiseLinear
from workers.minnorm.polynomial import PiecewisePolynomial

_FINE = 1_000


def draw_norm(contents: Contents, look: Look) -> bytes:
    """The function with its kinks; below, what each of them costs."""
    if (function := _function(contents)) is None:
        return _draw_spline(contents, look)
    setting = contents.setting
    sheet = Sheet(look, [["function"], ["cost"]] if setting else [["function"]], [3, 2] if setting else None)
    places = np.append(function.kinks, function.x0)
    window = Window.around(places if np.ptp(places) > 0.0 else places[0] + np.array([-1.0, 1.0]))
    panel = sheet.panel("function", window)
    panel.function(function, panel.theme.function, "function")
    panel.kinks(function)
    panel.finish("value", "f(x)")
    if setting:
        below = sheet.panel("cost", window)
        cost = np.abs(function.slope_changes) * (np.hypot(1.0, function.kinks) if setting.penalise_biases else 1.0)
        weight = " \N{SQUARE ROOT}(1 + kink\N{SUPERSCRIPT TWO})" if setting.penalise_biases else ""
        below.stems(function.kinks, cost, below.theme.kink, f"|slope change|{weight}")
        below.finish("cost of a kink")
        sheet.share("function", "cost")
    sheet.label("cost" if setting else "function", window.units.label("abscissa", "x"))
    sheet.title("Function", in_words(setting), *_facts(contents), counted(function.kinks.size, "kink"))
    return sheet.bytes()


def _function(contents: Contents) -> PiecewiseLinear | None:
    """What was measured; of a function whose problem is not known, what its network computes."""
    if "function" in contents.result:
        return contents.function("function")
    if contents.problem.get("function") is not None:
        return function_at(contents.problem, "/problem", "function")
    if "network" in contents.result:
        return encoding.network_from(dict(contents.result["network"]), "/result/network").function()
    return None


def _facts(contents: Contents) -> list[str]:
    names = {"representational_cost": "cost", "parameter_norm": "parameter norm", "path_norm": "path norm"}
    return [f"{words} {number(contents.result[name])}" for name, words in names.items() if name in contents.result]


def _draw_spline(contents: Contents, look: Look) -> bytes:
    wire = contents.problem.get("piecewise_polynomial")
    if wire is None:
        raise NotDrawable("The result of a spline tells its cost only; the problem is needed to draw it.", "/problem")
    spline = encoding.polynomial_from(dict(wire), "/problem/piecewise_polynomial")
    places = spline.breakpoints
    window = Window(float(places[0]), float(places[-1]))
    sheet = Sheet(look, [["function"]])
    panel = sheet.panel("function", window)
    x = np.union1d(np.linspace(places[0], places[-1], _FINE), places)
    panel.line(x, _values(spline, x), panel.theme.function, "piecewise polynomial")
    panel.points(places, _values(spline, places), panel.theme.kink, "breakpoints", marker="o", markersize=4, most=1_000)
    panel.finish("value", "f(x)")
    sheet.label("function", window.units.label("abscissa", "x"))
    pieces = counted(places.size - 1, "piece")
    sheet.title("Piecewise polynomial", in_words(contents.setting), *_facts(contents), pieces)
    return sheet.bytes()


def _values(spline: PiecewisePolynomial, x: Floats) -> Floats:
    """The spline between its ends, by Horner's rule."""
    piece = np.clip(np.searchsorted(spline.breakpoints, x, side="right") - 1, 0, spline.breakpoints.size - 2)
    step = x - spline.breakpoints[piece]
    values = np.zeros_like(x)
    for row in spline.coefficients:
        values = values * step + row[piece]
    return values
