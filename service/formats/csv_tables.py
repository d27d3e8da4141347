"""CSV: read by Arrow, which is fast; only a text with something odd in it goes the slow way, for its message."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv

from service.formats import csv_lines
from service.formats.choice import Choice
from service.formats.csv_layout import Layout, layout_of
from service.refusals import TooManyPoints

Floats = NDArray[np.float64]


def read(body: bytes, choice: Choice, most: int, header: bool | None = None) -> dict[str, Floats]:
    """The columns of a text by field, at most `most` numbers each.

    Raises
    ------
    RequestValidationError
        Something in it is no number, or it is not clear which columns are meant.
    TooManyPoints
        It is longer.
    """
    _check_lines(body, most)
    layout = layout_of(body, True if choice.names else header)
    places = layout.places(choice)
    found = _fast(body, layout, places, ".")
    if found is None and layout.delimiter != "," and b"," in body:
        found = _fast(body, layout, places, ",")
    if found is None:
        found = {field: np.array(column) for field, column in csv_lines.read(body, layout, places).items()}
    if (count := found["x"].size) > most:
        raise TooManyPoints(f"{count} numbers; the limit is {most}.", "/x")
    return found


def _check_lines(body: bytes, most: int) -> None:
    """Refuse what would take much memory to refuse later; some lines may be empty."""
    lines = body.count(b"\n")
    if lines < len(body) // 100:  # the text may end its lines as old Macs did
        lines = max(lines, body.count(b"\r"))
    if lines > 2 * most + 1_000:
        raise TooManyPoints(f"{lines} lines; the limit is {most} numbers.", "/x")


def _fast(body: bytes, layout: Layout, places: Mapping[str, int], decimal: str) -> dict[str, Floats] | None:
    """The columns, if everything in them is a finite number."""
    names = [str(place) for place in range(layout.width)]
    wanted = {names[place]: pa.float64() for place in places.values()}
    try:
        table = csv.read_csv(
            pa.BufferReader(pa.py_buffer(memoryview(body)[layout.start :])),
            csv.ReadOptions(column_names=names),
            csv.ParseOptions(delimiter=layout.delimiter),
            csv.ConvertOptions(
                column_types=wanted, include_columns=list(wanted), null_values=[], decimal_point=decimal
            ),
        )
    except pa.ArrowInvalid:
        return None
    # Copies: for an array that must not be written to, compiled code would be compiled once more.
    found = {field: np.array(table.column(names[place])) for field, place in places.items()}
    return found if all(np.isfinite(column).all() for column in found.values()) else None
