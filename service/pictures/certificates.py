"""The panel of a certificate: the dual function within its envelope, which it touches where the function has kinks.

What is drawn is what docs/certificate.md defines: q is linear between the points and has the certificate's values
there, and right of the last one it is zero. A neuron that faces right and has its kink at t gains q(t) from the
multipliers, and costs w(t), a unit of slope. Without a skip connection q goes on left of the points as a line l, and
neurons that face left gain q(t) - l(t) instead.
"""

import numpy as np

from service.pictures.contents import Contents, Wire
from service.pictures.curves import Floats, Window
from service.pictures.looks import Look
from service.pictures.panels import Panel, size_of
from service.pictures.sheet import Sheet
from workers import encoding
from workers.immutable import immutable
from workers.minnorm.checks import column
from workers.minnorm.piecewise_linear import PiecewiseLinear
from workers.minnorm.setting import Setting

_FINE = 120
_ROUNDING = 1e-9


@immutable
class Dual:
    """The two functions that a certificate is about."""

    x: Floats
    values: Floats
    total: float
    setting: Setting

    def right_facing(self, t: Floats) -> Floats:
        """What a neuron gains that faces right and has its kink at t."""
        reach = max(abs(float(self.x[0])), abs(float(self.x[-1]))) or 1.0  # slopes over tiny gaps would overflow
        inside = np.interp(t / reach, self.x / reach, self.values, right=0.0)
        return np.where(t < self.x[0], self.line(t), inside)

    def left_facing(self, t: Floats) -> Floats:
        """The same of one that faces left."""
        gained: Floats = self.right_facing(t) - self.line(t)
        return gained

    def line(self, t: Floats) -> Floats:
        """What q is left of the data; it has to vanish with a skip connection."""
        if self.setting.skip_connection:
            return np.zeros_like(t)
        line: Floats = self.values[0] + self.total * (self.x[0] - t)
        return line

    def envelope(self, t: Floats) -> Floats:
        """What a neuron costs."""
        return np.hypot(1.0, t) if self.setting.penalise_biases else np.ones_like(t)

    def corners(self, window: Window) -> Floats:
        """Abscissae between which the dual is a line, and enough of them for the envelope to look smooth."""
        ends = (self.x[:1], np.nextafter(self.x[:1], -np.inf), np.linspace(*window.ends, _FINE))
        t = np.unique(np.concatenate((self.x, *ends)))
        return t[window.holds(t)]


def dual_of(contents: Contents, certificate: Wire | None, pointer: str = "/certificate") -> Dual | None:
    """The dual, where it is a function: not for other objectives, nor for shapes, which have other conditions."""
    observations, setting = contents.observations, contents.setting
    asked = contents.problem
    if observations is None or setting is None or certificate is None or "dual_values" not in certificate:
        return None
    if asked.get("objective", "norm") != "norm" or asked.get("shape"):
        return None
    x = np.unique(observations[0])
    dual = encoding.dual_from(dict(certificate), x)
    values = dual.values
    if certificate.get("dual_low") is not None:
        values = values + column(certificate["dual_low"], f"{pointer}/dual_low", like=x)
    return Dual(x, values, dual.total, setting)


def sheet_with(look: Look, dual: Dual | None) -> Sheet:
    """A sheet for a function, and below it for the dual if there is one."""
    return Sheet(look, [["function"], ["dual"]], [3, 2]) if dual else Sheet(look, [["function"]])


def draw_below(
    sheet: Sheet, dual: Dual | None, window: Window, function: PiecewiseLinear | None, network: Wire | None
) -> None:
    """The dual in its envelope, and where kinks touch it."""
    if dual is None:
        return
    panel = sheet.panel("dual", window)
    _draw_envelope(panel, dual, window)
    t = dual.corners(window)
    width = size_of(dual.x.size, 1.8)
    if dual.setting.skip_connection:
        panel.line(t, dual.right_facing(t), panel.theme.dual, "dual q", linewidth=width)
        if function is not None:
            inside = function.kinks[window.holds(function.kinks)]
            panel.rings(inside, dual.right_facing(inside), "at the kinks")
    else:
        panel.line(t, dual.right_facing(t), panel.theme.dual, "q: facing right", linewidth=width)
        words, style = "q \N{MINUS SIGN} l: facing left", {"linewidth": width, "linestyle": "--"}
        panel.line(t, dual.left_facing(t), panel.theme.other_dual, words, **style)
        _touch_by_neurons(panel, dual, window, network)
    _draw_excess(panel, dual, t)
    panel.finish("dual", "q(x)")
    sheet.share("function", "dual")


def _draw_envelope(panel: Panel, dual: Dual, window: Window) -> None:
    t = np.linspace(*window.ends, _FINE)
    w, colour = dual.envelope(t), panel.theme.envelope
    name = "1" if not dual.setting.penalise_biases else "\N{SQUARE ROOT}(1 + x\N{SUPERSCRIPT TWO})"
    panel.band(t, -w, w, colour, alpha=0.1)
    panel.line(t, w, colour, f"envelope \N{PLUS-MINUS SIGN}{name}", linewidth=1.2)
    panel.line(t, -w, colour, linewidth=1.2)
    panel.level(0.0, colour, linewidth=0.7)


def _touch_by_neurons(panel: Panel, dual: Dual, window: Window, network: Wire | None) -> None:
    """Each kink on the curve of the neurons that make it."""
    if network is None:
        return
    weights = column(network["hidden_weights"], "/network/hidden_weights")
    kinks = -column(network["hidden_biases"], "/network/hidden_biases", like=weights) / weights
    for faces, gain, marker in ((weights > 0, dual.right_facing, ">"), (weights < 0, dual.left_facing, "<")):
        inside = kinks[faces & window.holds(kinks)]
        panel.rings(inside, gain(inside), "at the kinks", marker)


def _draw_excess(panel: Panel, dual: Dual, t: Floats) -> None:
    """Where a dual is larger than its envelope, beyond rounding: what others claim may be."""
    w = dual.envelope(t)
    for gain in (dual.right_facing(t), dual.left_facing(t)):
        for side in (1.0, -1.0):
            if (side * gain > w * (1 + _ROUNDING)).any():
                panel.band(t, side * w, side * np.maximum(w, side * gain), panel.theme.kink, "too large", alpha=0.5)
