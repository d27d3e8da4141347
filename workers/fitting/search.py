"""From the cone program to a sparse function: which kinks are real is guessed, and tried."""

from dataclasses import replace

import numpy as np

from workers.fitting.best import Best
from workers.fitting.candidates import function_of, real_kinks, simplified, through_values
from workers.fitting.cone_program import solve
from workers.fitting.layout import Layout, Optimum, Question
from workers.fitting.witnesses import witnesses

_TOLERANCES = (1e-10, 1e-12, 1e-8)
_FINEST = 1e-13
_FACTORS = (1.0, 30.0, 1e3, 1e-2)
_PASSES = 3
_TILT = 1e-3


def search(best: Best) -> None:
    """The cone program; then the same with the kinks that it means."""
    task = best.task
    question = Question.of(best.sample, task.loss, task.price, task.setting, task.shape)
    layout = Layout.everywhere(best.sample.x, best.task.setting, best.task.shape)
    for tolerance in _TOLERANCES:
        with np.errstate(over="ignore", invalid="ignore"):  # functions and bounds are checked where they are considered
            optimum = solve(question, layout, tolerance)
            if optimum is not None:
                _refine(question, optimum, best)
        if best.is_proved:
            return


def _refine(question: Question, optimum: Optimum, best: Best) -> None:
    """Guess which kinks the solution means, until a guess proves right."""
    _consider(question, optimum, best)
    if question.setting.skip_connection and not question.shape.curvature:
        best.consider(through_values(question, optimum.neurons.values))
    if not question.setting.penalise_biases:
        tilted = solve(replace(question, tilt=_TILT), optimum.neurons.layout, _FINEST)
        if tilted is not None:
            for factor in _FACTORS[:3]:
                _restrict(question, tilted, factor, best)
    for factor in _FACTORS:
        _restrict(question, optimum, factor, best)
        if best.is_proved:
            return


def _restrict(question: Question, optimum: Optimum, factor: float, best: Best) -> None:
    """Solve again with the kinks that are real, until all are."""
    found: Optimum | None = optimum
    layout = optimum.neurons.layout
    for _ in range(_PASSES):
        if found is None:
            return
        fewer = real_kinks(question, found.neurons, factor)
        if fewer.is_like(layout):
            return
        found, layout = solve(question, fewer, _FINEST), fewer
        if found is not None:
            _consider(question, found, best)


def _consider(question: Question, optimum: Optimum, best: Best) -> None:
    best.consider_witness(*witnesses(question, optimum))
    best.consider(function_of(question, optimum.neurons))
    if question.has_line_rows:
        best.consider(function_of(question, simplified(question, optimum.neurons)))
