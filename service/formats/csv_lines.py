"""CSV line by line: slowly, and with the place of everything that is wrong."""

import math
import re
from collections.abc import Mapping
from itertools import islice
from typing import Any

from fastapi.exceptions import RequestValidationError

from service.formats.choice import refusal, shown
from service.formats.csv_layout import Layout, rows
from service.problems import MOST_ERRORS

SAMPLE = 1_000
"""Lines that are looked at to see whether decimals have commas."""
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
_COMMAS = str.maketrans(",.", ".,")

Values = dict[str, list[float]]


def read(body: bytes, layout: Layout, places: Mapping[str, int]) -> Values:
    """The columns of a text, by field.

    Raises
    ------
    RequestValidationError
        With the first places where something is wrong.
    """
    lines = _Lines(layout, places, _decimal(body, layout, places))
    for number, row in rows(body, layout):
        lines.take(number, row)
        if len(lines.wrong) >= MOST_ERRORS:
            break
    if lines.wrong:
        raise RequestValidationError(lines.wrong)
    return lines.values


def _decimal(body: bytes, layout: Layout, places: Mapping[str, int]) -> str:
    """What decimals have: a comma if more numbers have one than have a point."""
    if layout.delimiter == ",":
        return "."
    first = [row for _, row in islice(rows(body, layout), SAMPLE)]
    sample = [row[place] for row in first for place in places.values() if place < len(row)]
    return "," if sum("," in cell for cell in sample) > sum("." in cell for cell in sample) else "."


class _Lines:
    """Lines as they are read, one after the other."""

    def __init__(self, layout: Layout, places: Mapping[str, int], decimal: str) -> None:
        self.values: Values = {field: [] for field in places}
        self.wrong = list[dict[str, Any]]()
        self._layout = layout
        self._places = places
        self._decimal = decimal
        self._count = 0
        self._blank = list[tuple[int, list[str]]]()

    def take(self, number: int, row: list[str]) -> None:
        """Read a line. Empty ones count for nothing, nor do empty cells at the end of the text."""
        if not any(cell.strip() for cell in row):
            if len(row) > 1:
                self._blank.append((number, row))
            return
        for line in (*self._blank, (number, row)):
            self._read(*line)
        self._blank.clear()

    def _read(self, number: int, row: list[str]) -> None:
        index, self._count = self._count, self._count + 1
        if any(cell.strip() for cell in row[self._layout.width :]):
            self._too_long(number, row, index)
            return
        for field, place in self._places.items():
            cell = row[place].strip() if place < len(row) else ""
            value = self._number(cell)
            if math.isfinite(value):
                self.values[field].append(value)
            else:
                label = shown(self._layout.label(place))
                self._refuse(f"line {number}, column {label}: {self._what(cell)}", field, index)

    def _number(self, cell: str) -> float:
        plain = cell.translate(_COMMAS) if self._decimal == "," else cell
        return float(plain) if _NUMBER.fullmatch(plain) else math.nan

    def _too_long(self, number: int, row: list[str], index: int) -> None:
        hint = "; where decimals have commas, separate columns by ; or tabs" if self._layout.delimiter == "," else ""
        message = f"line {number}: {len(row)} cells, where the first line has {self._layout.width}{hint}"
        self._refuse(message, next(iter(self._places)), index)

    def _refuse(self, message: str, field: str, index: int) -> None:
        self.wrong.append(refusal("number", message, field, index))

    def _what(self, cell: str) -> str:
        if not cell:
            return "empty"
        if _NOT_FINITE.fullmatch(cell) or math.isinf(self._number(cell)):
            return f"{shown(cell)!r} is not finite"
        other = self._layout.delimiter != "," and _NUMBER.fullmatch(cell.replace(",", "."))
        return f"{shown(cell)!r} " + ("has another decimal sign than most" if other else "is not a number")
