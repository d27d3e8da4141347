"""How many numbers a problem may have, and how long it takes."""

from service.refusals import TooManyPoints
from service.settings import GatewaySettings
from workers import encoding
from workers.payloads import Problem


def check_columns(problem: Problem, settings: GatewaySettings, pointer: str = "") -> None:
    """Raise `TooManyPoints` at a column that is longer than the limit; pointers start with `pointer`."""
    if encoding.longest(problem) <= settings.max_points:
        return
    for place, column in encoding.columns(problem, pointer):
        if column.size > settings.max_points:
            raise TooManyPoints(f"{column.size} numbers; the limit is {settings.max_points}.", place)


def estimated_s(effort: int) -> float:
    """Time that a problem takes, roughly: 0.1 ms, and 2.5 us a point that it is worth (`compute.effort`)."""
    return 1e-4 + 2.5e-6 * effort
