"""Pictures of fits for several regularisations."""

from typing import Any

import numpy as np

from service.pictures.contents import Contents, counted, function_at, in_words, number
from service.pictures.curves import Floats, Window
from service.pictures.fits import CLASSIFICATIONS, HEIGHTS, draw_observations, title
from service.pictures.looks import Look
from service.pictures.panels import Panel
from service.pictures.sheet import Sheet
from service.refusals import NotDrawable
from workers.minnorm.checks import column

_SHOWN = 5


def draw_path(kind: str, contents: Contents, look: Look) -> bytes:
    """Some of the fits among the observations; below, what all of them lose, cost and need."""
    path = contents.result["path"]
    if not path:
        raise NotDrawable("The path is empty.", "/result/path")
    sheet = Sheet(look, [["fits"] * 3, ["loss", "norm", "kinks"]], [3, 2])
    _draw_fits(sheet, kind, contents)
    _draw_course(sheet, contents)
    chosen = _chosen(contents)
    words = "" if chosen is None else f"regularisation {number(path[chosen]['regularisation'])} chosen"
    sheet.title(f"{title(kind, contents)}: a path", in_words(contents.setting), counted(len(path), "fit"), words)
    return sheet.bytes()


def _chosen(contents: Contents) -> int | None:
    """Which one cross-validation has chosen."""
    validation = contents.result.get("cross_validation")
    if validation is None:
        return None
    chosen = int(validation["chosen"])
    if not 0 <= chosen < len(contents.result["path"]):
        raise NotDrawable("There is no such fit in the path.", "/result/cross_validation/chosen")
    return chosen


def _draw_fits(sheet: Sheet, kind: str, contents: Contents) -> None:
    path, chosen = contents.result["path"], _chosen(contents)
    shown = np.unique(np.linspace(0, len(path) - 1, _SHOWN).round().astype(np.int64)).tolist()
    functions = {place: function_at(path[place], f"/result/path/{place}", "function") for place in shown}
    window = _window(contents, [function.kinks for function in functions.values()])
    panel = sheet.panel("fits", window)
    if kind == CLASSIFICATIONS:
        panel.level(0.0, panel.theme.muted, linewidth=0.9)
    draw_observations(panel, kind, contents)
    for (place, function), colour in zip(functions.items(), panel.theme.steps, strict=False):
        panel.function(function, colour, number(path[place]["regularisation"]), linewidth=1.5)
    if chosen is not None:
        function = function_at(path[chosen], f"/result/path/{chosen}", "function")
        words = f"chosen: {number(path[chosen]['regularisation'])}"
        panel.function(function, panel.theme.kink, words, linewidth=2.4)
    panel.finish(HEIGHTS[kind], "y")
    sheet.label("fits", window.units.label(contents.abscissa, "x"))


def _window(contents: Contents, kinks: list[Floats]) -> Window:
    if (observations := contents.observations) is not None:
        return Window.around(observations[0])
    everywhere = np.concatenate(kinks)
    return Window.around(everywhere if everywhere.size else np.array([0.0]))


def _draw_course(sheet: Sheet, contents: Contents) -> None:
    """Loss, norm and number of kinks against the regularisation."""
    path = contents.result["path"]
    order = sorted(range(len(path)), key=lambda place: float(path[place]["regularisation"]))
    at = _logarithms([path[place]["regularisation"] for place in order])
    for name, words in (("loss", "loss"), ("norm", "norm"), ("kink_count", "kinks")):
        panel = sheet.panel(words, share=3)
        values = column([float(path[place][name]) for place in order], f"/result/path/0/{name}")
        style: dict[str, Any] = {"drawstyle": "steps-mid"} if words == "kinks" else {}
        if words == "loss":
            _draw_validation(panel, contents)
        label = "of the fit" if "cross_validation" in contents.result and words == "loss" else ""
        panel.line(at, values, panel.theme.function, label, marker="o", markersize=2.5, **style)
        _mark_chosen(panel, contents)
        panel.logarithmic(x=3)
        if words == "kinks":
            panel.whole()
        panel.finish(words)
        sheet.label(words, "regularisation")


def _draw_validation(panel: Panel, contents: Contents) -> None:
    """The loss on what was left out, with its standard error."""
    if (validation := contents.result.get("cross_validation")) is None:
        return
    given = validation["regularisations"]
    at = _logarithms(given)
    mean = column(validation["mean_loss"], "/result/cross_validation/mean_loss", like=at)
    error = column(validation["standard_error"], "/result/cross_validation/standard_error", like=at)
    order = np.argsort(at, kind="stable")
    at, mean, error = at[order], mean[order], error[order]
    panel.band(at, mean - error, mean + error, panel.theme.second)
    panel.line(at, mean, panel.theme.second, "left out")


def _mark_chosen(panel: Panel, contents: Contents) -> None:
    if (chosen := _chosen(contents)) is not None:
        place = _logarithms([contents.result["path"][chosen]["regularisation"]])
        panel.upright(place, panel.theme.kink, "", linewidth=1.4, linestyle="--")


def _logarithms(values: Any) -> Floats:
    given = column(values, "/result/path")
    if not (given > 0.0).all():
        raise NotDrawable("A regularisation is positive.", "/result/path")
    return np.log10(given)
