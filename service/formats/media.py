"""Media types, and which of those that can be answered a caller likes best (the header Accept, RFC 9110)."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from service.pictures import drawing
from service.refusals import NotAcceptable

JSON = "application/json"
CSV = "text/csv"
ARROW_STREAM = "application/vnd.apache.arrow.stream"
ARROW_FILE = "application/vnd.apache.arrow.file"
PARQUET = "application/vnd.apache.parquet"
PICTURES = drawing.MEDIA_TYPES
TABLES = (CSV, ARROW_STREAM, ARROW_FILE, PARQUET)

LONGEST_ACCEPT = 2_000
"""Characters of the header that are read."""
_RANGES = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*")+')
_QUALITY = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")

Range = tuple[str, float]
"""A media type, perhaps with wildcards, and how much it is wanted, from 0 to 1."""


def best(accept: str, offers: Sequence[str]) -> str:
    """The offer that is wanted most: of equals the one that is named more exactly, then the first.

    Raises
    ------
    NotAcceptable
        None is wanted.
    """
    return _best(accept[:LONGEST_ACCEPT], tuple(offers))


@lru_cache(maxsize=256)
def _best(accept: str, offers: tuple[str, ...]) -> str:
    ranges = tuple(_ranges(accept)) or (("*/*", 1.0),)
    found = [(*_wish(offer, ranges), -place) for place, offer in enumerate(offers)]
    quality, _, place = max(found)
    if quality == 0.0:
        raise NotAcceptable(f"Accept: one of {', '.join(offers)}.")
    return offers[-place]


def _ranges(accept: str) -> Iterator[Range]:
    for part in _RANGES.findall(accept):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        if name:
            yield name.lower(), _quality(parameters)


def _quality(parameters: Sequence[str]) -> float:
    """What `q` says; a range whose `q` is none is not wanted."""
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            return float(value) if _QUALITY.fullmatch(value.strip()) else 0.0
    return 1.0


def _wish(offer: str, ranges: Sequence[Range]) -> tuple[float, int]:
    """How much an offer is wanted, by the most exact range that it is in, and how exact that is."""
    names = (offer, offer.partition("/")[0] + "/*", "*/*")
    for exactness, name in zip((2, 1, 0), names, strict=True):
        if wanted := [quality for other, quality in ranges if other == name]:
            return max(wanted), exactness
    return 0.0, 0
