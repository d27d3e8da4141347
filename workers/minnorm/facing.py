"""The law of reflection for a stretch of points whose ends are given."""

import numpy as np
from numpy.typing import NDArray

from workers.minnorm.reflection import distances, minimisers

Floats = NDArray[np.float64]

_HEAVY = 1e12


def reflect(steps: Floats, masses: Floats, first: float = 0.0, last: float = 0.0) -> Floats:
    """Minimise `sum masses (1 - cos d)` with `d >= 0`, `d_i + d_{i+1} >= steps_i`, `d_1 >= first`, `d_m >= last`. O(m).

    A bound is the step to a point so heavy that its own distance vanishes.
    """
    heavy = _HEAVY * float(np.sum(masses))
    all_masses = np.concatenate(([heavy], masses, [heavy]))
    all_steps = np.concatenate(([max(first, 0.0)], steps, [max(last, 0.0)]))
    m = all_masses.size
    geometry = np.stack((np.ones(m), np.ones(m), np.zeros(m)))
    geometry[1, : m - 1], geometry[2, : m - 1] = np.cos(all_steps), np.sin(all_steps)
    distance, pieces = np.empty((2, m)), np.empty((6, m + 2))
    minimisers(geometry, all_masses, 0, m - 1, 0, distance, pieces)
    distances(geometry, 0, m - 1, 0, distance, np.empty(m))
    inner = distance[:, 1 : m - 1]
    angles: Floats = np.arctan2(inner[1], inner[0])
    return angles
