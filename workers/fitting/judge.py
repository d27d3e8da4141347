"""Check a function, a network or a certificate from anyone as a regularised fit, whatever the task."""

from dataclasses import field

import numpy as np
from numpy.typing import NDArray

from workers.fitting.bound import Witness, admissible, lower_bound, worst_ratio
from workers.fitting.sample import Sample
from workers.fitting.shape import Shape
from workers.fitting.task import Task
from workers.immutable import immutable
from workers.minnorm.checks import check_results
from workers.minnorm.forward import network_residuals
from workers.minnorm.network import Network
from workers.minnorm.norms import function_norm, network_norms
from workers.minnorm.piecewise_linear import PiecewiseLinear
from workers.minnorm.violations import (
    CLAIM,
    Violation,
    claimed_above,
    claimed_below,
    claimed_wrongly,
    disagreement,
    not_attained,
    of_network,
    outside_envelope,
    skip_pair,
)

Floats = NDArray[np.float64]

_ROUNDING = 64.0 * 2.0**-53
_MOST = 20


@immutable
class Claims:
    """What somebody says about a fit; each part may be missing."""

    function: PiecewiseLinear | None = None
    network: Network | None = None
    witness: Witness | None = None
    norm: float | None = None
    loss: float | None = None
    objective: float | None = None
    kink_count: int | None = None
    lower_bound: float | None = None
    relative_gap: float | None = None


@immutable
class Verdict:
    """What holds of the claims. A field is None where the claims do not determine it.

    Loss and objective are not determined where a hard margin is not kept.
    """

    violations: list[Violation] = field(default_factory=list)
    norm: float | None = None
    loss: float | None = None
    objective: float | None = None
    lower_bound: float | None = None
    relative_gap: float | None = None
    tolerance: float = 0.0


def judge(sample: Sample, task: Task, claims: Claims, tolerance: float | None = None) -> Verdict:
    """Recompute norm, loss, objective, lower bound and gap; list what is violated.

    `tolerance` is by how much values of the function may break a margin or a shape, and differ from those of the
    network beside it: by default 64 units of rounding of the largest value, and of the steepest slope times the
    furthest abscissa. Indices of violations count the distinct abscissae. Raises `Overflow` where something does not
    fit in a double.

    Notes
    -----
    O(n log n + k log k) for n observations and k kinks.
    """
    judged = _judge_function(sample, task, claims, tolerance)
    violations, objective = list(judged.violations), judged.objective
    bound = gap = None
    if claims.witness is not None:
        bound = lower_bound(sample, task.loss, task.regularisation, task.setting, task.shape, claims.witness)
        violations += _of_witness(sample, task, claims.witness)
    has_shape = not any(violation.code == "shape" for violation in violations)
    # Without a witness, an allowed function shows that no lower bound is larger than what it reaches.
    most = objective if bound is None and has_shape else bound
    if most is not None:
        violations += claimed_above("lower_bound", claims.lower_bound, most)
    if objective is not None and bound is not None:
        gap = max(0.0, objective - bound) / objective if objective > 0.0 else 0.0
        violations += claimed_below("relative_gap", claims.relative_gap, gap, CLAIM)
    check_results(judged.norm, judged.loss, objective, bound, gap, *(violation.amount for violation in violations))
    return Verdict(violations, judged.norm, judged.loss, objective, bound, gap, judged.tolerance)


def _judge_function(sample: Sample, task: Task, claims: Claims, tolerance: float | None) -> Verdict:
    """What can be said without the witness."""
    network = claims.network
    violations = skip_pair(network, task.setting)
    if claims.function is not None:
        function = claims.function
        norm = function_norm(function, task.setting).representational_cost
        values = function(sample.x)
    elif network is not None:
        norms = network_norms(network, task.setting)
        function, norm = norms.function, norms.representational_cost
        # Merging its kinks would hide what neurons that cancel leave.
        values = network_residuals(network, sample.x, np.zeros_like(sample.x))
    else:
        return Verdict(tolerance=tolerance or 0.0)
    rounding = _rounding(sample, function, values)
    if claims.function is None:
        rounding = of_network(rounding, function)
    allowed = rounding if tolerance is None else tolerance
    missed = _margins(sample, values, allowed) if task.loss.is_hard else []
    violations += missed + _out_of_shape(sample, task.shape, function, allowed)
    violations += disagreement(claims.function, network, sample.x, allowed)
    violations += claimed_wrongly("norm", claims.norm, norm)
    if network is not None and claims.norm is not None:
        violations += not_attained(network.parameter_norm(task.setting.penalise_biases), norm, rounding)
    violations += claimed_wrongly("kink_count", claims.kink_count, float(np.count_nonzero(function.slope_changes)))
    if missed:
        return Verdict(violations, norm, tolerance=allowed)
    loss = 0.0 if task.loss.is_hard else task.loss.value(sample.of_observations(values), sample)
    objective = loss + task.price * norm
    violations += claimed_wrongly("loss", claims.loss, loss, objective)
    violations += claimed_wrongly("objective", claims.objective, objective)
    return Verdict(violations, norm, loss, objective, tolerance=allowed)


def _rounding(sample: Sample, function: PiecewiseLinear, values: Floats) -> float:
    """The error of values that counts as rounding."""
    reach = max(abs(float(sample.x[0])), abs(float(sample.x[-1])))
    return _ROUNDING * (float(np.max(np.abs(values))) + function.steepest * reach)


def _margins(sample: Sample, values: Floats, allowed: float) -> list[Violation]:
    """The abscissae with a label whose margin is below 1, worst first."""
    short = 1.0 - sample.of_observations(values) * sample.y
    missed = np.flatnonzero(short > allowed)
    worst = missed[np.argsort(-short[missed], kind="stable")][:_MOST]
    return [
        Violation("margin", float(short[j]), f"The margin at x = {sample.x[g]} is below 1.", g)
        for j, g in zip(worst, sample.group[worst].tolist(), strict=True)
    ]


def _out_of_shape(sample: Sample, shape: Shape, function: PiecewiseLinear, allowed: float) -> list[Violation]:
    """Where the function is least of the shape it is to have between the first and the last abscissa, if anywhere."""
    first, last = float(sample.x[0]), float(sample.x[-1])
    inside = (function.kinks > first) & (function.kinks < last)
    nodes = np.concatenate(([first], function.kinks[inside], [last]))
    found = []
    if shape.monotone != 0:
        wrong_way = -shape.monotone * np.diff(function(nodes))
        found.append((wrong_way, nodes, "increasing" if shape.monotone > 0 else "decreasing"))
    if shape.curvature != 0 and inside.any():
        # A kink lifts the function over its chord by less than its slope change times the distance of the nearer end.
        lever = np.minimum(nodes[1:-1] - first, last - nodes[1:-1])
        wrong_way = -shape.curvature * function.slope_changes[inside] * lever
        found.append((wrong_way, nodes[1:], "convex" if shape.curvature > 0 else "concave"))
    violations = []
    for wrong_way, places, name in found:
        worst = int(np.argmax(wrong_way))
        if wrong_way[worst] > allowed:
            index = int(np.searchsorted(sample.x, places[worst], side="right")) - 1
            detail = f"From x = {places[worst]} on the function is not {name}."
            violations.append(Violation("shape", float(wrong_way[worst]), detail, index))
    return violations


def _of_witness(sample: Sample, task: Task, witness: Witness) -> list[Violation]:
    """A dual that leaves its envelope, or is not what it has to be at the ends; multipliers out of place."""
    counted = admissible(task.setting, task.shape, witness)
    off = np.abs(counted.dual.values - witness.dual.values)
    ends = np.flatnonzero(off > _ROUNDING * np.abs(counted.dual.values))
    demand = "be what its slope multiplier is" if task.shape.monotone else "vanish"
    violations = [Violation("dual_end", float(off[i]), f"The dual must {demand} here.", int(i)) for i in ends]
    if counted.dual.total != witness.dual.total:
        detail = "In this setting the multipliers must add up to 0."
        violations.append(Violation("dual_total", abs(witness.dual.total), detail))
    violations += _of_slope_multipliers(task.shape, witness)
    ratio, where = worst_ratio(sample.x, task.setting, task.shape, counted)
    return violations + outside_envelope(ratio, where, sample.x.size, task.setting.penalise_biases)


def _of_slope_multipliers(shape: Shape, witness: Witness) -> list[Violation]:
    """Negative ones, or any without a monotone shape."""
    if witness.slope_multipliers is None:
        return []
    wrong = -witness.slope_multipliers if shape.monotone else np.abs(witness.slope_multipliers)
    worst = int(np.argmax(wrong))
    if wrong[worst] <= 0.0:
        return []
    detail = "A slope multiplier is negative." if shape.monotone else "Only a monotone shape has slope multipliers."
    return [Violation("slope_multipliers", float(wrong[worst]), detail, max(worst - 1, 0))]
