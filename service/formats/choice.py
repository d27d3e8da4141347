"""Which columns of a table are meant: by their names, by the caller's choice, or the only two in their order."""

from collections.abc import Mapping, Sequence
from dataclasses import field

from fastapi.exceptions import RequestValidationError

from workers.immutable import immutable

LONGEST_NAME = 40
MOST_NAMES = 10
"""So many names of so many characters are repeated in messages."""
SUFFIX = "_column"


def refused(code: str, message: str, *place: int | str) -> RequestValidationError:
    """What refuses a table because of something in it; `place` is where that would be in a JSON body."""
    return RequestValidationError([refusal(code, message, *place)])


def refusal(code: str, message: str, *place: int | str) -> dict[str, object]:
    """One thing wrong with a table, for `RequestValidationError`."""
    return {"loc": ("body", *place), "type": code, "msg": message}


def shown(name: str) -> str:
    """A caller's own text for a message: in one line, and never a long one."""
    name = " ".join(name.split())
    return name if len(name) <= LONGEST_NAME else name[:LONGEST_NAME] + "..."


@immutable
class Choice:
    """The fields of a request that come as columns, and the names of their columns where the caller has said them."""

    fields: Sequence[str]
    """`x`, `y`, and perhaps others, which may be absent."""
    names: Mapping[str, str] = field(default_factory=dict)

    def places(self, columns: Sequence[str]) -> dict[str, int]:
        """Where each field is among the columns of a table. Raises `RequestValidationError`."""
        found = {name: self._named(name, columns) for name in self.fields if self._is_named(name, columns)}
        left = [place for place, _ in enumerate(columns) if place not in found.values()]
        missing = [name for name in ("x", "y") if name not in found]
        if missing:
            if len(columns) != 2 or len(left) != len(missing):
                raise refused("columns", self._unclear(columns))
            found |= dict(zip(missing, left, strict=True))
        return found

    def in_order(self, count: int) -> dict[str, int]:
        """The same for a table without names."""
        if count != 2:
            raise refused("columns", f"A table without a header has two columns, x and y; this one has {count}")
        return {"x": 0, "y": 1}

    def _is_named(self, name: str, columns: Sequence[str]) -> bool:
        return name in self.names or name in (column.lower() for column in columns)

    def _named(self, name: str, columns: Sequence[str]) -> int:
        wanted = self.names.get(name, name)
        places = [place for place, column in enumerate(columns) if column == wanted]
        if not places and name not in self.names:  # `X` is x as well, unless there is an x
            places = [place for place, column in enumerate(columns) if column.lower() == name]
        place = name + SUFFIX if name in self.names else name
        if not places:
            raise refused("columns", f"The table has no such column, but {_listed(columns)}", place)
        if len(places) > 1:
            raise refused("columns", f"The table has {len(places)} columns of that name", place)
        return places[0]

    def _unclear(self, columns: Sequence[str]) -> str:
        if len(columns) < 2:
            return "Two columns are needed, x and y; the table has one, or its delimiter is none of , ; and tab"
        return f"Call two columns x and y, or name them by x_column and y_column; they are {_listed(columns)}"


def _listed(columns: Sequence[str]) -> str:
    more = ["..."] if len(columns) > MOST_NAMES else []
    return ", ".join([*(shown(name) for name in columns[:MOST_NAMES]), *more])
