"""A picture of any result. What draws it is imported when that is first needed, or prepared."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any

from service.pictures.looks import MEDIA_TYPES, Look

__all__ = ["MEDIA_TYPES", "Look", "draw", "prepare"]


def draw(kind: str, problem: Mapping[str, Any], result: Mapping[str, Any], look: Look) -> bytes:
    """Draw a result.

    Parameters
    ----------
    kind
        The endpoint that it comes from.
    problem
        The fields of the request, columns as lists or arrays; empty if they are not known. Then the points are
        missing, and all that needs them.
    result
        The result as on the wire. Its fields have the types that they have there; their numbers may be anything.
    look
        How the picture is to look.

    Returns
    -------
    An SVG or a PNG; the same bytes for the same input, on one machine.

    Raises
    ------
    NotDrawable
        There is nothing to be drawn, or no such frame.
    MinnormError
        Numbers that do not fit together, with a pointer to them.
    """
    picture: bytes = _artists().draw(kind, problem, result, look)
    return picture


def prepare() -> None:
    """Import matplotlib, which takes as long as half of the rest, and which few requests need."""
    _artists()


@cache
def _artists() -> Any:
    return import_module("service.pictures.artists")
