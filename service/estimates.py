"""How long a problem takes."""

from workers import compute
from workers.payloads import Problem


def estimated_s(kind: str, problem: Problem) -> float:
    """Time that a problem takes, roughly: 0.1 ms, and 0.5 us a point, or 2.5 us for each of which it is worth one.

    Measured in linear time, result in JSON included: 0.3 to 0.8 us a point; see `compute.effort` for the rest.
    """
    return 1e-4 + (5e-7 if compute.is_linear(kind, problem) else 2.5e-6) * compute.effort(kind, problem)
