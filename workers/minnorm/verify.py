"""Check a function, a network or a certificate from anyone against data, in any setting and for any objective."""

import math
from dataclasses import field

import numpy as np
from numpy.typing import NDArray

from workers.immutable import immutable
from workers.minnorm.certificate import Dual, admissible, lower_bound, relative_gap, worst_ratio
from workers.minnorm.certificate import tolerance as rounding_of
from workers.minnorm.checks import check_results
from workers.minnorm.dataset import Dataset
from workers.minnorm.forward import network_residuals
from workers.minnorm.network import Network
from workers.minnorm.norms import function_norm, network_norms
from workers.minnorm.pairing import lower_bound_of_pairing, path_norm_to_the
from workers.minnorm.piecewise_linear import PiecewiseLinear
from workers.minnorm.setting import Setting
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

_MOST = 20


@immutable
class Question:
    """What the claims are an answer to: the setting, and what is minimised (see `interpolate`)."""

    setting: Setting
    objective: str = "norm"
    p: float | None = None


_LEAST_NORM = Question(Setting())


@immutable
class Claims:
    """What somebody says about an interpolation; each part may be missing."""

    function: PiecewiseLinear | None = None
    network: Network | None = None
    dual: Dual | None = None
    norm: float | None = None
    objective_value: float | None = None
    kink_count: int | None = None
    lower_bound: float | None = None
    relative_gap: float | None = None
    max_residual: float | None = None


@immutable
class Verdict:
    """What holds of the claims. A field is None where the claims do not determine it."""

    violations: list[Violation] = field(default_factory=list)
    interpolates: bool | None = None
    max_residual: float | None = None
    norm: float | None = None
    objective_value: float | None = None
    lower_bound: float | None = None
    relative_gap: float | None = None
    tolerance: float = 0.0


def verify(
    data: Dataset,
    claims: Claims,
    tolerance: float | None = None,
    question: Question = _LEAST_NORM,
) -> Verdict:
    """Recompute residuals, norm in the setting, objective, lower bound and gap; list what is violated.

    `tolerance` is the largest residual that counts as interpolation, `certificate.tolerance` by default. A function
    and a network given together must agree to the same tolerance. A network given together with a norm has to attain
    it: then its parameter norm is compared, too. In the verdict, `objective_value` is None where the objective is the
    norm. Raises `Overflow` where something does not fit in a double.

    Notes
    -----
    O(n + k) for n points and k kinks, O(n + k log k) for networks and without a skip connection.
    """
    judged = _judge(data, claims, tolerance, question)
    violations = list(judged.violations)
    residual, value, allowed = judged.max_residual, judged.norm, judged.tolerance
    if question.objective != "norm":
        value = judged.objective_value
    bound = gap = None
    if claims.dual is not None:
        bound, found = _bound(data, claims.dual, question)
        violations += found
    # Without a dual, an interpolator shows that no lower bound is larger than what it reaches.
    most = value if bound is None and residual is not None and residual <= allowed else bound
    if most is not None:
        violations += claimed_above("lower_bound", claims.lower_bound, most)
    if value is not None and bound is not None:
        gap = relative_gap(value, bound)
        violations += claimed_below("relative_gap", claims.relative_gap, gap, CLAIM)
    check_results(residual, judged.norm, value, bound, gap, *(violation.amount for violation in violations))
    return Verdict(
        violations, judged.interpolates, residual, judged.norm, judged.objective_value, bound, gap, judged.tolerance
    )


def _judge(data: Dataset, claims: Claims, tolerance: float | None, question: Question) -> Verdict:
    """What can be said without the dual."""
    rounding = data.tolerance
    function, network = claims.function, claims.network
    violations = skip_pair(network, question.setting)
    if function is not None:
        norm = function_norm(function, question.setting).representational_cost
        rounding = rounding_of(data, function)
    elif network is not None:
        norms = network_norms(network, question.setting)
        function, norm = norms.function, norms.representational_cost
        rounding = of_network(rounding_of(data, function), function)
    else:
        return Verdict(tolerance=rounding if tolerance is None else tolerance)
    allowed = rounding if tolerance is None else tolerance
    residuals = np.abs(_residuals(claims.network if claims.function is None else None, function, data))
    residual = float(residuals.max())
    value = _objective_value(function, question)
    violations += _missed(data, residuals, allowed)
    violations += disagreement(claims.function, claims.network, data.x, allowed)
    violations += claimed_wrongly("norm", claims.norm, norm)
    if network is not None and claims.norm is not None:
        violations += not_attained(network.parameter_norm(question.setting.penalise_biases), norm, rounding)
    violations += claimed_wrongly("objective_value", claims.objective_value, norm if value is None else value)
    violations += claimed_wrongly("kink_count", claims.kink_count, float(np.count_nonzero(function.slope_changes)))
    violations += claimed_below("max_residual", claims.max_residual, residual, rounding)
    return Verdict(violations, residual <= allowed, residual, norm, value, tolerance=allowed)


def _residuals(network: Network | None, function: PiecewiseLinear, data: Dataset) -> Floats:
    """Of the network itself, if there is one: merging its kinks would hide what neurons that cancel leave."""
    return function.residuals(data.x, data.y) if network is None else network_residuals(network, data.x, data.y)


def _objective_value(function: PiecewiseLinear, question: Question) -> float | None:
    """The objective, where that is not the norm."""
    if question.objective == "norm":
        return None
    if question.p is None:
        return float(np.count_nonzero(function.slope_changes))
    return path_norm_to_the(question.p, function, question.setting)


def _missed(data: Dataset, residuals: Floats, allowed: float) -> list[Violation]:
    """The points the function misses, worst first."""
    missed = np.flatnonzero(residuals > allowed)
    worst = missed[np.argsort(-residuals[missed], kind="stable")][:_MOST]
    return [
        Violation("interpolation", float(residuals[i]), f"The function misses the point at x = {data.x[i]}.", int(i))
        for i in worst
    ]


def _bound(data: Dataset, dual: Dual, question: Question) -> tuple[float, list[Violation]]:
    """The lower bound that a dual proves, and what is wrong with it; the bound is corrected for that."""
    if question.objective == "norm":
        return lower_bound(data, question.setting, dual), _dual(data, dual, question.setting)
    bound = lower_bound_of_pairing(data, question.setting, question.p or 0.0, dual.values)
    excess = math.fsum(dual.values) - bound
    if excess <= CLAIM * bound:
        return bound, []
    detail = "The dual values exceed what kinks of their own, or common ones of neighbours, cost."
    return bound, [Violation("dual_envelope", excess, detail)]


def _dual(data: Dataset, dual: Dual, setting: Setting) -> list[Violation]:
    """A dual that leaves its envelope, or does not vanish where it has to."""
    counted = admissible(setting, dual)
    ends = np.flatnonzero(counted.values != dual.values)
    violations = [Violation("dual_end", abs(float(dual.values[i])), "The dual must vanish here.", int(i)) for i in ends]
    if counted.total != dual.total:
        violations.append(Violation("dual_total", abs(dual.total), "In this setting the multipliers must add up to 0."))
    return violations + outside_envelope(*worst_ratio(data.x, setting, counted), data.x.size, setting.penalise_biases)
