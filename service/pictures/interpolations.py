"""Pictures of interpolations."""

import numpy as np

from service.pictures.certificates import draw_below, dual_of, sheet_with
from service.pictures.contents import Contents, counted, facts, function_at, in_words, number
from service.pictures.curves import Floats, Window
from service.pictures.looks import Look
from service.pictures.panels import Panel
from workers.minnorm.checks import column
from workers.minnorm.piecewise_linear import PiecewiseLinear

MOST_TRIANGLES = 1_000
_TITLES = {
    None: "Interpolator",
    "norm": "Interpolator of least norm",
    "kinks": "Interpolator with the fewest kinks",
    "lp": "Interpolator of least path norm",
}


def draw_interpolation(contents: Contents, look: Look) -> bytes:
    """The points and the function through them, all others that are as good, and the certificate."""
    function = contents.function("function")
    dual = dual_of(contents, contents.result.get("certificate"))
    sheet, window = sheet_with(look, dual), window_of(contents, function)
    draw_function(sheet.panel("function", window), contents, function, window)
    draw_below(sheet, dual, window, function, contents.result.get("network"))
    sheet.label("dual" if dual else "function", window.units.label(contents.abscissa, "x"))
    sheet.title(_title(contents), in_words(contents.setting), *_facts(contents))
    return sheet.bytes()


def window_of(contents: Contents, function: PiecewiseLinear) -> Window:
    """What is to be seen: the data, or the kinks where there are none."""
    observations = contents.observations
    if observations is not None and observations[0].size:
        return Window.around(observations[0], function.kinks)
    return Window.around(np.append(function.kinks, function.x0))


def draw_function(panel: Panel, contents: Contents, function: PiecewiseLinear, window: Window) -> None:
    """The function with its kinks, the data that it passes through, and all others that are as good."""
    theme = panel.theme
    if solutions := contents.result.get("solution_set"):
        _draw_solutions(panel, contents, window)
        sparsest = function_at(solutions, "/result/solution_set", "sparsest")
        words = f"one of {counted(solutions['sparsest_kink_count'], 'kink')}"
        panel.function(sparsest, theme.second, words, linestyle="--", linewidth=1.3)
    panel.function(function, theme.function, "function")
    panel.kinks(function)
    if (observations := contents.observations) is not None:
        panel.data(*observations)
    panel.finish("ordinate", "y")


def _draw_solutions(panel: Panel, contents: Contents, window: Window) -> None:
    """The triangles that all minimisers stay in, and where they may go beyond the points."""
    solutions, observations = contents.result["solution_set"], contents.observations
    if observations is None:
        return
    x, first = np.unique(observations[0], return_index=True)
    y = observations[1][first]
    left = np.asarray(solutions["intervals"], dtype=np.int64)
    apex_x = column(solutions["apex_x"], "/result/solution_set/apex_x", like=left.astype(np.float64))
    apex_y = column(solutions["apex_y"], "/result/solution_set/apex_y", like=apex_x)
    real = (left >= 0) & (left < x.size - 1)
    left, apex_x, apex_y = left[real], apex_x[real], apex_y[real]
    wide = np.sort(np.argsort(x[left] - x[left + 1], kind="stable")[:MOST_TRIANGLES])
    label = "all of the least norm" + (f" ({wide.size:,} widest gaps)" if wide.size < left.size else "")
    left, apex_x, apex_y = left[wide], apex_x[wide], apex_y[wide]
    if left.size:
        corners_x = np.stack((x[left], apex_x, x[left + 1]), axis=1)
        panel.polygons(corners_x, np.stack((y[left], apex_y, y[left + 1]), axis=1), panel.theme.region, label)
        label = ""
    ends = window.ends
    for end, edge, slopes in ((0, ends[0], "left_slopes"), (-1, ends[1], "right_slopes")):
        low, high = solutions[slopes]
        if low < high:
            _draw_wedge(panel, np.array([x[end], edge]), float(y[end]), (low, high), label)
            label = ""


def _draw_wedge(panel: Panel, x: Floats, y: float, slopes: tuple[float, float], label: str) -> None:
    order = np.argsort(x)
    low, high = ((y + slope * (x - x[0]))[order] for slope in slopes)
    panel.band(x[order], low, high, panel.theme.region, label, alpha=0.35)


def _title(contents: Contents) -> str:
    objective = contents.problem.get("objective", "norm") if contents.problem else None
    title = _TITLES[objective]
    return f"{title}, p = {number(contents.problem['p'])}" if objective == "lp" else title


def _facts(contents: Contents) -> list[str]:
    found = facts(contents.result)
    return [*found, "not the only one"] if contents.result.get("solution_set") else found
