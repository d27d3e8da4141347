"""Check a function, a network or a certificate from anyone against data."""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from workers.minnorm.certificate import lower_bound, relative_gap, worst_ratio
from workers.minnorm.checks import check_results
from workers.minnorm.dataset import Dataset
from workers.minnorm.network import Network
from workers.minnorm.piecewise_linear import PiecewiseLinear

Floats = NDArray[np.float64]

_ROUNDING = 64.0 * 2.0**-53
_CLAIM = 1e-9
_MOST = 20


@dataclass(frozen=True)
class Violation:
    """One thing that does not hold: what, at which index (of the sorted points), by how much."""

    code: str
    amount: float
    detail: str
    index: int | None = None


@dataclass(frozen=True)
class Claims:
    """What somebody says about an interpolation; each part may be missing."""

    function: PiecewiseLinear | None = None
    network: Network | None = None
    dual_values: Floats | None = None
    norm: float | None = None
    lower_bound: float | None = None


@dataclass(frozen=True)
class Verdict:
    """What holds of the claims. A field is None where the claims do not determine it."""

    violations: list[Violation] = field(default_factory=list)
    interpolates: bool | None = None
    max_residual: float | None = None
    norm: float | None = None
    lower_bound: float | None = None
    relative_gap: float | None = None
    tolerance: float = 0.0


def verify(data: Dataset, claims: Claims, tolerance: float | None = None) -> Verdict:
    """Recompute residuals, norm (biases penalised, skip connection), lower bound and gap; list what is violated.

    `tolerance` is the largest residual that counts as interpolation; by default 64 units of rounding of the data's
    scale, `max |y| + max |slope| max |x|`. A function and a network given together must agree to the same tolerance.
    Raises `Overflow` where something does not fit in a double. O(n + k) for n points and k kinks.
    """
    function, allowed = _judged(data, claims, tolerance)
    violations: list[Violation] = []
    norm = residual = bound = gap = None
    if function is not None:
        residuals = np.abs(function.residuals(data.x, data.y))
        residual = float(residuals.max())
        norm = function.weighted_variation
        violations += _missed(data, residuals, allowed)
        violations += _disagreement(claims, data, allowed)
        violations += _claimed("norm", claims.norm, norm)
    if claims.dual_values is not None:
        bound = lower_bound(data, claims.dual_values)
        violations += _dual(data, claims.dual_values)
        violations += _claimed_above("lower_bound", claims.lower_bound, bound)
    elif norm is not None and residual is not None and residual <= allowed:
        violations += _claimed_above("lower_bound", claims.lower_bound, norm)
    if norm is not None and bound is not None:
        gap = relative_gap(norm, bound)
    check_results(residual, norm, bound, gap, *(violation.amount for violation in violations))
    interpolates = None if residual is None else residual <= allowed
    return Verdict(violations, interpolates, residual, norm, bound, gap, allowed)


def _judged(data: Dataset, claims: Claims, tolerance: float | None) -> tuple[PiecewiseLinear | None, float]:
    """The function to judge, and the largest residual that counts as interpolation."""
    allowed = _scale(data) * _ROUNDING if tolerance is None else tolerance
    if claims.function is not None or claims.network is None:
        return claims.function, allowed
    function = claims.network.function()
    return function, allowed if tolerance is not None else _of_network(allowed, function)


def _of_network(allowed: float, function: PiecewiseLinear) -> float:
    """A network's numbers are rounded once more than a function's: each kink adds an error of random sign."""
    return allowed * (1.0 + math.sqrt(function.kinks.size))


def _scale(data: Dataset) -> float:
    """A rounded slope change counts over all the width behind it: the steepest slope times the furthest abscissa."""
    steepest = np.max(np.abs(np.diff(data.y) / np.diff(data.x)))
    return float(np.max(np.abs(data.y)) + steepest * max(-data.x[0], data.x[-1]))


def _missed(data: Dataset, residuals: Floats, allowed: float) -> list[Violation]:
    """The points the function misses, worst first."""
    missed = np.flatnonzero(residuals > allowed)
    worst = missed[np.argsort(-residuals[missed], kind="stable")][:_MOST]
    return [
        Violation("interpolation", float(residuals[i]), f"The function misses the point at x = {data.x[i]}.", int(i))
        for i in worst
    ]


def _disagreement(claims: Claims, data: Dataset, allowed: float) -> list[Violation]:
    """A network that computes something else than the function beside it."""
    if claims.function is None or claims.network is None:
        return []
    other = claims.network.function()
    places = np.concatenate((data.x, claims.function.kinks, other.kinks))
    low, high = float(places.min()), float(places.max())
    width = max(high - low, 1.0)
    places = np.concatenate((places, [low - width, high + width]))  # also where both are affine
    values = claims.function(places)
    excess = np.abs(values - other(places)) - _of_network(allowed, other) - _ROUNDING * np.abs(values)
    excess[-2:] -= _of_network(_ROUNDING * np.abs(values).max(), other)  # out there all slopes' rounding counts
    worst = int(np.argmax(excess))
    if excess[worst] <= 0.0:
        return []
    difference = abs(float(values[worst] - other(places[worst : worst + 1])[0]))
    detail = f"Network and function differ at x = {places[worst]}."
    return [Violation("network", difference, detail)]


def _dual(data: Dataset, dual_values: Floats) -> list[Violation]:
    """A dual that leaves its envelope or does not vanish at the ends; the lower bound is corrected for both."""
    violations = [
        Violation("dual_end", abs(float(dual_values[i])), "The dual must vanish at both ends.", i % data.x.size)
        for i in (0, -1)
        if dual_values[i] != 0.0
    ]
    ratio, where = worst_ratio(data.x, dual_values)
    if ratio > 1.0 + _CLAIM:
        detail = f"Between this point and the next the dual exceeds sqrt(1 + x^2), {ratio:.9g} times at most."
        violations.append(Violation("dual_envelope", ratio - 1.0, detail, int(where)))
    return violations


def _claimed(name: str, claimed: float | None, computed: float) -> list[Violation]:
    """A stated number that is not what it should be."""
    if claimed is None or abs(claimed - computed) <= _CLAIM * max(abs(computed), abs(claimed)):
        return []
    return [Violation(name, abs(claimed - computed), f"Stated as {claimed}, but {computed} by recomputation.")]


def _claimed_above(name: str, claimed: float | None, most: float) -> list[Violation]:
    """A stated bound that is larger than what is proved."""
    return _claimed(name, claimed, most) if claimed is not None and claimed > most else []
