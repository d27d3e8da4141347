"""Who draws what: a picture of any result."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from service.pictures.contents import Contents
from service.pictures.fits import CLASSIFICATIONS, REGRESSIONS, draw_conflict, draw_fit
from service.pictures.interpolations import draw_interpolation
from service.pictures.looks import Look
from service.pictures.norms import draw_norm
from service.pictures.paths import draw_path
from service.pictures.trainings import draw_training
from service.pictures.verifications import draw_verification
from service.refusals import NotDrawable

TRAININGS = "trainings"
_ARTISTS = {
    "interpolations": draw_interpolation,
    "norms": draw_norm,
    "verifications": draw_verification,
    TRAININGS: draw_training,
}


def draw(kind: str, problem: Mapping[str, Any], result: Mapping[str, Any], look: Look) -> bytes:
    """Draw a result: see `drawing.draw`."""
    if look.frame is not None and kind != TRAININGS:
        raise NotDrawable("Only trainings have frames.", "/frame")
    contents = Contents(problem, result)
    with np.errstate(all="ignore"):  # what becomes infinite is found where it is to be drawn
        if kind in (REGRESSIONS, CLASSIFICATIONS):
            return _draw_fits(kind, contents, look)
        return _ARTISTS[kind](contents, look)


def _draw_fits(kind: str, contents: Contents, look: Look) -> bytes:
    if "conflict" in contents.result:
        return draw_conflict(contents, look)
    return (draw_path if "path" in contents.result else draw_fit)(kind, contents, look)
