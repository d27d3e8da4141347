"""The best function and the best witness that are known of a task."""

import numpy as np

from workers.fitting.bound import Witness, lower_bound, settled
from workers.fitting.candidates import monotone, scaled
from workers.fitting.sample import Sample
from workers.fitting.task import Task
from workers.immutable import immutable
from workers.minnorm.certificate import Dual
from workers.minnorm.checks import check_results
from workers.minnorm.errors import Overflow
from workers.minnorm.norms import function_norm
from workers.minnorm.piecewise_linear import PiecewiseLinear

_SHARE_OF_GAP = 1e-2
"""Of the gap asked for, what fewer kinks are worth."""
_ROUNDINGS = 10
_UNITS = 64.0 * 2.0**-53


@immutable
class Known:
    """A function and what it costs."""

    function: PiecewiseLinear
    norm: float
    loss: float
    objective: float


def no_witness(sample: Sample, task: Task) -> Witness:
    """That the objective is not negative."""
    multipliers = np.zeros(sample.x.size + 1) if task.shape.monotone else None
    return Witness(Dual(np.zeros(sample.x.size)), multipliers)


class Best:
    """Functions and witnesses are put to the test here, wherever they come from."""

    def __init__(self, sample: Sample, task: Task, gap: float) -> None:
        self.sample, self.task, self.gap = sample, task, gap
        self._known: list[Known] = []
        self.witness = no_witness(sample, task)
        self.bound = 0.0

    def consider(self, *functions: PiecewiseLinear) -> None:
        """Keep functions whose objective fits in a double."""
        for function in functions:
            own = self._allowed(function)
            norm = function_norm(own, self.task.setting).representational_cost
            loss = self.task.loss.value(self.sample.of_observations(own.at_ascending(self.sample.x)), self.sample)
            known = Known(own, norm, loss, loss + self.task.price * norm)
            if np.isfinite(known.objective) and np.isfinite([own.y0, own.slope0]).all():
                self._known.append(known)

    def _allowed(self, function: PiecewiseLinear) -> PiecewiseLinear:
        shape, x = self.task.shape, self.sample.x
        own = monotone(function, shape, float(x[0]), float(x[-1]))
        return self._with_margin(own) if self.task.loss.is_hard else own

    def _with_margin(self, function: PiecewiseLinear) -> PiecewiseLinear:
        """The least multiple with a margin of one, as rounded; the same function if it has none at all."""
        own = function
        for power in range(_ROUNDINGS):
            margin = float(np.min(self.sample.of_observations(own.at_ascending(self.sample.x)) * self.sample.y))
            if not 0.0 < margin < np.inf or (power > 0 and margin >= 1.0):
                break
            own = scaled(own, 1.0 / margin + (np.ldexp(1.0, 2 * power - 53) if power > 0 else 0.0))
        return own

    def consider_witness(self, *candidates: Witness) -> None:
        """Keep the witness that proves most."""
        task = self.task
        for candidate in candidates:
            witness = settled(self.sample.x, task.setting, task.shape, candidate)
            bound = lower_bound(self.sample, task.loss, task.regularisation, task.setting, task.shape, witness)
            if bound > self.bound:
                self.bound, self.witness = bound, witness

    @property
    def is_empty(self) -> bool:
        """Whether no function is known."""
        return not self._known

    @property
    def chosen(self) -> Known:
        """Of those that are all but the best, the one with the fewest kinks. Raises `Overflow` if there is none."""
        if not self._known:
            raise Overflow("The objective is too large to compute with.")
        enough = min(known.objective for known in self._known) * (1.0 + _SHARE_OF_GAP * self.gap)
        good = [known for known in self._known if known.objective <= enough]
        chosen = min(good, key=lambda known: (known.function.kinks.size, known.objective))
        check_results(chosen.objective, chosen.norm, chosen.loss)
        return chosen

    def gap_of(self, known: Known) -> float:
        """Relative to the objective; zero if that is."""
        return max(0.0, known.objective - self.bound) / known.objective if known.objective > 0.0 else 0.0

    def proves(self, known: Known) -> bool:
        """Whether the gap that was asked for is reached, or all of the objective is rounding of the ordinates."""
        return self.gap_of(known) <= self.gap or (known.norm == 0.0 and known.loss <= self._rounding)

    @property
    def _rounding(self) -> float:
        """What residuals of 64 units of rounding lose; nothing counts as that beside labels."""
        if self.task.loss.is_of_labels:
            return 0.0
        residual = _UNITS * float(np.max(np.abs(self.sample.y)))
        return self.task.loss.value(self.sample.y + residual, self.sample)

    @property
    def is_proved(self) -> bool:
        """Whether one of the functions is."""
        return any(self.proves(known) for known in self._known)
