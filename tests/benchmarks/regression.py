"""Regularised least squares with a skip connection: the exchange of kinks beside the sparse cone program."""

from collections.abc import Iterator
from typing import Any

import cvxpy
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import dia_array

from tests.benchmarks import data
from tests.benchmarks.pairs import compare
from tests.benchmarks.report import Comparison, Group, beside
from workers.fitting.fit import Task, fit
from workers.fitting.losses import Loss
from workers.fitting.sample import Sample
from workers.minnorm.setting import Setting

cp: Any = cvxpy  # its own annotations are incomplete

Floats = NDArray[np.float64]

POINTS = 20_000
GAP = 1e-8

LIMITS = """
A sine with noise. The rival is the sparse cone program in cvxpy, solved by Clarabel to the same relative gap: values at
the data, and for each interval and sign the shares of its ends. With little regularisation there are more kinks and so
more rounds, most of them on points in groups. Our time is that of the whole fit: solution, kinks placed exactly, and
the certificate recomputed.
""".strip()


def comparisons() -> Iterator[Comparison]:
    """From few kinks to many."""
    x, y = data.noisy_sine(POINTS)
    for penalise_biases in (True, False):
        for regularisation in (1e-1, 1e-3, 1e-6):
            yield _comparison(x, y, regularisation, penalise_biases)


def _comparison(x: Floats, y: Floats, regularisation: float, penalise_biases: bool) -> Comparison:
    task = Task(Loss(), regularisation, Setting(penalise_biases))
    found = fit(Sample.from_observations(x, y), task, GAP)
    rival = _cone_program if penalise_biases else _trend_filter
    accuracy = beside(found.objective, found.certificate.lower_bound, rival(x, y, regularisation))
    times = compare(
        lambda: fit(Sample.from_observations(x, y), task, GAP), lambda: rival(x, y, regularisation), rounds=2
    )
    name = f"n = {x.size:,}, regularisation {regularisation:g}, biases {'penalised' if penalise_biases else 'free'}"
    return Comparison(name, f"{rival.__name__.strip('_').replace('_', ' ')}, cvxpy and Clarabel", times, accuracy)


def _cone_program(x: Floats, y: Floats, regularisation: float) -> float:
    intervals = x.size - 1
    values = cp.Variable(x.size)
    left = {sign: cp.Variable(intervals, nonneg=True) for sign in (1, -1)}
    right = {sign: cp.Variable(intervals, nonneg=True) for sign in (1, -1)}
    taken = sum(sign * (right[sign][:-1] + left[sign][1:]) for sign in (1, -1))
    lengths = [
        cp.norm(cp.vstack([left[s] + right[s], cp.multiply(x[:-1], left[s]) + cp.multiply(x[1:], right[s])]), axis=0)
        for s in (1, -1)
    ]
    cost = sum(cp.sum(length) for length in lengths)
    return _solved(values, y, regularisation * cost, [_bends(x) @ values == taken])


def _trend_filter(x: Floats, y: Floats, regularisation: float) -> float:
    """By slopes: second differences of values would be too badly scaled for the solver."""
    values, slopes = cp.Variable(x.size), cp.Variable(x.size - 1)
    rows = [cp.diff(values) == cp.multiply(np.diff(x), slopes)]
    return _solved(values, y, regularisation * cp.norm1(cp.diff(slopes)), rows)


def _solved(values: Any, y: Floats, price: Any, rows: list[Any]) -> float:
    problem = cp.Problem(cp.Minimize(cp.sum_squares(values - y) / y.size + price), rows)
    problem.solve(solver=cp.CLARABEL, tol_gap_rel=GAP, tol_gap_abs=GAP)
    return float(problem.value)


def _bends(x: Floats) -> dia_array:
    """From values to changes of slope at the inner points."""
    steps = 1.0 / np.diff(x)
    before, after = steps[:-1], steps[1:]
    padded = [
        np.concatenate((np.zeros(k), row, np.zeros(2 - k))) for k, row in enumerate((before, -before - after, after))
    ]
    return dia_array((np.array(padded), [0, 1, 2]), shape=(x.size - 2, x.size))


GROUP = Group("Regression, squared loss, skip connection", LIMITS, comparisons)
