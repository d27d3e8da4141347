"""Pictures of regressions and classifications, with one regularisation."""

from itertools import pairwise

import numpy as np

from service.pictures.certificates import draw_below, dual_of, sheet_with
from service.pictures.contents import Contents, facts, in_words, number
from service.pictures.curves import Floats, Window
from service.pictures.interpolations import window_of
from service.pictures.looks import Look
from service.pictures.panels import Panel, size_of
from service.pictures.sheet import Sheet
from service.refusals import NotDrawable
from workers.minnorm.checks import column
from workers.minnorm.piecewise_linear import PiecewiseLinear

REGRESSIONS, CLASSIFICATIONS = "regressions", "classifications"
HEIGHTS = {REGRESSIONS: "ordinate", CLASSIFICATIONS: "function, label"}
"""What is drawn upwards."""
MOST_REGIONS = 200
_SIZES = 6
_LOSSES = {"hard_margin": "hard margin", None: ""}


def draw_fit(kind: str, contents: Contents, look: Look) -> bytes:
    """The observations and the best function for them, and the certificate."""
    function = contents.function("function")
    dual = dual_of(contents, contents.result.get("certificate"))
    sheet, window = sheet_with(look, dual), window_of(contents, function)
    panel = sheet.panel("function", window)
    if kind == CLASSIFICATIONS:
        draw_regions(panel, contents, function, window)
    panel.function(function, panel.theme.function, "function" if kind == CLASSIFICATIONS else "fit")
    panel.kinks(function)
    draw_observations(panel, kind, contents)
    panel.finish(HEIGHTS[kind], "y")
    draw_below(sheet, dual, window, function, contents.result.get("network"))
    sheet.label("dual" if dual else "function", window.units.label(contents.abscissa, "x"))
    sheet.title(title(kind, contents), in_words(contents.setting), *_facts(contents))
    return sheet.bytes()


def draw_observations(panel: Panel, kind: str, contents: Contents) -> None:
    """Observations as they are: labels in two colours, weights as sizes."""
    if (observations := contents.observations) is None:
        return
    x, y = observations
    sizes = _sizes(contents.weights)
    marks = {"markersize": size_of(x.size, 5), "zorder": 4, "markeredgewidth": 0}
    if kind == REGRESSIONS:
        words = "observations" if sizes is None else "observations, as large as their weights"
        more = {} if sizes is None else {"sizes": size_of(x.size, 5) * sizes, "alpha": 0.8}
        panel.points(x, y, panel.theme.data, words, marker="o", **marks, **more)
        return
    for sign, colour, marker in ((1.0, panel.theme.function, "o"), (-1.0, panel.theme.other_dual, "s")):
        chosen = y == sign
        more = {} if sizes is None else {"sizes": size_of(x.size, 5) * sizes[chosen], "alpha": 0.8}
        if chosen.any():
            panel.points(x[chosen], y[chosen], colour, f"label {sign:.0f}", marker=marker, **marks, **more)


def _sizes(weights: Floats | None) -> Floats | None:
    """Diameters in one of some sizes, for areas in proportion to the weights but where these are next to nothing."""
    if weights is None or not weights.size or not weights.max() > 0.0:
        return None
    diameters: Floats = 2.0 * np.sqrt(np.clip(weights / weights.max(), 0.04, 1.0))
    return np.ceil(_SIZES * diameters / 2.0) * 2.0 / _SIZES


def draw_regions(panel: Panel, contents: Contents, function: PiecewiseLinear, window: Window) -> None:
    """Where the function is positive and where it is negative, and where it changes its sign."""
    theme = panel.theme
    boundaries = np.sort(column(contents.result.get("decision_boundaries", []), "/result/decision_boundaries"))
    boundaries = boundaries[window.holds(boundaries)]
    panel.level(0.0, theme.muted, linewidth=0.9)
    if boundaries.size:
        panel.upright(boundaries, theme.second, "decision boundaries", linewidth=1.2, linestyle="--")
    if boundaries.size > MOST_REGIONS:
        return
    edges = np.concatenate((window.ends[:1], boundaries, window.ends[1:]))
    signs = function(edges[:-1] / 2 + edges[1:] / 2) > 0.0
    for positive, (left, right) in zip(signs.tolist(), pairwise(edges.tolist()), strict=True):
        colour, words = (theme.positive, "positive") if positive else (theme.negative, "negative")
        panel.span((left, right), colour, words)


def title(kind: str, contents: Contents) -> str:
    """What is fitted, and what it is judged by."""
    default = "squared" if kind == REGRESSIONS else "hard_margin"
    loss = contents.problem.get("loss", default) if contents.problem else None
    words = {REGRESSIONS: "Regularised fit", CLASSIFICATIONS: "Separating function"}[kind]
    named = _LOSSES.get(loss, f"{loss} loss")
    shape = " and ".join(contents.problem.get("shape") or ())
    return ", ".join(part for part in (words, named, shape) if part)


def _facts(contents: Contents) -> list[str]:
    result = contents.result
    found = [f"regularisation {number(result['regularisation'])}"] if "regularisation" in result else []
    more = [f"accuracy {number(result['accuracy'])}"] if "accuracy" in result else []
    return [*found, *facts(result), *more]


def draw_conflict(contents: Contents, look: Look) -> bytes:
    """Labels that nothing separates, and where they meet."""
    if (observations := contents.observations) is None:
        raise NotDrawable("There is no function, and the labels are not known.", "/result")
    window = Window.around(observations[0])
    sheet = Sheet(look, [["labels"]])
    panel = sheet.panel("labels", window)
    place = contents.transformed(np.array([contents.result["conflict"]["x"]]))
    panel.upright(place, panel.theme.kink, "both labels", linewidth=1.6)
    draw_observations(panel, CLASSIFICATIONS, contents)
    panel.finish("label", "y")
    sheet.label("labels", window.units.label(contents.abscissa, "x"))
    sheet.title("Labels that no function separates", in_words(contents.setting))
    return sheet.bytes()
