"""A panel of a picture: curves and points in one pair of axes, under a legend that covers none of them."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.ticker import MaxNLocator

from service.pictures.curves import COLUMNS, MOST_POINTS, Floats, Units, Window, spread, thinned
from service.pictures.looks import Theme
from service.pictures.ticks import decades, power
from service.refusals import NotDrawable
from workers.minnorm.piecewise_linear import PiecewiseLinear

MOST_KINKS = 1_000
EVERYTHING = Window(-np.inf, np.inf)
SMALL = 8.5
"""Points of text beside the data."""
_ROOM = 0.08
"""What is left above and below, as a share of the height."""
_LETTER_PX, _HANDLE_PX, _MARGIN_PX = 7.0, 48, 80
"""How wide a letter of a legend is, about, what comes before its text, and what is left of the axes."""


class Panel:
    """Axes that are drawn when all is known that goes into them: only then the units can be chosen."""

    def __init__(self, axes: Axes, theme: Theme, width_px: float, window: Window | None = None) -> None:
        self.axes = axes
        self.theme = theme
        self._width_px = width_px
        self._window = window or EVERYTHING
        self._across = Units() if window is None else window.units
        self._upwards = Units()
        self._heights: list[Floats] = []
        self._marks: list[Callable[[], object]] = []
        self._logarithmic = (0, 0)
        self._style()

    def line(self, x: Floats, y: Floats, colour: str, label: str = "", **style: Any) -> None:
        """A curve through points, from left to right. What it does in the margin of the window may be cut off."""
        kept = thinned(x, y)
        x, y = x[kept], y[kept]
        self._add(
            y[self._window.core(x)],
            lambda: self.axes.plot(self._across(x), self._upwards(y), color=colour, label=label, **_LINE | style),
        )

    def points(self, x: Floats, y: Floats, colour: str, label: str, **style: Any) -> None:
        """Points, or some of them where they are many; each may have a size of its own, out of a few."""
        kept = spread(x, y, style.pop("most", MOST_POINTS))
        sizes = style.pop("sizes", np.array([style.pop("markersize", 5.0)]))
        if kept.size < x.size:
            label = f"{label} ({kept.size:,} of {x.size:,} drawn)"
        x, y = x[kept], y[kept]
        of_each = sizes[kept] if sizes.size > 1 else np.full(x.size, sizes[0])
        for size in np.unique(of_each)[::-1].tolist():
            self._dots(x[of_each == size], y[of_each == size], color=colour, label=label, markersize=size, **style)
            label = ""

    def _dots(self, x: Floats, y: Floats, **style: Any) -> None:
        style = {"linestyle": "none"} | style
        self._add(y, lambda: self.axes.plot(self._across(x), self._upwards(y), **style))

    def function(self, function: PiecewiseLinear, colour: str, label: str, **style: Any) -> None:
        """The graph of a function, in the whole window or another one."""
        x, y = style.pop("window", self._window).graph(function)
        self.line(x, y, colour, label, **{"linewidth": size_of(x.size, 1.8)} | style)

    def kinks(self, function: PiecewiseLinear) -> None:
        """Where its slope changes, and how many of these places lie outside."""
        inside = function.kinks[self._window.holds(function.kinks)]
        outside = function.kinks.size - inside.size
        self.rings(inside, function(inside), "kinks" + (f" ({outside:,} more outside)" if outside else ""))

    def rings(self, x: Floats, y: Floats, label: str, marker: str = "D") -> None:
        """Places that belong to kinks."""
        if x.size:
            style: dict[str, Any] = {"markersize": size_of(x.size, 7), "markeredgewidth": size_of(x.size, 1.6)}
            fixed: dict[str, Any] = {"marker": marker, "markerfacecolor": "none", "most": MOST_KINKS, "zorder": 5}
            self.points(x, y, self.theme.kink, label, **style, **fixed)

    def data(self, x: Floats, y: Floats) -> None:
        """Points that a function passes through."""
        self.points(x, y, self.theme.data, "points", marker="o", markersize=size_of(x.size, 5), zorder=6, **_NO_EDGE)

    def band(self, x: Floats, low: Floats, high: Floats, colour: str, label: str = "", **style: Any) -> None:
        """What lies between two curves."""
        both = np.union1d(thinned(x, low), thinned(x, high))
        x, low, high = x[both], low[both], high[both]
        core = self._window.core(x)
        style = {"alpha": 0.18, "linewidth": 0} | style
        self._add(
            np.concatenate((low[core], high[core])),
            lambda: self.axes.fill_between(
                self._across(x), self._upwards(low), self._upwards(high), color=colour, label=label, **style
            ),
        )

    def polygons(self, x: Floats, y: Floats, colour: str, label: str) -> None:
        """Polygons, one a row."""

        def draw() -> None:
            corners = np.stack((self._across(x), self._upwards(y)), axis=-1)
            self.axes.add_collection(
                PolyCollection(list(corners), facecolor=colour, alpha=0.35, linewidth=0, label=label)
            )

        self._add(y.ravel(), draw)

    def span(self, ends: tuple[float, float], colour: str, label: str) -> None:
        """All that is above and below a stretch of abscissae."""
        left, right = self._across(np.array(ends)).tolist()
        self._add(
            np.empty(0),
            lambda: self.axes.axvspan(left, right, color=colour, alpha=0.16, linewidth=0, label=label, zorder=0),
        )

    def upright(self, x: Floats, colour: str, label: str, **style: Any) -> None:
        """Upright lines from bottom to top, one in each column of the picture that has any."""
        kept = spread(x, np.zeros_like(x), COLUMNS)
        places = self._across(x[kept])
        across = self.axes.get_xaxis_transform()  # heights are shares of the panel's
        drawn: dict[str, Any] = {"color": colour, "label": label, "transform": across, **style}
        self._add(np.empty(0), lambda: self.axes.vlines(places, 0.0, 1.0, **drawn))

    def level(self, y: float, colour: str, label: str = "", **style: Any) -> None:
        """A line from end to end."""
        self._add(
            np.array([y]),
            lambda: self.axes.axhline(float(self._upwards(np.array([y]))[0]), color=colour, label=label, **style),
        )

    def stems(self, x: Floats, height: Floats, colour: str, label: str) -> None:
        """Lines from zero, the largest ones where they are many."""
        order = np.sort(np.argsort(-height, kind="stable")[: 2 * COLUMNS])
        x, height = x[order], height[order]
        self._add(
            np.append(height, 0.0),
            lambda: self.axes.vlines(
                self._across(x), 0.0, self._upwards(height), color=colour, label=label, linewidth=2.2
            ),
        )

    def logarithmic(self, *, x: int = 0, y: int = 0) -> None:
        """For axes on which logarithms to the base of ten are drawn: write the numbers, in so many places at most."""
        self._logarithmic = (x, y)

    def whole(self) -> None:
        """Write whole numbers only beside the upright axis."""
        self.axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))

    def finish(self, words: str, symbol: str = "") -> None:
        """Draw what was added, and a legend above it."""
        heights = np.concatenate(self._heights) if self._heights else np.empty(0)
        if not np.isfinite(heights).all():
            raise NotDrawable("Its values are too large to be drawn.")
        self._upwards = Units.covering(heights)
        if self._window is not EVERYTHING:
            ends = self._across(np.array(self._window.ends))
            if not np.isfinite(ends).all():
                raise NotDrawable("Its abscissae are too large to be drawn.")
            self.axes.set_xlim(*ends.tolist())
        for mark in self._marks:
            mark()
        self._limit(self._upwards(heights))
        for axis, places in zip((self.axes.xaxis, self.axes.yaxis), self._logarithmic, strict=True):
            if places:
                ticks = decades(*axis.get_view_interval(), places)
                axis.set_ticks(ticks, [power(tick) for tick in ticks])
        self.axes.set_ylabel(self._upwards.label(words, symbol))
        self._legend()

    def _limit(self, heights: Floats) -> None:
        """From the least to the largest of what counts, and a little more."""
        if heights.size:
            low, high = float(heights.min()), float(heights.max())
            more = _ROOM * (high - low) or max(0.05 * abs(high), 1e-3)
            self.axes.set_ylim(low - more, high + more)

    def _legend(self) -> None:
        handles, labels = self.axes.get_legend_handles_labels()
        if not labels:
            return
        named = dict(zip(labels[::-1], handles[::-1], strict=True))  # what is of one kind is named once
        labels, handles = list(named)[::-1], list(named.values())[::-1]
        legend = self.axes.legend(
            handles,
            labels,
            loc="lower left",
            bbox_to_anchor=(0.0, 1.0),
            ncols=_columns(labels, self._width_px - _MARGIN_PX),
            frameon=False,
            fontsize=SMALL,
            labelcolor=self.theme.ink,
            borderaxespad=0.3,
            borderpad=0.0,
            columnspacing=1.4,
            handlelength=1.8,
        )
        legend.set_zorder(10)

    def _add(self, heights: Floats, mark: Callable[[], object]) -> None:
        self._heights.append(heights)
        self._marks.append(mark)

    def _style(self) -> None:
        axes, theme = self.axes, self.theme
        axes.set_facecolor(theme.paper)
        axes.tick_params(colors=theme.muted, labelsize=SMALL)
        axes.grid(color=theme.grid, linewidth=0.7)
        axes.set_axisbelow(True)
        axes.ticklabel_format(useOffset=False, style="plain")
        for name, spine in axes.spines.items():
            spine.set_color(theme.muted)
            spine.set_visible(name in ("left", "bottom"))
        for axis in (axes.xaxis, axes.yaxis):
            axis.label.set_color(theme.ink)
            axis.label.set_fontsize(SMALL + 0.5)
            axis.get_offset_text().set_color(theme.muted)
            axis.get_offset_text().set_fontsize(SMALL)


_NO_EDGE: dict[str, Any] = {"markeredgewidth": 0}


def size_of(count: int, usual: float) -> float:
    """How large marks are, or how wide lines, of which there are so many: down to four tenths of what is usual."""
    return usual * max(0.4, min(1.0, math.pow(40.0 / max(count, 1), 0.35)))


_LINE: dict[str, Any] = {"linewidth": 1.8, "solid_joinstyle": "round"}


def _columns(labels: Sequence[str], most_px: float) -> int:
    """Into how many columns these labels fit, which are filled one after the other."""
    lengths = np.array([len(label) for label in labels])
    for count in range(len(labels), 1, -1):
        columns = np.array_split(lengths, count)
        if sum(_HANDLE_PX + _LETTER_PX * float(column.max()) for column in columns) <= most_px:
            return count
    return 1
