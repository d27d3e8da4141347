"""Witnesses from a solution of the cone program.

The solver's dual values are one. But the multipliers that they stand for are second differences, which magnify errors:
where a loss allows no more, that costs all the rest a factor. Those of the fitted values are better, and those of a
program that is restricted to the real kinks as exact as its solution. They are brought back to where they may be, their
moments to what they have to be, and dual values follow by two sums.
"""

import numpy as np
from numpy.typing import NDArray

from workers.fitting.bound import Witness
from workers.fitting.layout import Optimum, Question
from workers.minnorm.certificate import Dual

Floats = NDArray[np.float64]


def witnesses(question: Question, optimum: Optimum) -> list[Witness]:
    """Those that a solution gives; lower bounds tell which is best."""
    pushes = np.zeros(question.frame.x.size + 1)
    if optimum.slope_multipliers is not None:
        pushes = question.shape.monotone * optimum.slope_multipliers
    result = [_from(question, optimum.pulls, pushes, optimum)]
    if optimum.neurons.layout.nodes.size == question.frame.x.size:
        result.append(Witness(optimum.dual, optimum.slope_multipliers))
    slopes = question.loss.derivatives(optimum.values, question.sample)
    if slopes is not None:
        result.append(_from(question, -slopes / question.regularisation, pushes, optimum))
    return result


def _from(question: Question, theta: Floats, pushes: Floats, optimum: Optimum) -> Witness:
    """The witness of these multipliers, corrected by as little as their room allows."""
    x = question.frame.x
    low, high = (limit / question.regularisation for limit in question.loss.domain(question.sample))
    theta = np.clip(theta, low, high)
    room = np.minimum(theta - low, high - theta)
    room = np.where(np.isfinite(room), room, question.sample.weight_of_groups)
    theta = _balanced(question, theta, room, float(np.sum(pushes)))
    tails = np.cumsum(theta[::-1])[::-1]
    falls = np.diff(x) * tails[1:] + pushes[1:-1]
    values = pushes[-1] + np.concatenate((np.cumsum(falls[::-1])[::-1], [0.0]))
    bends = question.setting.penalise_biases and not question.setting.skip_connection
    return Witness(Dual(values, float(tails[0]) if bends else 0.0), optimum.slope_multipliers)


def _balanced(question: Question, theta: Floats, room: Floats, pushed: float) -> Floats:
    """With the sum and the moment that a line demands which costs nothing, or the sum that a constant does."""
    setting, x = question.setting, question.frame.x
    if setting.penalise_biases and not setting.skip_connection:
        return theta
    width = float(x[-1] - x[0])
    powers = np.vstack((np.ones_like(x), (x - x[0]) / width))[: 2 if setting.skip_connection else 1]
    missing = -powers @ theta
    if setting.skip_connection:
        missing[1] -= pushed / width
    shares, *_ = np.linalg.lstsq((powers * room) @ powers.T, missing, rcond=None)
    result: Floats = theta + room * (shares @ powers)
    return result
