"""What a solver hands over: a function, the evidence that none is better, and what else is as good."""

from workers.immutable import immutable
from workers.minnorm.certificate import Dual
from workers.minnorm.piecewise_linear import PiecewiseLinear
from workers.minnorm.solution_set import SolutionSet


@immutable
class Found:
    """A minimiser, its dual, and whether there is another; `solution_set` describes all of them where that is known."""

    function: PiecewiseLinear
    dual: Dual
    is_unique: bool
    solution_set: SolutionSet | None = None
