"""How a CSV text is made: its delimiter, its header, and where its numbers begin."""

import codecs
import csv
import io
import re
from collections.abc import Iterator

from service.formats.choice import Choice, refused
from service.refusals import InvalidTable
from workers.immutable import immutable

HEAD_BYTES = 2**16
"""The first line is not longer, or this is no table."""
DELIMITERS = "\t;,"
"""The first of them that separates anything is the delimiter: a comma may be that of decimals."""
_QUOTED = re.compile(r'"[^"]*"')
_NUMBER = re.compile(r"[+-]?(?:[0-9]+[.,]?[0-9]*|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?")
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@immutable
class Layout:
    """What the first line says."""

    delimiter: str
    names: tuple[str, ...] | None
    """Of the header, if there is one."""
    width: int
    """Cells in a line."""
    start: int
    """Where the first line of numbers begins, in bytes."""
    lines_before: int

    def places(self, choice: Choice) -> dict[str, int]:
        """Where each field of a request is among the cells of a line."""
        if self.names is None:
            return choice.in_order(self.width)
        named = [place for place, name in enumerate(self.names) if name]  # the last one may be a mere delimiter
        return {field: named[place] for field, place in choice.places([self.names[place] for place in named]).items()}

    def label(self, place: int) -> str:
        """What a caller calls a column."""
        return str(place + 1) if self.names is None else self.names[place]


def layout_of(body: bytes, header: bool | None) -> Layout:
    """Look at the beginning of a text; `header` says whether it has one, if that is known."""
    if body.startswith(_UTF_16):
        raise InvalidTable("The text is in UTF-16; send it in UTF-8.")
    bom = len(codecs.BOM_UTF8) if body.startswith(codecs.BOM_UTF8) else 0
    # A character a byte, so that places in the text are places in the body.
    lines = list(io.StringIO(body[bom:HEAD_BYTES].decode("latin-1"), newline=""))
    if len(lines) <= 1 and len(body) > HEAD_BYTES:
        raise refused("columns", f"The first line is longer than {HEAD_BYTES} bytes")
    blank = next((index for index, line in enumerate(lines) if line.strip()), len(lines))
    if blank == len(lines):
        raise refused("columns", "The table is empty")
    delimiter = _delimiter(lines[blank : blank + 2])
    cells, taken = _first(lines[blank:], delimiter)
    if header is None:
        header = not any(_NUMBER.fullmatch(cell.strip()) for cell in cells)
    before = blank + (taken if header else 0)
    names = tuple(_text(cell).strip() for cell in cells) if header else None
    return Layout(delimiter, names, len(cells), bom + sum(map(len, lines[:before])), before)


def rows(body: bytes, layout: Layout) -> Iterator[tuple[int, list[str]]]:
    """The lines behind the header as cells, with their numbers from 1."""
    text = io.StringIO(body[layout.start :].decode("utf-8", "replace"), newline="")
    reader = csv.reader(text, delimiter=layout.delimiter, skipinitialspace=True)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            line = layout.lines_before + reader.line_num
            raise refused("line", f"line {line}: {error}") from None
        yield layout.lines_before + reader.line_num, row


def _delimiter(lines: list[str]) -> str:
    bare = [_QUOTED.sub("", line) for line in lines]
    return next((mark for mark in DELIMITERS if any(mark in line for line in bare)), ",")


def _first(lines: list[str], delimiter: str) -> tuple[list[str], int]:
    """The cells of the first line, and how many lines these are: names may be broken."""
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    try:
        return next(reader), reader.line_num
    except csv.Error as error:
        raise refused("line", f"line 1: {error}") from None


def _text(cell: str) -> str:
    return cell.encode("latin-1").decode("utf-8", "replace")
