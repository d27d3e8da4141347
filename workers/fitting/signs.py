"""Where a piecewise-linear function changes its sign: the boundaries of a classification."""

import numpy as np
from numpy.typing import NDArray

from workers.minnorm.piecewise_linear import PiecewiseLinear

Floats = NDArray[np.float64]


_ROUNDING = 2.0**-44


def sign_changes(function: PiecewiseLinear, size: float) -> Floats:
    """Ascending abscissae. Of a stretch of zeros between values of opposite sign, the middle. O(kinks).

    What is rounding of values of this `size` counts as zero, so that a function that vanishes on one side of the data
    has no boundary there. Nor has one that is too far away to be written.
    """
    nodes = np.concatenate(([function.x0], function.kinks[function.kinks > function.x0]))
    values = _without_rounding(function(nodes), _ROUNDING * size)
    ends = np.array([function.slope0, function.slope0 + float(np.sum(function.slope_changes))])
    reach = np.maximum(1.0, np.abs(nodes[[0, -1]]))
    first, last = _without_rounding(ends, _ROUNDING * size / reach).tolist()
    left = -np.sign(first) if first != 0.0 else np.sign(values[0])
    right = np.sign(last) if last != 0.0 else np.sign(values[-1])
    signs = np.concatenate(([left], np.sign(values), [right]))
    real = np.flatnonzero(signs)
    zeros = []
    for before, after in zip(real[:-1].tolist(), real[1:].tolist(), strict=True):
        if signs[before] == signs[after]:
            continue
        if after - before > 1:  # nodes from before to after - 2, as the first sign is that of the ray
            zeros.append(0.5 * float(nodes[before]) + 0.5 * float(nodes[after - 2]))
        elif before == 0:
            zeros.append(float(nodes[0]) - float(values[0]) / first)
        elif after == signs.size - 1:
            zeros.append(float(nodes[-1]) - float(values[-1]) / last)
        else:
            zeros.append(_between(nodes[before - 1 : after], values[before - 1 : after]))
    return np.array([zero for zero in zeros if np.isfinite(zero)])


def _without_rounding(values: Floats, rounding: Floats | float) -> Floats:
    return np.where(np.abs(values) <= rounding, 0.0, values)


def _between(nodes: Floats, values: Floats) -> float:
    """The zero between two nodes with values of opposite sign."""
    reach = 1.0 / (1.0 - float(values[1]) / float(values[0]))
    return float(nodes[0]) * (1.0 - reach) + float(nodes[1]) * reach
