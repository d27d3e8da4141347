"""Interpolators of least norm with free biases, by linear and integer programs over kinks at given places (HiGHS).

Straight from the definitions of Savarese et al.: `int d|f''|` with a skip connection, and without one the larger of
that and `|f'(-inf) + f'(+inf)|`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import LinearConstraint, linprog, milp

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Program:
    """All `f(x) = level + slope x + sum_k (u_k - d_k) relu(x - kinks[k])` through the points, with `u, d >= 0`."""

    x: Floats
    y: Floats
    kinks: Floats
    has_skip: bool

    def values(self, places: Floats) -> Floats:
        """A row a place: the value of `f` there as a function of the unknowns (level, slope, u, d, bound)."""
        hinges = np.maximum(np.subtract.outer(places, self.kinks), 0.0)
        return np.column_stack((np.ones_like(places), places, hinges, -hinges, np.zeros_like(places)))

    def least_norm(self) -> float:
        """The least value of the bound on both parts of the norm."""
        cost = np.zeros(self._size())
        cost[-1] = 1.0
        return float(self._solve(cost, np.inf) @ cost)

    def member(self, objective: Floats, norm: float) -> Floats:
        """The unknowns that minimise `objective` among all with no larger norm."""
        return self._solve(objective, norm)

    def fewest_kinks(self, norm: float) -> int:
        """The fewest kinks of all with no larger norm."""
        return round(float(np.sum(self._choose(np.zeros(self._size()), norm, None)[-self.kinks.size :])))

    def sparse_member(self, objective: Floats, norm: float, most: int) -> Floats:
        """The unknowns that minimise `objective` among all with no larger norm and at most so many kinks."""
        return self._choose(objective, norm, most)[: self._size()]

    def _choose(self, objective: Floats, norm: float, most: int | None) -> Floats:
        """With a zero or one for each kink that `u + d` may not exceed `norm` times."""
        count, size = self.kinks.size, self._size()
        pad = np.zeros((1, count))
        norms, bounds = self._norms()
        equal = np.hstack((self.values(self.x), np.zeros((self.x.size, count))))
        off = np.zeros((count, size + count))
        places = np.arange(count)
        off[places, 2 + places] = off[places, 2 + count + places] = 1.0
        off[places, size + places] = -norm
        total = np.concatenate((np.zeros(size), np.ones(count)))
        constraints = [
            LinearConstraint(equal, self.y, self.y),
            LinearConstraint(np.hstack((norms, np.repeat(pad, len(norms), axis=0))), -np.inf, 0.0),
            LinearConstraint(off, -np.inf, 0.0),
            LinearConstraint(total[None], 0.0, count if most is None else most),
        ]
        cost = total if most is None else np.concatenate((objective, np.zeros(count)))
        low = [bound[0] if bound[0] is not None else -np.inf for bound in bounds] + [0.0] * (1 + count)
        high = [np.inf] * (size - 1) + [norm] + [1.0] * count
        solution = milp(cost, integrality=total, bounds=(low, high), constraints=constraints)
        if not solution.success:
            raise AssertionError(solution.message)
        return np.asarray(solution.x)

    def _norms(self) -> tuple[Floats, list[tuple[float | None, float | None]]]:
        """The rows that keep both parts of the norm below the bound, and what limits the unknowns."""
        ones = np.ones(self.kinks.size)
        norms = [np.concatenate(([0.0, 0.0], ones, ones, [-1.0]))]
        if not self.has_skip:
            ends = np.concatenate(([0.0, 2.0], ones, -ones, [0.0]))
            bound = np.zeros(self._size())
            bound[-1] = -1.0
            norms += [bound + ends, bound - ends]
        return np.array(norms), [(None, None)] * 2 + [(0.0, None)] * (2 * self.kinks.size)

    def _size(self) -> int:
        return 2 * self.kinks.size + 3

    def _solve(self, objective: Floats, norm: float) -> Floats:
        norms, bounds = self._norms()
        limits = [*bounds, (0.0, norm)]
        solution = linprog(objective, norms, np.zeros(len(norms)), self.values(self.x), self.y, limits, method="highs")
        if not solution.success:
            raise AssertionError(solution.message)
        return np.asarray(solution.x)
