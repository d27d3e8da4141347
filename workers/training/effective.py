"""The function of a trained network, with the kinks that it means.

Training brings neurons to the same kink, but not to the last digit. So kinks within `tolerance` of one another are
merged, and what a sum of slope changes hardly notices is left out. What is told is the function between the first and
the last abscissa; kinks outside, which no observation has seen, make no difference there.
"""

import numpy as np
from numpy.typing import NDArray

from workers.minnorm.network import Network
from workers.minnorm.piecewise_linear import PiecewiseLinear

Floats = NDArray[np.float64]

_SAME = 0.005
"""Kinks are merged within this share of the range of the data."""
_UNNOTICED = 1e-4
"""Share of all slope changes that the smallest ones, which are left out, may have together."""


def tolerance(first: float, last: float) -> float:
    """How far apart kinks may be that count as one."""
    return _SAME * (last - first)


def effective(network: Network, first: float, last: float) -> tuple[PiecewiseLinear, float]:
    """The function between two abscissae, neurons with the same kink merged, and how far it is from the network there.

    O(m log m) for m neurons.
    """
    exact = _exact(network, first, last)
    if exact.kinks.size == 0:
        return exact, 0.0
    kinks, changes = _noticed(*_merged(exact.kinks, exact.slope_changes, tolerance(first, last)))
    function = PiecewiseLinear(exact.x0, exact.y0, exact.slope0, kinks, changes)
    places = np.unique(np.concatenate((exact.kinks, kinks, [first, last])))
    return function, float(np.max(np.abs(exact(places) - function(places))))


def _exact(network: Network, first: float, last: float) -> PiecewiseLinear:
    """What the network computes between two abscissae."""
    weights, biases, outputs = network.hidden_weights, network.hidden_biases, network.output_weights
    at_first, at_last = weights * first + biases, weights * last + biases
    active = (at_first > 0.0) | ((at_first == 0.0) & (weights > 0.0))
    slope0 = network.skip_weight + float(np.sum((outputs * weights)[active]))
    y0 = network.skip_weight * first + network.skip_bias + float(np.sum((outputs * at_first)[active]))
    bending = (np.sign(at_first) * np.sign(at_last) < 0.0) & (outputs != 0.0)
    kinks = np.clip(-biases[bending] / weights[bending], first, last)
    changes = outputs[bending] * np.abs(weights[bending])
    distinct, place = np.unique(kinks, return_inverse=True)
    summed = np.bincount(place, changes, distinct.size).astype(np.float64)
    left = summed != 0.0  # of neurons that do not cancel
    return PiecewiseLinear(first, y0, slope0, distinct[left], summed[left])


def _merged(kinks: Floats, changes: Floats, width: float) -> tuple[Floats, Floats]:
    """One kink for each group of at most this width, at their centre; two where they pull to both sides.

    Either way the function is the same on both sides of the group.
    """
    starts = _groups(kinks, width)
    ends = np.append(starts[1:], kinks.size) - 1
    left, right = kinks[starts], kinks[ends]
    change = np.add.reduceat(changes, starts)
    moment = np.add.reduceat(changes * (kinks - np.repeat(left, ends - starts + 1)), starts)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):  # each is used where it has a meaning
        centre = moment / change
        at_right = moment / (right - left)
    whole = (centre >= 0.0) & (centre <= right - left)
    split = ~whole
    places = np.concatenate((left[whole] + centre[whole], left[split], right[split]))
    sizes = np.concatenate((change[whole], (change - at_right)[split], at_right[split]))
    order = np.argsort(places, kind="stable")
    return places[order], sizes[order]


def _groups(kinks: Floats, width: float) -> NDArray[np.int64]:
    """Where groups start: each kink within this width of the first of its group."""
    starts = [0]
    while (start := int(np.searchsorted(kinks, kinks[starts[-1]] + width, side="right"))) < kinks.size:
        starts.append(start)
    return np.array(starts)


def _noticed(kinks: Floats, changes: Floats) -> tuple[Floats, Floats]:
    """Without the smallest ones."""
    by_size = np.argsort(np.abs(changes), kind="stable")
    told = np.cumsum(np.abs(changes)[by_size])
    kept = np.sort(by_size[told > _UNNOTICED * told[-1]])
    return kinks[kept], changes[kept]
