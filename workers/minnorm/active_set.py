"""From nearly the right neurons to exact ones, by an active-set method.

The optimality conditions for the neurons that are kept are solved by Newton's method: `A z = b` for the data and
`grad |v(z)| = A^T lambda` for each neuron, `z` their shares, `lambda` the dual. A share that would become negative is
given up, and an interval where the dual then exceeds its envelope gets a neuron: the textbook method for convex
programs with bounds, started so close to the solution that it needs a few steps only.
"""

from copy import deepcopy

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import block_array, csc_array, diags_array
from scipy.sparse.linalg import splu

from workers.minnorm.cones import LEFT, Targets
from workers.minnorm.contacts import DIRECTIONS, SIGNS, Neurons, exceeded
from workers.minnorm.frame import Frame

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

_STEPS = 100
_CONVERGED = 1e-14
_PATIENCE = 12
"""Steps without progress: those that give up shares may have none for a while."""
_STALLED = 1e-11
"""The certificate is exact, and says what such a residual costs."""
_DAMPING = 1e-9
"""Of shares and dual, in each step: the conditions may leave a part of them open."""


def refine(targets: Targets, neurons: Neurons, multipliers: Floats, hasty: bool) -> tuple[Neurons, Floats] | None:
    """Solve the optimality conditions, starting from these. None where that finds no solution.

    `hasty` gives up all shares at once that a step would make negative.
    """
    return _ActiveSet(targets, neurons, multipliers, hasty).solution()


class _ActiveSet:
    """Unknowns: the shares `z` of the neurons that are kept, and the multipliers `lambda` of the rows."""

    def __init__(self, targets: Targets, neurons: Neurons, multipliers: Floats, hasty: bool) -> None:
        self.hasty = hasty
        self.frame = targets.frame
        self.neurons = deepcopy(neurons)
        self.multipliers = multipliers
        self.wanted = np.concatenate((targets.chord, targets.masses[1:-1]))

    def solution(self) -> tuple[Neurons, Floats] | None:
        before = best = np.inf
        since = 0
        for _ in range(_STEPS):
            system = _System(self.frame, self.neurons)
            residual = system.residual(self.multipliers, self.wanted)
            size = float(np.max(np.abs(residual)))
            stalls, before = size > 0.5 * before, size
            if size <= _CONVERGED or (stalls and size <= _STALLED):
                if not self._added(exceeded(self.frame, self.multipliers)):
                    return self.neurons, self.multipliers
                continue
            best, since = (size, 0) if size < 0.9 * best else (best, since + 1)
            if since > _PATIENCE:
                return None
            step = system.step(residual)
            if step is None or not np.all(np.isfinite(step)):
                return None
            self._move(system, step)
        return None

    def _move(self, system: "_System", step: Floats) -> None:
        """A whole step, or as much of it as leaves all shares positive; those that reach zero are given up."""
        change, turn = step[: system.z.size], step[system.z.size :]
        falling = system.bounded & (change < 0.0)
        reach = float(np.min(system.z[falling] / -change[falling], initial=1.0))
        z = system.z + reach * change
        gone = system.z + change <= 0.0 if self.hasty else z <= _CONVERGED
        z[system.bounded & gone] = 0.0
        self.multipliers = self.multipliers + reach * turn
        system.write(z, self.neurons)
        self.neurons.settle()

    def _added(self, places: Indices) -> bool:
        """A neuron inside each of these intervals, from half of what its ends have; whether there were any."""
        for f, i in places:
            here = self.neurons
            shares = []
            for point, beside in ((i, here.right[f, :i][-1:]), (i + 1, here.left[f, i + 1 : i + 2])):
                donor = here.points[f, point : point + 1] if here.points[f, point] > 0.0 else beside
                shares.append(0.5 * float(donor.sum()))
                donor *= 0.5
            here.left[f, i] += shares[0]
            here.right[f, i] += shares[1]
        self.neurons.settle()
        return places.size > 0


class _System:
    """The optimality conditions of one set of neurons."""

    def __init__(self, frame: Frame, neurons: Neurons) -> None:
        self.at_points = np.argwhere(neurons.points > 0.0)
        self.inside = np.argwhere(neurons.inside)
        self.everywhere = np.flatnonzero(np.any(neurons.everywhere != 0.0, axis=1))
        points, inside = neurons.points[tuple(self.at_points.T)], tuple(self.inside.T)
        pairs = np.stack((neurons.left[inside], neurons.right[inside]), axis=1)
        self.z = np.concatenate((points, pairs.ravel(), neurons.everywhere[self.everywhere].ravel()))
        self.bounded = np.arange(self.z.size) < points.size + pairs.size
        self.basis = self._basis(frame)
        self.rows = self._rows(frame)
        vectors = np.einsum("mij,mj->mi", self.basis, self.z[points.size :].reshape(-1, 2))
        self.lengths = np.hypot(vectors[:, 0], vectors[:, 1])
        self.units = vectors / self.lengths[:, None]

    def write(self, z: Floats, neurons: Neurons) -> None:
        """Put the shares back into the neurons."""
        one, two = len(self.at_points), len(self.at_points) + 2 * len(self.inside)
        neurons.points[tuple(self.at_points.T)] = z[:one]
        neurons.left[tuple(self.inside.T)] = z[one:two:2]
        neurons.right[tuple(self.inside.T)] = z[one + 1 : two : 2]
        neurons.everywhere[self.everywhere] = z[two:].reshape(-1, 2)

    def _basis(self, frame: Frame) -> Floats:
        """Vectors of the neurons with two shares, shape (m, 2, 2): one column a share."""
        interval = self.inside[:, 1]
        ends = np.stack((frame.units[:, interval], frame.units[:, interval + 1]), axis=-1).swapaxes(0, 1)
        return np.concatenate((ends, np.broadcast_to(np.eye(2), (self.everywhere.size, 2, 2))))

    def _rows(self, frame: Frame) -> csc_array:
        """What each share gives to both parts of the first chord and to each curvature. Shape (n, shares)."""
        family = np.concatenate((self.at_points[:, 0], np.repeat(self.inside[:, 0], 2)))
        pairs = self.inside[:, 1:] + (0, 1)
        point = np.concatenate((self.at_points[:, 1], pairs.ravel()))
        column = np.arange(point.size)
        sign = SIGNS[family, 0].astype(float)
        inner = (point > 0) & (point < frame.x.size - 1)
        # Both the curvature at the first point and what faces left count in the chord.
        counted = sign * ((point == 0).astype(float) - (DIRECTIONS[family, 0] == LEFT))
        rows = [np.zeros_like(point), np.ones_like(point), point[inner] + 1]
        columns = [column, column, column[inner]]
        entries = [counted * frame.cosine[point], -counted * frame.sine[point], sign[inner]]
        for number, s in enumerate(self.everywhere):
            place = point.size + 2 * number
            rows.append(np.array([0, 1]))
            columns.append(np.array([place, place + 1]))
            entries.append(np.repeat((1.0, -1.0)[s], 2))
        places = np.concatenate(rows), np.concatenate(columns)
        return csc_array((np.concatenate(entries), places), shape=(frame.x.size, self.z.size))

    def residual(self, multipliers: Floats, wanted: Floats) -> Floats:
        """Of the optimality conditions."""
        across = np.einsum("mij,mi->mj", self.basis, self.units).ravel()
        gradient = np.concatenate((np.ones(len(self.at_points)), across))
        return np.concatenate((gradient - self.rows.T @ multipliers, self.rows @ self.z - wanted))

    def step(self, residual: Floats) -> Floats | None:
        """Newton's, or None where the conditions do not determine one."""
        n = self.rows.shape[0]
        upper, lower = (diags_array(np.full(size, _DAMPING)) for size in (self.z.size, n))
        matrix = block_array([[self._curvature() + upper, -self.rows.T], [self.rows, lower]]).tocsc()
        try:
            step: Floats = splu(matrix, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True}).solve(-residual)
        except RuntimeError:
            return None
        return step

    def _curvature(self) -> csc_array:
        across = np.einsum("mij,mi->mj", self.basis, np.stack((-self.units[:, 1], self.units[:, 0]), axis=1))
        blocks = across[:, :, None] * across[:, None, :] / self.lengths[:, None, None]
        place = len(self.at_points) + np.arange(across.size).reshape(-1, 2)
        down = np.broadcast_to(place[:, :, None], blocks.shape).ravel()
        along = np.broadcast_to(place[:, None, :], blocks.shape).ravel()
        return csc_array((blocks.ravel(), (down, along)), shape=(self.z.size, self.z.size))
