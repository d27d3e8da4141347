"""Numbers on their way to a picture: as few of them as can be seen, and of a size that can be drawn."""

import math
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from workers.immutable import immutable
from workers.minnorm.piecewise_linear import PiecewiseLinear

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

COLUMNS = 600
"""Curves are drawn with at most four points in each of so many columns: the first, the last, the least, the largest."""
CELLS = (100, 30)
"""Of many points one is drawn in each cell of such a grid."""
MOST_POINTS = CELLS[0] * CELLS[1]
_SMALL, _LARGE = 1e-3, 1e6
_CLOSE = 1e-4
_LEAST = -321
"""Exponent of the smallest power of a thousand among the doubles."""


@immutable
class Units:
    """What is drawn in place of a number: `(number - shift) / unit`.

    Numbers are drawn as they are, unless their size, or their differences beside it, would make them hard to read or
    impossible to draw.
    """

    shift: float = 0.0
    unit: float = 1.0

    @classmethod
    def covering(cls, values: Floats) -> "Units":
        """Units in which these numbers can be drawn."""
        if not values.size:
            return cls()
        low, high = float(values.min()), float(values.max())
        reach, half_span = max(abs(low), abs(high)), high / 2 - low / 2
        if 0.0 < half_span < _CLOSE * reach:
            return cls(_round_number(low, half_span), _unit(half_span))
        return cls(0.0, _unit(reach))

    def __call__(self, values: Floats) -> Floats:
        """The numbers to draw."""
        return (values - self.shift) / self.unit

    def label(self, words: str, symbol: str) -> str:
        """What to write beside the axis."""
        shifted = f"{symbol} \N{MINUS SIGN} {self.shift!r}".removesuffix(".0") if self.shift else symbol
        if self.unit == 1.0 or not symbol:
            return f"{words} {shifted}".strip() + (f" / {plain(self.unit)}" if self.unit != 1.0 else "")
        return f"{words} {f'({shifted})' if self.shift else shifted} / {plain(self.unit)}"


def _unit(size: float) -> float:
    """A power of a thousand, by which a number of this size becomes one of few digits."""
    if size == 0.0 or _SMALL <= size < _LARGE:
        return 1.0
    return float(f"1e{max(_LEAST, 3 * math.floor(math.log10(size) / 3))}")


def _round_number(low: float, half_span: float) -> float:
    """A number of few digits that is not far away, if there is one."""
    for more in (3, 2, 1, 0):
        step = 10.0 ** (math.ceil(math.log10(half_span)) + more)
        if step > 0.0 and abs(low) / step < 2.0**53:
            near = float(f"{round(low / step)}e{math.ceil(math.log10(half_span)) + more}")
            if abs(near - low) <= 4 * half_span:
                return near
    return low


def plain(value: float) -> str:
    """A number in few digits."""
    digits, e, exponent = f"{value:.4g}".partition("e")
    return f"{digits}e{int(exponent)}" if e else digits


def thinned(x: Floats, y: Floats) -> Indices:
    """Indices of the points of a curve, given from left to right, that tell all of what can be seen."""
    if x.size <= 4 * COLUMNS:
        return np.arange(x.size)
    edges = np.searchsorted(x, np.linspace(x[0], x[-1], COLUMNS + 1)[1:-1])
    kept = {0, x.size - 1}
    bounds = [0, *edges.tolist(), x.size]
    for start, end in pairwise(bounds):
        if start < end:
            piece = y[start:end]
            kept |= {start, end - 1, start + int(piece.argmin()), start + int(piece.argmax())}
    return np.array(sorted(kept))


def spread(x: Floats, y: Floats, most: int = MOST_POINTS) -> Indices:
    """Indices of points to draw: all of them, or one in each cell of a grid."""
    if x.size <= most:
        return np.arange(x.size)
    cells = [_cell(values, count) for values, count in ((x, CELLS[0]), (y, CELLS[1] * most // MOST_POINTS))]
    _, first = np.unique(cells[0] * CELLS[1] + cells[1], return_index=True)
    return np.sort(first)


def _cell(values: Floats, count: int) -> Indices:
    low, half_span = values.min(), values.max() / 2 - values.min() / 2
    if half_span == 0.0:
        return np.zeros(values.size, dtype=np.int64)
    share = (values / 2 - low / 2) / half_span
    cells: Indices = np.minimum(share * count, count - 1).astype(np.int64)
    return cells


@immutable
class Window:
    """The abscissae that are to be seen, and as far as a margin beyond them."""

    low: float
    high: float
    margin: float = 0.0

    @classmethod
    def around(cls, x: Floats, kinks: Floats | None = None) -> "Window":
        """Around the data, and around kinks unless they are far outside."""
        low, high = float(x.min()), float(x.max())
        span = high - low or abs(high) or 1.0
        if kinks is not None:
            near = kinks[(kinks > low - span / 2) & (kinks < high + span / 2)]
            low, high = min([low, *near]), max([high, *near])
        return cls(low, high, 0.04 * span)

    @property
    def ends(self) -> tuple[float, float]:
        """Both ends, with the margin."""
        return self.low - self.margin, self.high + self.margin

    @property
    def units(self) -> Units:
        """In which abscissae are drawn."""
        return Units.covering(np.array(self.ends))

    def holds(self, x: Floats) -> NDArray[np.bool_]:
        """Which of these are to be seen."""
        left, right = self.ends
        return (x >= left) & (x <= right)

    def core(self, x: Floats) -> NDArray[np.bool_]:
        """Which of these are not in the margin."""
        return (x >= self.low) & (x <= self.high)

    def graph(self, function: PiecewiseLinear) -> tuple[Floats, Floats]:
        """The corners of a function's graph in the window, and where the margin begins."""
        kinks, (left, right) = function.kinks, self.ends
        inside = kinks[(kinks > left) & (kinks < right)]
        x = np.unique(np.concatenate(([left, self.low], inside, [self.high, right])))
        return x, function(x)
