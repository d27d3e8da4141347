"""From which regularisation on a fit with a skip connection is the affine one: squared loss."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from tests.oracles.fits import Problem

Floats = NDArray[np.float64]


def affine_fit(problem: Problem) -> Floats:
    """Level and slope of the line of least weighted squares."""
    root = np.sqrt(problem.shares)
    columns = np.column_stack((np.ones_like(problem.x), problem.x))
    line, *_ = np.linalg.lstsq(root[:, None] * columns, root * problem.y, rcond=None)
    return np.asarray(line, dtype=np.float64)


def least_affine(problem: Problem) -> float:
    """The largest gain of a neuron from the affine fit's residuals, for its cost: maximised over its kink by search."""
    level, slope = affine_fit(problem)
    multipliers = 2.0 * problem.shares * (problem.y - level - slope * problem.x)

    def loss(kink: float) -> float:
        gain = float(multipliers @ np.maximum(problem.x - kink, 0.0))
        return -abs(gain) / (float(np.hypot(1.0, kink)) if problem.penalise_biases else 1.0)

    x = problem.abscissae
    inside = [
        minimize_scalar(loss, bounds=pair, method="bounded", options={"xatol": 1e-12 * (pair[1] - pair[0])}).fun
        for pair in pairwise(x)
    ]
    return -float(min(*inside, *(loss(float(kink)) for kink in x)))
