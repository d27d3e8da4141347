"""What a solution of the cone program means: which kinks are real, and the function that has them.

An interior-point method leaves a little of everything. At its end, share times slack is the same for all shares: real
ones are larger than their slack, the others smaller. A second program with the real ones only has exact zeros.
"""

from dataclasses import replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from workers.fitting.layout import LEFT, RIGHT, SIGNS, Layout, Neurons, Question
from workers.fitting.shape import Shape
from workers.minnorm.bends import Bends
from workers.minnorm.dataset import Dataset
from workers.minnorm.least_norm import least_norm
from workers.minnorm.piecewise_linear import PiecewiseLinear

Floats = NDArray[np.float64]
Marks = NDArray[np.bool_]

_CONSTANT = 1e-13
"""With less weight a neuron that is active on all data is constant: its kink is too far away to be written."""
_FLAT = 1e-6
"""With less weight it may mean a constant, and as near to an end of the data its kink may mean to be there."""


def real_kinks(question: Question, neurons: Neurons, factor: float) -> Layout:
    """The layout of the kinks whose part of the norm is more than `factor` times their slack.

    A share that is none leaves its kink at the other end of the interval, which then is a kink of that node.
    """
    layout = neurons.layout
    weight = question.frame.w[layout.nodes] if question.setting.penalise_biases else np.ones(layout.nodes.size)
    left, right, at = neurons.left * weight[:-1], neurons.right * weight[1:], neurons.at * weight
    outside = np.hypot(*neurons.outside.T)
    total = float(np.sum(left) + np.sum(right) + np.sum(at) + np.sum(outside)) or 1.0
    real = layout.inside & (left + right > factor * neurons.slack * total)
    from_left = real & (left > neurons.slack_left * total)
    from_right = real & (right > neurons.slack_right * total)
    none = real & ~from_left & ~from_right
    from_left |= none & (left >= right)
    from_right |= none & (left < right)
    inside = from_left & from_right
    own = layout.at & (at > factor * neurons.slack_at * total)
    own[:, :-1] |= from_left & ~inside
    own[:, 1:] |= from_right & ~inside
    own[:, [0, -1]] = False
    return _restricted(layout, inside, own, layout.outside & (outside > factor * neurons.slack_outside * total))


def _restricted(layout: Layout, inside: Marks, own: Marks, outside: Marks) -> Layout:
    """The layout of these kinks, whose nodes are those that are needed."""
    joined, kept = np.any(inside, axis=0), np.any(own, axis=0)
    kept[:-1] |= joined
    kept[1:] |= joined
    kept[[0, -1]] = True
    places = np.flatnonzero(kept)
    nodes = layout.nodes[places]
    neighbours = np.diff(places) == 1
    return Layout(nodes, inside[:, places[:-1]] & neighbours, own[:, places], outside)


def simplified(question: Question, neurons: Neurons) -> Neurons:
    """What the neurons mean where lines cost nothing or constants do: neither has a use for two kinds of neurons.

    Neurons that face right and left make two kinks of one sign in an interval; to merge them changes no value at the
    data. Those that are active on all data, and all but constant, become so.
    """
    left, right, at = (
        np.vstack((shares[:2] + shares[2:], np.zeros_like(shares[2:])))
        for shares in (neurons.left, neurons.right, neurons.at)
    )
    weights, biases = neurons.outside.T
    flat = np.abs(weights) * np.max(np.abs(question.frame.x)) <= _FLAT * np.abs(biases)
    ends = question.frame.x[np.where(weights > 0.0, 0, -1)]
    near = np.abs(weights * ends + biases) <= _FLAT * np.hypot(weights, biases)
    outside = np.column_stack((np.where(flat, 0.0, weights), np.where(near, -weights * ends, biases)))
    return replace(neurons, left=left, right=right, at=at, outside=outside)


def function_of(question: Question, neurons: Neurons) -> PiecewiseLinear:
    """The function that has these kinks and these values at its first two nodes."""
    nodes = neurons.layout.nodes
    x, z = question.frame.x[nodes], neurons.values
    signs = SIGNS[: neurons.at.shape[0], None]
    steps = np.diff(x)
    slope = float((z[1] - z[0]) / steps[0] - np.sum(signs[:, 0] * neurons.left[:, 0])) + question.slope
    places, changes = _inner_kinks(x, steps, signs, neurons)
    before, behind = _outer_kinks(question, neurons)
    first = float(z[0] + question.base[0])
    if not question.setting.penalise_biases and not question.setting.skip_connection:
        before = _excess(float(x[0]), slope, changes)
    x0 = min([float(x[0]), *before[0].tolist()])
    y0 = first - slope * (float(x[0]) - x0) + float(before[1] @ (before[0] - x0))
    slope0 = slope - float(np.sum(before[1]))
    if x0 < x[0]:  # far away from the data its value is rounded: let its kink make up for it
        before[1][0] = _reaching(x0, y0, slope0, (float(x[0]), first), before)
    kinks = _ascending(np.concatenate((before[0], places, behind[0])), np.concatenate((before[1], changes, behind[1])))
    return PiecewiseLinear(x0, y0, slope0, *kinks)


def _reaching(x0: float, y0: float, slope: float, point: tuple[float, float], kinks: tuple[Floats, Floats]) -> float:
    """The slope change at the first kink `x0` that leads from `(x0, y0)` to the point, with the other kinks given."""
    x, y = Fraction(point[0]), Fraction(point[1])
    for place, change in zip(kinks[0][1:].tolist(), kinks[1][1:].tolist(), strict=True):
        y -= Fraction(change) * (x - Fraction(place))
    return float((y - Fraction(y0)) / (x - Fraction(x0)) - Fraction(slope))


def _inner_kinks(x: Floats, steps: Floats, signs: Floats, neurons: Neurons) -> tuple[Floats, Floats]:
    """Places and slope changes."""
    total = neurons.left + neurons.right
    family, interval = np.nonzero(total > 0.0)
    changes = total[family, interval]
    reach = neurons.right[family, interval] / changes
    places = np.where(reach < 1.0, x[interval] + reach * steps[interval], x[interval + 1])
    own_family, node = np.nonzero(neurons.at > 0.0)
    own = neurons.at[own_family, node]
    return (
        np.concatenate((np.clip(places, x[interval], x[interval + 1]), x[node])),
        np.concatenate((changes * signs[family, 0], own * signs[own_family, 0])),
    )


def _outer_kinks(question: Question, neurons: Neurons) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    """Places and slope changes of the kinks left and right of the data, or at their ends."""
    x = question.frame.x
    sides: tuple[list[tuple[float, float]], list[tuple[float, float]]] = ([], [])
    for sign, (weight, bias) in zip((1.0, -1.0), neurons.outside, strict=True):
        if abs(weight) * np.max(np.abs(x)) <= _CONSTANT * abs(bias) or weight == 0.0:
            continue
        facing = RIGHT if weight > 0.0 else LEFT
        kink = min(-bias / weight, x[0]) if facing == RIGHT else max(-bias / weight, x[-1])
        sides[0 if facing == RIGHT else 1].append((float(kink), float(sign * abs(weight))))
    before, behind = (np.array(sorted(side), dtype=np.float64).reshape(-1, 2).T for side in sides)
    return (before[0], before[1]), (behind[0], behind[1])


def _excess(first: float, slope: float, changes: Floats) -> tuple[Floats, Floats]:
    """Free biases without a skip connection: a kink at the first point makes both parts of the norm equal."""
    variation, balance = float(np.sum(np.abs(changes))), 2.0 * slope + float(np.sum(changes))
    excess = 0.5 * (abs(balance) - variation)
    if excess <= 0.0:
        return np.zeros(0), np.zeros(0)
    return np.array([first]), np.array([np.copysign(excess, balance)])


def _ascending(kinks: Floats, changes: Floats) -> tuple[Floats, Floats]:
    """Equal kinks as one."""
    places, where = np.unique(kinks, return_inverse=True)
    merged = np.bincount(where, weights=changes, minlength=places.size) if places.size else changes
    return places[merged != 0.0], merged[merged != 0.0]


def through_values(question: Question, values: Floats) -> PiecewiseLinear:
    """With a skip connection: the function of least norm through these values at all abscissae."""
    data = Dataset(question.frame.x, values + question.base)
    bends = Bends.of(data)
    if not question.setting.penalise_biases:
        nothing = np.zeros_like(bends.curvature)
        return bends.of_least_variation(nothing, nothing)
    return least_norm(bends)[0]


def monotone(function: PiecewiseLinear, shape: Shape, first: float, last: float) -> PiecewiseLinear:
    """The function without the slopes between the data that have the wrong sign, which are so by rounding."""
    if not shape.monotone:
        return function
    slopes = function.slope0 + np.concatenate(([0.0], np.cumsum(function.slope_changes)))
    starts = np.concatenate(([-np.inf], function.kinks))
    ends = np.concatenate((function.kinks, [np.inf]))
    wrong = (ends > first) & (starts < last) & (shape.monotone * slopes < 0.0)
    if not wrong.any():
        return function
    slopes[wrong] = 0.0
    changes = np.diff(slopes)
    real = changes != 0.0
    return PiecewiseLinear(function.x0, function.y0, float(slopes[0]), function.kinks[real], changes[real])


def scaled(function: PiecewiseLinear, factor: float) -> PiecewiseLinear:
    """A multiple of a function."""
    return PiecewiseLinear(
        function.x0,
        function.y0 * factor,
        function.slope0 * factor,
        function.kinks,
        function.slope_changes * factor,
    )
