"""What a fit may be asked to be between the first and the last abscissa: monotone, convex, concave."""

from collections.abc import Iterable

from workers.immutable import immutable
from workers.minnorm.errors import ContradictoryShapes, Unsupported

_MONOTONE = {"increasing": 1, "decreasing": -1}
_CURVATURE = {"convex": 1, "concave": -1}

SHAPES = (*_MONOTONE, *_CURVATURE)
"""What they are called."""


@immutable
class Shape:
    """`monotone` is 1 where the function increases, -1 where it decreases; `curvature` 1 if convex, -1 if concave.

    Zero asks for nothing. Monotone means not strictly so.
    """

    monotone: int = 0
    curvature: int = 0

    @classmethod
    def of(cls, names: Iterable[str]) -> "Shape":
        """From the names of `SHAPES`, in any order. Raises `ContradictoryShapes` or `Unsupported`."""
        wanted = list(names)
        for place, name in enumerate(wanted):
            if name not in SHAPES:
                raise Unsupported(f"A shape is one of {', '.join(SHAPES)}.", f"/shape/{place}")
        return cls(_one_of(wanted, _MONOTONE), _one_of(wanted, _CURVATURE))


def _one_of(wanted: list[str], signs: dict[str, int]) -> int:
    found = {signs[name] for name in wanted if name in signs}
    if len(found) > 1:
        raise ContradictoryShapes(f"Nothing but a line is both {' and '.join(signs)}.", "/shape")
    return found.pop() if found else 0
