"""Values of convex programs, as accurate as the solver can."""

import contextlib
import warnings
from itertools import product
from typing import Any

import cvxpy

cp: Any = cvxpy  # its own annotations are incomplete

_TOLERANCES = (1e-11, 1e-10, 1e-9, 1e-8)
_REGULARISATIONS = (1e-9, 1e-7, 1e-8)


def solved(problem: Any) -> float:
    """The value by Clarabel, infinite if infeasible, at the first of the tolerances that it reaches.

    Its systems are regularised: by less than usual it is more accurate, where it stalls more helps; 1e-8 is usual.
    """
    for tolerance, regularisation in product(_TOLERANCES, _REGULARISATIONS):
        options = {f"tol_{name}": tolerance for name in ("gap_abs", "gap_rel", "feas")}
        with contextlib.suppress(cp.SolverError), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "may be inaccurate": then the next one is tried
            problem.solve(solver=cp.CLARABEL, static_regularization_constant=regularisation, **options)
            if problem.status in {cp.OPTIMAL, cp.INFEASIBLE}:
                return float(problem.value)
    raise AssertionError("the program was not solved")
