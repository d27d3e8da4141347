"""How many numbers a problem may have, and how long it takes."""

from service.refusals import TooManyPoints
from service.settings import GatewaySettings
from workers import compute, encoding
from workers.payloads import Problem


def check_columns(problem: Problem, settings: GatewaySettings, pointer: str = "") -> None:
    """Raise `TooManyPoints` at a column that is longer than the limit; pointers start with `pointer`."""
    if encoding.longest(problem) <= settings.max_points:
        return
    for place, column in encoding.columns(problem, pointer):
        if column.size > settings.max_points:
            raise TooManyPoints(f"{column.size} numbers; the limit is {settings.max_points}.", place)


def estimated_s(kind: str, problem: Problem) -> float:
    """Time that a problem takes, roughly: 0.1 ms, and 0.5 us a point, or 2.5 us for each of which it is worth one.

    Measured in linear time, result in JSON included: 0.3 to 0.8 us a point; see `compute.effort` for the rest.
    """
    return 1e-4 + (5e-7 if compute.is_linear(kind, problem) else 2.5e-6) * compute.effort(kind, problem)
