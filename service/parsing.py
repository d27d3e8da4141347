"""JSON texts: strictly, no name twice, and columns of many numbers at once."""

import json
import re
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import orjson
import simdjson
from numpy.typing import NDArray

from service.gathering import RawBody
from service.refusals import InvalidJson, RepeatedName, TooManyFields, TooManyLevels

Floats = NDArray[np.float64]

LARGE_BYTES = 2**16
"""Longer texts are mostly columns: numbers that become an array without becoming objects before."""
COLUMN = 10_000
"""So many numbers are a column. More than any list that a request may have besides: that stays a list."""
MOST_LISTS = 10_000
"""Columns are looked for among so many lists; more than any request has whose columns are long."""
PIECE_BYTES = 2**17
"""So much of a column is parsed at a time: what the parser writes then stays in the processor's cache."""
_MAY_HOLD_COLUMNS = (dict, list, str)
"""What lists begin with that are looked into; a column is a word there."""
_NESTED = frozenset((dict, list))
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"')


def parse(body: RawBody, most_levels: int = 32, most_colons: int | None = None) -> Any:
    """The value of a JSON text; in a large one, long columns are arrays.

    Raises `InvalidJson`, `RepeatedName`, `TooManyLevels` if more objects and lists are within each other, and
    `TooManyFields` if more colons are in its objects and texts together.
    """
    if not body:
        return None
    value = _parsed(body, most_colons)
    # Without so many brackets there are not so many levels; of a long text it takes less time to look at its value.
    if not isinstance(body, bytes) or len(body) > LARGE_BYTES or body.count(b"[") + body.count(b"{") > most_levels:
        _check_levels(value, most_levels)
    return value


def _parsed(body: RawBody, most_colons: int | None) -> Any:
    if len(body) > LARGE_BYTES and body[:1] == b"{" and (columns := list(_columns(body))):
        try:
            return _with_columns(body, columns, most_colons)
        except InvalidJson:
            pass  # what is wrong, and where, is said of the whole text
    return _parse_small(bytes(body), most_colons)


def _columns(body: RawBody) -> Iterator[tuple[int, int, Floats]]:
    """Where long columns begin and end, brackets included, and their numbers.

    A column has no bracket inside; the parser would pass over it.
    """
    parser, start = simdjson.Parser(), body.find(b"[")
    for _ in range(MOST_LISTS):
        if start < 0 or (end := body.find(b"]", start)) < 0:
            return
        start = body.rfind(b"[", start, end)
        if end - start > 2 * COLUMN and (numbers := _numbers(parser, body, start + 1, end)) is not None:
            yield start, end + 1, numbers
        start = body.find(b"[", end)


def _numbers(parser: simdjson.Parser, body: RawBody, start: int, end: int) -> Floats | None:
    """The numbers between two places, with commas between them; None if there is something else, or not much."""
    # Room for all that could be there, a digit and a comma each; memory is taken only as it is filled.
    text, numbers, count = memoryview(body), np.empty((end - start) // 2 + 1), 0
    try:
        while start <= end:
            comma = body.find(b",", start + PIECE_BYTES, end)
            stop = end if comma < 0 else comma
            piece: Any = parser.parse(b"".join((b"[", text[start:stop], b"]")))
            if len(piece) == 0:  # two commas, or one at the end
                return None
            numbers[count : count + len(piece)] = np.frombuffer(piece.as_buffer(of_type="d"))
            count += len(piece)
            del piece  # the parser is not used again as long as somebody has what it has found
            start = stop + 1
    except (ValueError, TypeError, RuntimeError):  # what is wrong, and whether it is, the other parsers say
        return None
    return numbers[:count] if count >= COLUMN else None


def _with_columns(body: RawBody, columns: list[tuple[int, int, Floats]], most_colons: int | None) -> Any:
    """The value, parsed with a word in each place of a column. Raises `InvalidJson` if one is in a text instead.

    There its quotation mark would end the text, and no letter may follow that. Nobody else knows the word.
    """
    word, parts, last = f"column {secrets.token_hex(16)} ", list[bytes](), 0
    for number, (start, end, _) in enumerate(columns):
        parts += (body[last:start], f'"{word}{number}"'.encode())
        last = end
    value = _parse_small(b"".join((*parts, body[last:])), most_colons)
    return _put_back(value, {f"{word}{number}": numbers for number, (_, _, numbers) in enumerate(columns)})


def _put_back(value: Any, columns: dict[str, Floats]) -> Any:
    """The value with the columns in place of their words. Raises `InvalidJson` if one has no place."""
    left = [value]
    while left:
        each = left.pop()
        for name, part in each.items() if type(each) is dict else enumerate(each):
            if type(part) is str and part in columns:
                each[name] = columns.pop(part)
            elif type(part) is dict or (type(part) is list and part and type(part[0]) in _MAY_HOLD_COLUMNS):
                left.append(part)
    if columns:
        raise InvalidJson("A column is where no value may be, or in a list that begins with a number.")
    return value


def _parse_small(body: bytes, most_colons: int | None) -> Any:
    if most_colons is not None and len(body) > most_colons and body.count(b":") > most_colons:
        raise TooManyFields("The body has more fields than any request has.")  # parsing them all would take longer
    # NaN, infinities and numbers beyond the doubles are no JSON, but it is kinder to say where they are: the lenient
    # parser takes them in, and validation refuses them by place.
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as strict:
        try:
            return json.loads(body.decode())
        except (ValueError, RecursionError):
            raise InvalidJson(f"The body is not JSON: {strict}.") from None
    _check_names(body, value)
    return value


def _check_levels(value: Any, most: int) -> None:
    """Refuse what other code would climb down to by calling itself, until it can no more."""
    level = [value]
    for _ in range(most):
        within = (each.values() if type(each) is dict else each for each in level if type(each) in _NESTED)
        looked_into = (parts for parts in within if not _NESTED.isdisjoint(map(type, parts)))  # few: most have numbers
        level = [part for parts in looked_into for part in parts if type(part) in _NESTED]
        if not level:
            return
    raise TooManyLevels(f"The body has objects and lists within each other to more levels than {most}, the limit.")


def _check_names(body: bytes, value: Any) -> None:
    """Refuse a name that occurs twice in an object: parsers differ in what they make of it.

    Each name has its colon, so there are as many colons as names unless a name is repeated, or a colon is in a string.
    """
    colons = body.count(b":")
    if type(value) is dict and colons == len(value):  # as nearly always, in no time
        return
    names = _count_names(value, _is_nested)
    if colons == names:
        return
    colons = _STRING.sub(b"", body).count(b":")
    if colons != names and colons != _count_names(value, _is_any):
        raise RepeatedName("A name occurs twice in one object of the body.")


def _count_names(value: Any, looks_into: Callable[[Any], bool]) -> int:
    """How many names all objects in a value have; in all lists that begin with something that is looked into."""
    found, left = 0, [value]
    while left:
        each = left.pop()
        if type(each) is dict:
            found += len(each)
            left.extend(each.values())
        elif type(each) is list and each and looks_into(each[0]):
            left.extend(each)
    return found


def _is_nested(value: Any) -> bool:
    return type(value) in _NESTED


def _is_any(_: Any) -> bool:
    return True
