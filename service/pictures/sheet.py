"""The sheet that a picture is drawn on: its panels, its title, and its bytes."""

import io
import re
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from service.pictures.curves import Window
from service.pictures.looks import DARK_IF_PREFERRED, MEDIA_TYPES, Look, theme_of
from service.pictures.panels import SMALL, Panel

_LAID_OUT_PX = (720.0, 540.0)
"""The least size that pictures are laid out for; they are scaled to the size that is wanted."""
_DPI = 100.0
_SIZE = re.compile(r'<!DOCTYPE[^>]*>\s*<svg ([^>]*?)width="[^"]*" height="[^"]*"([^>]*)>')
_DIGITS = re.compile(r"(?<!scale\(0)(\.\d\d)\d{4}\b")
"""Digits beyond a hundredth of a point, which nobody sees; but letters are scaled by small numbers."""
_LONG_NAME = "DejaVuSans-"
"""What the name of each letter begins with."""
_BLANKS = re.compile(r"\s*\n\s*|\s*<!--.*?-->\s*")
_SVG = MEDIA_TYPES[0]
_LETTER_PX = 7.3
"""How wide a letter of a title is at most, on average."""

# Once for the process, and not for each picture, since the settings are shared by all threads. Text becomes outlines:
# it looks the same wherever it is seen, whatever fonts there are.
mpl.rcdefaults()
mpl.rcParams.update({"svg.hashsalt": "minnorm", "svg.fonttype": "path", "axes.unicode_minus": True})


class Sheet:
    """A figure of its own; nothing is shared between two of them."""

    def __init__(self, look: Look, rows: Sequence[Sequence[str]], heights: Sequence[float] | None = None) -> None:
        self._look = look
        self.theme = theme_of(look)
        self._scale = min(look.width_px / _LAID_OUT_PX[0], look.height_px / _LAID_OUT_PX[1])
        size = (look.width_px / self._scale / _DPI, look.height_px / self._scale / _DPI)
        self.width_px = int(size[0] * _DPI)
        self._figure = Figure(figsize=size, dpi=_DPI, layout="constrained", facecolor=self.theme.paper)
        mosaic: Any = [list(row) for row in rows]
        self._axes = self._figure.subplot_mosaic(mosaic, height_ratios=heights or [1.0] * len(rows))
        self._words = ("", "")

    def panel(self, name: str, window: Window | None = None, share: int = 1) -> Panel:
        """One of the panels, of which so many share the width of the sheet."""
        return Panel(self._axes[name], self.theme, self.width_px / share, window)

    def label(self, name: str, text: str) -> None:
        """What is written below a panel."""
        self._axes[name].set_xlabel(text)

    def share(self, above: str, below: str) -> None:
        """Leave the numbers below one panel, if it is there, to another one that is right below it."""
        if above not in self._axes:
            return
        self._axes[above].sharex(self._axes[below])
        self._axes[above].tick_params(labelbottom=False)

    def title(self, text: str, *facts: str) -> None:
        """What the picture shows, and facts about it."""
        self._words = (text, ", ".join(fact for fact in facts if fact))
        self._figure.suptitle(
            "\n".join(_broken(self._words, self.width_px)),
            x=0.012,
            ha="left",
            fontsize=SMALL + 1.5,
            color=self.theme.ink,
            linespacing=1.35,
        )

    def bytes(self) -> bytes:
        """The picture: the same bytes for the same picture."""
        with io.BytesIO() as file, np.errstate(all="ignore"):
            if self._look.media_type == _SVG:
                nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
                self._figure.savefig(file, format="svg", metadata=nothing)
                return self._finished(file.getvalue().decode()).encode()
            about = {"Software": None, "Title": self._words[0], "Description": self._words[1]}
            self._figure.savefig(file, format="png", dpi=_DPI * self._scale * (1 + 1e-9), metadata=about)
            return file.getvalue()

    def _finished(self, svg: str) -> str:
        """With the size that is wanted, words for those who cannot see it, and perhaps both themes."""
        look = self._look
        style = f"<style>{DARK_IF_PREFERRED}</style>\n" if look.theme == "auto" else ""
        words = f"<title>{escape(self._words[0])}</title>\n<desc>{escape(self._words[1])}</desc>\n{style}"
        size = f'width="{look.width_px}" height="{look.height_px}" role="img"'
        svg = _BLANKS.sub("\n", _DIGITS.sub(r"\1", svg)).replace(_LONG_NAME, "t")
        return _SIZE.sub(lambda found: f"<svg {found[1]}{size}{found[2]}>\n{words}", svg, count=1)


def _broken(words: Sequence[str], width_px: int) -> list[str]:
    """Lines that are no longer than the picture is wide."""
    longest = int(width_px / _LETTER_PX)
    lines: list[str] = [words[0]]
    for part in words[1].split(", "):
        longer = f"{lines[-1]}, {part}"
        if len(lines) > 1 and len(longer) <= longest:
            lines[-1] = longer
        else:
            lines.append(part)
    return [line for line in lines if line]
