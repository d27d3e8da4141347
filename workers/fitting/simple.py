"""Functions that are known before anything is solved: constants and lines."""

import numpy as np

from workers.fitting.losses import weights_of_labels
from workers.fitting.sample import Sample, least_squares_line
from workers.fitting.task import Task
from workers.minnorm.piecewise_linear import PiecewiseLinear


def simple_functions(sample: Sample, task: Task) -> list[PiecewiseLinear]:
    """Functions that are known before anything is solved: constants, and the line of least squares."""
    x0 = float(sample.x[0])
    nothing = np.zeros(0)
    constants = [0.0, float(np.sum(sample.weights * sample.y))]
    if task.loss.is_of_labels:
        constants += [1.0, -1.0]
    lines = [PiecewiseLinear(x0, value, 0.0, nothing, nothing) for value in constants]
    if task.setting.skip_connection:
        slopes = [_parting_line(sample) if task.loss.is_of_labels else least_squares_line(sample)]
        lines += [
            PiecewiseLinear(x0, value, slope, nothing, nothing)
            for slope, value in slopes
            if slope * task.shape.monotone >= 0.0
        ]
    return lines


def _parting_line(sample: Sample) -> tuple[float, float]:
    """Slope, and value at the first abscissa, of a line with a margin of one at all labels, if there is one.

    At an abscissa of both labels it is zero, if there is only one such.
    """
    positive, negative = (weights > 0.0 for weights in weights_of_labels(sample))
    rising = bool(negative[0]) and not bool(positive[0] and negative[-1])
    left, right = np.flatnonzero(negative if rising else positive), np.flatnonzero(positive if rising else negative)
    if left.size == 0 or right.size == 0 or left[-1] > right[0]:
        return 0.0, 0.0
    x, last, first = sample.x, int(left[-1]), int(right[0])
    if last < first:
        slope, zero = 2.0 / float(x[first] - x[last]), float(0.5 * x[first] + 0.5 * x[last])
    else:
        steps = np.diff(x[max(0, last - 1) : last + 2])
        slope, zero = 1.0 / float(np.min(steps)), float(x[last])
    slope *= 1.0 if rising else -1.0
    return slope, slope * (float(x[0]) - zero)
