"""Pictures of trainings, and the frames of their films."""

import numpy as np

from service.pictures.contents import Contents, Wire, counted, function_at, in_words, number
from service.pictures.curves import Floats, Window
from service.pictures.fits import CLASSIFICATIONS, REGRESSIONS, draw_observations
from service.pictures.looks import Look
from service.pictures.sheet import Sheet
from service.refusals import NotDrawable
from workers.minnorm.checks import column
from workers.minnorm.piecewise_linear import PiecewiseLinear

_OTHERS = 20


def draw_training(contents: Contents, look: Look) -> bytes:
    """The best network's function beside the optimum, and how its objective came down to the bound."""
    run, pointer = _best(contents)
    step, function = _moment(run, pointer, look.frame)
    sheet = Sheet(look, [["function"], ["history"]], [3, 2])
    _draw_functions(sheet, contents, function)
    _draw_history(sheet, contents, run, step)
    when = f"after {counted(run['steps'] if step is None else step, 'step')}"
    sheet.title(f"Training {when}", in_words(contents.setting), *_facts(contents, run, function, step))
    return sheet.bytes()


def _best(contents: Contents) -> tuple[Wire, str]:
    best, runs = contents.result["best"], contents.result["runs"]
    if not 0 <= best < len(runs):
        raise NotDrawable("There is no such run.", "/result/best")
    return runs[best], f"/result/runs/{best}"


def _moment(run: Wire, pointer: str, frame: int | None) -> tuple[int | None, PiecewiseLinear]:
    """The function in a frame and its step, or at the end."""
    if frame is None:
        return None, function_at(run, pointer, "function")
    frames = run["frames"]
    if not 0 <= frame < len(frames):
        raise NotDrawable(f"There are {len(frames)} frames, counted from 0.", "/frame")
    return int(frames[frame]["step"]), function_at(frames[frame], f"{pointer}/frames/{frame}", "function")


def _draw_functions(sheet: Sheet, contents: Contents, function: PiecewiseLinear) -> None:
    observations = contents.observations
    places = np.append(function.kinks, function.x0) if observations is None else observations[0]
    window = Window.around(places)
    panel = sheet.panel("function", window)
    # What is told of a network is its function between the ends of the data.
    told = window if observations is None else Window(float(places[0]), float(places[-1]))
    panel.function(function, panel.theme.function, "trained network", window=told, linewidth=2.4, alpha=0.85)
    optimum = contents.result.get("optimum") or {}
    if optimum.get("function") is not None:
        best = function_at(optimum, "/result/optimum", "function")
        panel.function(best, panel.theme.second, "optimum", window=told, linestyle="--", linewidth=1.6)
    panel.kinks(function)
    labels = contents.problem.get("loss") == "logistic"
    draw_observations(panel, CLASSIFICATIONS if labels else REGRESSIONS, contents)
    panel.finish("ordinate", "y")
    sheet.label("function", window.units.label(contents.abscissa, "x"))


def _draw_history(sheet: Sheet, contents: Contents, run: Wire, step: int | None) -> None:
    """The objective, and the bound that it cannot pass, both axes logarithmic."""
    panel = sheet.panel("history")
    others = [other for other in contents.result["runs"] if other is not run][:_OTHERS]
    label = "other seeds"
    for other in others:
        panel.line(*_course(other), panel.theme.envelope, label, linewidth=0.9, alpha=0.7)
        label = ""
    at, objective = _course(run)
    panel.line(at, objective, panel.theme.function, "objective", marker="o", markersize=2.5)
    bound = (contents.result.get("optimum") or {}).get("lower_bound", 0.0)
    if bound > 0.0:
        panel.level(float(np.log10(bound)), panel.theme.second, "lower bound", linestyle="--", linewidth=1.4)
    if step is not None:
        panel.upright(np.log10(np.array([1.0 + step])), panel.theme.kink, "this frame", linewidth=1.4)
    panel.logarithmic(x=6, y=5)
    panel.finish("objective")
    sheet.label("history", "step + 1")


def _course(run: Wire) -> tuple[Floats, Floats]:
    """Logarithms of steps, counted from 1 as there is none of 0, and of objectives."""
    steps = column([1.0 + step for step in run["history"]["step"]], "/result/runs/history/step")
    objective = column(run["history"]["objective"], "/result/runs/history/objective", like=steps)
    real = (objective > 0.0) & (steps > 0.0)
    return np.log10(steps[real]), np.log10(objective[real])


def _facts(contents: Contents, run: Wire, function: PiecewiseLinear, step: int | None) -> list[str]:
    if step is not None:
        return [counted(function.kinks.size, "kink")]
    gap = contents.result.get("best_relative_gap")
    above = [] if gap is None else [f"relative gap {gap:.1g}"]
    kinks = counted(run["kink_count"], "kink")
    return [f"objective {number(run['objective'])}", *above, f"norm {number(run['parameter_norm'])}", kinks]
