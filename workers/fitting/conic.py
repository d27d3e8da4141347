"""Conic programs with quadratic costs, built from sparse blocks and solved by Clarabel's interior-point method.

Minimise `1/2 v' P v + c' v` where each block of rows `M v + k` lies in a cone. Multipliers `t` are those of the
Lagrangian `1/2 v' P v + c' v - t' (M v + k)`. Built without a modelling language: the blocks are bands, and their
canonical form is written down directly, in a tenth of the time.
"""

from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workers.immutable import immutable

Floats = NDArray[np.float64]
Columns = slice
Term = tuple[Columns, Any]
"""Columns, and the sparse matrix that is applied to them."""
Rows = tuple[list[Term], Floats]
"""Terms that add up, and the constants added to them."""

_MOST_ITERATIONS = 200
_ALMOST = 1e-8
"""The accuracy that counts as a solution."""


@cache
def clarabel() -> Any:
    """The solver, imported when it is first used: most processes never need it."""
    return import_module("clarabel")


@cache
def sparse() -> Any:
    """`scipy.sparse`, imported when it is first used."""
    return import_module("scipy.sparse")


@immutable
class Solution:
    """Variables and multipliers, as accurate as the solver got; whether that is about as much as was asked for."""

    variables: Floats
    multipliers: Floats
    is_accurate: bool


class Program:
    """Columns and rows are added block by block; `solve` puts them together."""

    def __init__(self) -> None:
        self._costs: list[Floats] = []
        self._squares: list[tuple[Columns, Floats]] = []
        self._width = self._height = 0
        self._blocks: list[tuple[int, Term]] = []
        self._constants: list[Floats] = []
        self._cones: list[Any] = []

    def columns(self, costs: Floats) -> Columns:
        """Free variables with these linear costs."""
        self._costs.append(costs)
        self._width += costs.size
        return slice(self._width - costs.size, self._width)

    def squares(self, columns: Columns, halves: Floats) -> None:
        """Add `sum halves v^2 / 2`."""
        self._squares.append((columns, halves))

    def equal(self, rows: Rows) -> slice:
        """Rows that vanish."""
        return self._add(rows, [clarabel().ZeroConeT(rows[1].size)])

    def nonnegative(self, rows: Rows) -> slice:
        """Rows that are not negative."""
        return self._add(rows, [clarabel().NonnegativeConeT(rows[1].size)])

    def lengths(self, *parts: Rows) -> slice:
        """Row by row, the first part is at least the length of the vector of the others."""
        return self._interleave(parts, clarabel().SecondOrderConeT(len(parts)))

    def exponentials(self, *parts: Rows) -> slice:
        """Row by row, for the parts `a, b, c`: `b exp(a / b) <= c`."""
        return self._interleave(parts, clarabel().ExponentialConeT())

    def _interleave(self, parts: tuple[Rows, ...], cone: Any) -> slice:
        """Rows of all parts in turn; the multipliers of part k are every `len(parts)`-th from k on."""
        count, size = len(parts), parts[0][1].size
        terms: list[Term] = []
        constants = np.zeros(count * size)
        for place, (own, constant) in enumerate(parts):
            constants[place::count] = constant
            spread = sparse().csr_matrix(
                (np.ones(size), (place + count * np.arange(size), np.arange(size))), shape=(count * size, size)
            )
            terms += [(columns, spread @ matrix) for columns, matrix in own]
        return self._add((terms, constants), [cone] * size)

    def _add(self, rows: Rows, cones: list[Any]) -> slice:
        terms, constants = rows
        start = self._height
        self._blocks += [(start, term) for term in terms]
        self._constants.append(constants)
        self._cones += cones
        self._height += constants.size
        return slice(start, self._height)

    def solve(self, tolerance: float) -> Solution | None:
        """A solution to about this accuracy; None if the solver ends without one, or numbers do not fit."""
        settings = clarabel().DefaultSettings()
        settings.verbose = False
        settings.max_threads = 1
        settings.max_iter = _MOST_ITERATIONS
        settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = tolerance
        settings.reduced_tol_gap_abs = settings.reduced_tol_gap_rel = settings.reduced_tol_feas = _ALMOST
        matrix, constant = -self._matrix(), np.concatenate(self._constants)
        if not (np.isfinite(matrix.data).all() and np.isfinite(constant).all()):
            return None  # numbers too far apart
        solver = clarabel().DefaultSolver(
            self._quadratic(), np.concatenate(self._costs), matrix, constant, self._cones, settings
        )
        solution = solver.solve()
        # Whatever the status says of accuracy, certificates decide; but nothing can be made of numbers that are none.
        variables, multipliers = np.array(solution.x), np.array(solution.z)
        fine = solution.status not in _failures() and np.isfinite(variables).all() and np.isfinite(multipliers).all()
        accurate = solution.status in (clarabel().SolverStatus.Solved, clarabel().SolverStatus.AlmostSolved)
        return Solution(variables, multipliers, accurate) if fine else None

    def _matrix(self) -> Any:
        rows, columns, entries = [], [], []
        for start, (where, matrix) in self._blocks:
            block = matrix.tocoo()
            rows.append(block.row + start)
            columns.append(block.col + where.start)
            entries.append(block.data)
        places = np.concatenate(rows), np.concatenate(columns)
        return sparse().csc_matrix((np.concatenate(entries), places), shape=(self._height, self._width))

    def _quadratic(self) -> Any:
        diagonal = np.zeros(self._width)
        for columns, halves in self._squares:
            diagonal[columns] += halves
        return sparse().csc_matrix(sparse().diags(diagonal))


@cache
def _failures() -> tuple[Any, ...]:
    status = clarabel().SolverStatus
    return (
        status.PrimalInfeasible,
        status.DualInfeasible,
        status.AlmostPrimalInfeasible,
        status.AlmostDualInfeasible,
        status.Unsolved,
    )
