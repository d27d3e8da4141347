"""Regularised fits: the function of least mean loss plus a multiple of its norm, over networks of any width."""

import numpy as np
from numpy.typing import NDArray

from workers.fitting.best import Best, no_witness
from workers.fitting.bound import Witness
from workers.fitting.candidates import scaled
from workers.fitting.conflicts import Conflict, conflict_of
from workers.fitting.exchange import as_function, candidate_from, exchange
from workers.fitting.restricted import Observed, Price
from workers.fitting.sample import Sample
from workers.fitting.search import search
from workers.fitting.signs import sign_changes
from workers.fitting.simple import simple_functions
from workers.fitting.task import GAPS, MOST_POINTS, Task, check, is_fast
from workers.immutable import immutable
from workers.minnorm.certificate import Dual
from workers.minnorm.errors import Overflow
from workers.minnorm.network import Network
from workers.minnorm.norms import function_norm
from workers.minnorm.piecewise_linear import PiecewiseLinear

Floats = NDArray[np.float64]

__all__ = ["GAPS", "MOST_POINTS", "Conflict", "Fit", "FitCertificate", "Task", "check", "fit", "is_fast"]


@immutable
class FitCertificate:
    """What a caller can check in O(n)."""

    witness: Witness
    lower_bound: float
    relative_gap: float


@immutable
class Fit:
    """The best function found, with its evidence.

    `outcome` is "optimal" where the certificate proves the gap that was asked for, or nothing is left of the objective
    but what rounding of the ordinates to 64 units makes of a straight line; otherwise "feasible"; "infeasible" where no
    function is allowed: then `conflict` says why, and the function is zero and means nothing.
    """

    task: Task
    function: PiecewiseLinear
    fitted: Floats
    """Values of the function, one an observation, in the order in which they were given."""
    norm: float
    loss: float
    objective: float
    certificate: FitCertificate
    outcome: str
    conflict: Conflict | None = None

    @property
    def network(self) -> Network:
        """The network that attains the norm."""
        return function_norm(self.function, self.task.setting).network

    @property
    def kink_count(self) -> int:
        """Number of kinks of the function."""
        return int(self.function.kinks.size)

    @property
    def reason(self) -> str | None:
        """Why no function is allowed, if none is."""
        return self.conflict.reason if self.conflict else None

    @property
    def boundaries(self) -> Floats:
        """Abscissae where the function changes sign, ascending."""
        return sign_changes(self.function, float(np.max(np.abs(self.fitted))))


def fit(sample: Sample, task: Task, gap: float = 1e-8, start: Fit | None = None) -> Fit:
    """The function of least objective, and the proof.

    Parameters
    ----------
    gap
        The relative gap at which an answer is called optimal.
    start
        A fit of a similar task, which may save time.

    Raises
    ------
    WrongLabel, WrongRegularisation, NotPositive, OutOfRange, TooManyPoints, Overflow
    NoMinimum
        A line that nobody pays for keeps the labels apart, and makes the logistic loss as small as one likes.

    Notes
    -----
    O(n) cones; see `cone_program`. Any gap is proved by the certificate, whatever the solver says.
    """
    check(sample, task, gap)
    conflict = conflict_of(sample, task.shape) if task.loss.is_hard else None
    if conflict is not None:
        return _infeasible(sample, task, conflict)
    best = Best(sample, task, gap)
    best.consider(*simple_functions(sample, task))
    if not task.loss.is_hard and best.is_empty:
        raise Overflow("The loss is too large to compute with.", "/y")
    if start is not None:
        best.consider(start.function)
    if not best.is_proved and is_fast(task):
        _exchange(best, start)
    if not best.is_proved and sample.y.size <= MOST_POINTS:
        search(best)
    return _of(best)


def _of(best: Best) -> Fit:
    """Function and evidence together."""
    chosen = best.chosen
    gap = best.gap_of(chosen)
    fitted = best.sample.as_given(best.sample.of_observations(chosen.function.at_ascending(best.sample.x)))
    certificate = FitCertificate(best.witness, best.bound, gap)
    outcome = "optimal" if best.proves(chosen) else "feasible"
    return Fit(best.task, chosen.function, fitted, chosen.norm, chosen.loss, chosen.objective, certificate, outcome)


def _exchange(best: Best, start: Fit | None) -> None:
    """The fast way; a gap that rounding or chance keeps open is left to the cone program."""
    sample, task = best.sample, best.task
    _, exponent = np.frexp(np.max(np.abs(sample.means)))
    unit = float(np.ldexp(1.0, exponent))  # squares of ordinates may neither overflow nor vanish
    data = Observed(sample.x, sample.means / unit, sample.weight_of_groups)
    price = Price(task.price / unit, task.setting.penalise_biases)
    if not 0.0 < price.each < np.inf:
        return
    from_start = candidate_from(data, price, scaled(start.function, 1.0 / unit)) if start is not None else None
    with np.errstate(all="ignore"):  # functions and bounds are checked where they are considered
        # The gap counts the loss that ties leave to every function; here it is that of the means, so it is not smaller.
        found = exchange(data, price, 0.5 * best.gap, from_start)
        best.consider(scaled(as_function(data, found.candidate), unit))
        best.consider_witness(Witness(Dual(found.dual_values)))
        if not best.is_proved:
            best.consider_witness(Witness(Dual(found.dual_values), low=found.dual_low))


def _infeasible(sample: Sample, task: Task, conflict: Conflict) -> Fit:
    function = PiecewiseLinear(float(sample.x[0]), 0.0, 0.0, np.zeros(0), np.zeros(0))
    nothing = FitCertificate(no_witness(sample, task), np.inf, 0.0)
    return Fit(task, function, np.zeros(sample.y.size), 0.0, np.inf, np.inf, nothing, "infeasible", conflict)
