"""What is in a problem and its result that can be drawn."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from service.pictures.curves import Floats, plain
from service.refusals import NotDrawable
from workers import encoding
from workers.immutable import immutable
from workers.minnorm.checks import column
from workers.minnorm.piecewise_linear import PiecewiseLinear
from workers.minnorm.setting import Setting

Wire = Mapping[str, Any]


@immutable
class Contents:
    """A problem and its result, as on the wire. Of an old result the problem may not be known: it is empty then.

    Whoever sent them, what is wrong with their numbers is raised as `MinnormError`, or as `NotDrawable`.
    """

    problem: Wire
    result: Wire

    @property
    def setting(self) -> Setting | None:
        """The setting, if it is known."""
        if not self.problem:
            return None
        return Setting(self.problem.get("penalise_biases", True), self.problem.get("skip_connection", True))

    @cached_property
    def observations(self) -> tuple[Floats, Floats] | None:
        """The points in the order of their abscissae, which are those that the result speaks of."""
        if "x" not in self.problem or "y" not in self.problem:
            return None
        x = column(self.problem["x"], "/problem/x")
        y = column(self.problem["y"], "/problem/y", like=x)
        order = np.argsort(x, kind="stable")
        return self.transformed(x[order]), y[order]

    @property
    def weights(self) -> Floats | None:
        """What the observations count, in the same order."""
        if self.problem.get("weights") is None or "x" not in self.problem:
            return None
        x = column(self.problem["x"], "/problem/x")
        return column(self.problem["weights"], "/problem/weights", like=x)[np.argsort(x, kind="stable")]

    def transformed(self, x: Floats) -> Floats:
        """Abscissae as the result writes them."""
        transformation = self.result.get("transformation")
        if transformation is None:
            return x
        if transformation["scale"] == 0.0:
            raise NotDrawable("Abscissae cannot be divided by zero.", "/result/transformation/scale")
        with np.errstate(all="ignore"):
            moved: Floats = (x - transformation["shift"]) / transformation["scale"]
        return column(moved, "/result/transformation")

    @property
    def abscissa(self) -> str:
        """The words for an abscissa."""
        transformation = self.result.get("transformation")
        if transformation is None:
            return "abscissa"
        shift, scale = transformation["shift"], transformation["scale"]
        return f"standardised abscissa (x \N{MINUS SIGN} {shift:.6g}) / {scale:.4g} ="

    def function(self, *path: str) -> PiecewiseLinear:
        """The function at this place of the result."""
        return function_at(self.result, "/result", *path)


def function_at(wire: Wire, pointer: str, *path: str) -> PiecewiseLinear:
    """The function at a place below `wire`."""
    for name in path:
        wire, pointer = wire[name], f"{pointer}/{name}"
    return encoding.function_from(dict(wire), pointer)


def in_words(setting: Setting | None) -> str:
    """The setting, as a title says it."""
    if setting is None:
        return ""
    biases = "biases penalised" if setting.penalise_biases else "biases free"
    return f"{biases}, {'with' if setting.skip_connection else 'without'} skip connection"


def counted(count: int, noun: str) -> str:
    """So and so many of something."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def number(value: float) -> str:
    """A number in a title."""
    return f"{value:,.0f}" if 1e4 <= abs(value) < 1e7 else plain(value)


def facts(result: Wire) -> list[str]:
    """Norm and number of kinks, and what else a fit tells of itself."""
    told = [f"{name} {number(result[name])}" for name in ("norm", "loss", "objective") if name in result]
    return [*told, counted(result["kink_count"], "kink")] if "kink_count" in result else told
