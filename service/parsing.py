"""JSON texts: strictly, no name twice, and columns of many numbers at once."""

import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import orjson
import simdjson

from service.refusals import InvalidJson, RepeatedName, TooManyFields

LARGE_BYTES = 2**16
"""Longer texts are mostly columns: numbers that become an array without becoming objects before."""
COLUMN = 10_000
"""So many numbers are a column. More than any list that a request may have besides: that stays a list."""
FEW = 200
"""Objects and lists of a body with columns, and names in one of its objects; it has far fewer."""
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"')


def parse(body: bytes, most_colons: int | None = None) -> Any:
    """The value of a JSON text; in a large one, long columns are arrays.

    Raises `InvalidJson`, `RepeatedName`, and `TooManyFields` if there are more than `most_colons` in a text whose
    objects are made one by one: that would take longer than to count them.

    For two columns of a million numbers that takes half of the time that lists would take, and makes no objects of it.
    """
    if not body:
        return None
    if len(body) > LARGE_BYTES and body[:1] == b"{":
        brackets = body.count(b"{") + body.count(b"[")
        if brackets <= FEW:
            try:
                value, seen = _with_columns(simdjson.Parser().parse(body))
            except (ValueError, RuntimeError):  # what is wrong, and whether it is, the other parsers say
                seen = None
            # A column may have brackets of its own, which simdjson passes over; a list, objects with repeated names.
            if seen == brackets:
                return value
    if most_colons is not None and body.count(b":") > most_colons:
        raise TooManyFields("The body has more fields than any request has.")
    return _parse_small(body)


def _with_columns(value: Any) -> tuple[Any, int]:
    """The value, and how many objects and lists have been seen in it."""
    if isinstance(value, simdjson.Object):
        names = list(value) if len(value) <= FEW else ["\0"]
        if any("\0" in name for name in names):
            raise ValueError("Names are looked for one after the other, and only up to a zero in them.")
        parts = [_with_columns(value[name]) for name in names]  # its items() would make lists of all columns
        found = {name: part for name, (part, _) in zip(names, parts, strict=True)}
        if len(found) != len(names):
            raise RepeatedName("A name occurs twice in one object of the body.")
        return found, 1 + sum(seen for _, seen in parts)
    if isinstance(value, simdjson.Array):
        return _column(value), 1
    return value, 0


def _column(values: simdjson.Array) -> Any:
    """An array, if it is long and has numbers only."""
    if len(values) < COLUMN:
        return values.as_list()
    try:
        return np.frombuffer(values.as_buffer(of_type="d"))
    except TypeError:
        return values.as_list()


def _parse_small(body: bytes) -> Any:
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


def _check_names(body: bytes, value: Any) -> None:
    """Refuse a name that occurs twice in an object: parsers differ in what they make of it.

    Each name has its colon, so there are as many colons as names unless a name is repeated, or a colon is in a string.
    """
    names = _count_names(value, _is_nested)
    if body.count(b":") == names:  # as nearly always, in no time
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
    return type(value) in (dict, list)


def _is_any(_: Any) -> bool:
    return True
