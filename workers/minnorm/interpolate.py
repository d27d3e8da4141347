"""Interpolation: least norm in any setting, fewest kinks, least l^p path norm."""

import numpy as np
from numpy.typing import NDArray

from workers.immutable import immutable
from workers.minnorm.bends import Bends
from workers.minnorm.certificate import Certificate, Dual, certify, is_rounding, relative_gap
from workers.minnorm.dataset import Dataset
from workers.minnorm.errors import Unsupported, WrongExponent
from workers.minnorm.found import Found
from workers.minnorm.least_norm import least_norm
from workers.minnorm.network import Network
from workers.minnorm.norms import function_norm, network_of
from workers.minnorm.pairing import least_path_norm, lower_bound_of_pairing, path_norm_to_the
from workers.minnorm.piecewise_linear import PiecewiseLinear
from workers.minnorm.setting import Setting
from workers.minnorm.solution_set import SolutionSet
from workers.minnorm.sparsity import runs, sparsest
from workers.minnorm.variation import least_variation
from workers.minnorm.without_skip import least_norm_without_skip

_USUAL = Setting()

PROOF = 1e-9
"""The largest relative gap at which an answer is called optimal."""


@immutable
class Interpolation:
    """The best interpolator found, with its evidence."""

    setting: Setting
    objective: str
    p: float | None
    norm: float
    """Representational cost of the function in the setting, whatever the objective."""
    objective_value: float
    fewest_kinks: int
    certificate: Certificate
    found: Found
    bends: Bends

    @property
    def function(self) -> PiecewiseLinear:
        """The interpolator."""
        return self.found.function

    @property
    def is_unique(self) -> bool:
        """Whether it is known that no other interpolator reaches the objective."""
        return self.found.is_unique

    @property
    def solution_set(self) -> SolutionSet | None:
        """All that reach the least norm, where they are many and described."""
        return self.found.solution_set

    @property
    def network(self) -> Network:
        """The network that attains the norm."""
        return network_of(self.function, self.setting)

    @property
    def runs(self) -> NDArray[np.int64]:
        """Stretches of points that curve the same way: first, last, sign, kinks of the function (`sparsity.runs`)."""
        return runs(self.bends, self.function)

    @property
    def kink_count(self) -> int:
        """Number of kinks of the function."""
        return int(self.function.kinks.size)

    @property
    def is_proved(self) -> bool:
        """Whether the function interpolates, and the certificate proves the objective least.

        It does but for data affine within rounding, for `l^p` with penalised biases over wide intervals, and where the
        cone program without a skip connection is not solved well enough.
        """
        return self.certificate.relative_gap <= PROOF and self.interpolates

    @property
    def interpolates(self) -> bool:
        """Whether the function passes through all points, within rounding."""
        return is_rounding(self.certificate.max_residual, self.bends.data, self.function)

    @property
    def is_sparsest(self) -> bool:
        """Whether no interpolator at all has fewer kinks."""
        return self.kink_count == self.fewest_kinks


def interpolate(
    data: Dataset, setting: Setting = _USUAL, objective: str = "norm", p: float | None = None
) -> Interpolation:
    """The interpolator that minimises the objective.

    Points that are collinear within rounding count as collinear (see `Dataset.vertices`).

    Parameters
    ----------
    objective
        "norm": the representational cost in the setting; "kinks": the number of kinks, and among those with the fewest
        the norm with a skip connection; "lp": `sum (|c_k| sqrt(1 + tau_k^2))^p` over the kinks (`sum |c_k|^p` with free
        biases), with a skip connection.
    p
        Between 0 and 1, with "lp" and only then.

    Raises
    ------
    WrongExponent, Unsupported, Overflow

    Notes
    -----
    O(n) time and memory on every input, but for penalised biases without a skip connection. With penalised biases and a
    skip connection the interpolator of least norm is unique [Boursier, Flammarion, NeurIPS 2023, Theorem 2].

    Examples
    --------
    >>> data = Dataset.from_points([-1.5, -1, 0, 0.25, 2], [0.7, -0.3, -0.3, 0.4, 0.2])
    >>> result = interpolate(data)
    >>> result.function.kinks.round(9).tolist(), round(result.norm, 9)
    ([-0.416666667, 0.25], 8.203976956)
    >>> interpolate(data, Setting(penalise_biases=False)).function.kinks.tolist()
    [-1.0, 0.0, 0.25]
    """
    check_objective(setting, objective, p)
    bends = Bends.of(data)
    if objective == "norm":
        found = _least_norm(bends, setting)
        norm = value = _norm(found.function, setting)
        certificate = certify(data, setting, found.function, norm, found.dual)
    else:
        found = sparsest(bends, setting) if p is None else least_path_norm(bends, setting, p)
        norm = _norm(found.function, setting)
        value = float(found.function.kinks.size) if p is None else path_norm_to_the(p, found.function, setting)
        certificate = _certify_pairing(data, setting, p or 0.0, found, value)
    # Kinks that no double can hold beside a far larger one are not there to be counted.
    fewest = min(bends.fewest_kinks, found.function.kinks.size)
    return Interpolation(setting, objective, p, norm, value, fewest, certificate, found, bends)


def check_objective(setting: Setting, objective: str, p: float | None) -> None:
    """Raise `WrongExponent` or `Unsupported` where these do not go together."""
    if objective not in {"norm", "kinks", "lp"}:
        raise Unsupported('The objective is "norm", "kinks" or "lp".', "/objective")
    if objective != "lp":
        if p is not None:
            raise WrongExponent('An exponent belongs to the objective "lp" only.', "/p")
        return
    if p is None or not 0.0 < p < 1.0:
        raise WrongExponent('The objective "lp" needs an exponent p with 0 < p < 1.', "/p")
    if not setting.skip_connection:
        reason = "Without a skip connection each neuron has to choose which way it faces: a subset-sum problem."
        raise Unsupported(f'The objective "lp" is offered with a skip connection only. {reason}', "/skip_connection")


def _least_norm(bends: Bends, setting: Setting) -> Found:
    if not setting.penalise_biases:
        return least_variation(bends, setting)
    function, dual_values = least_norm(bends)
    usual = Found(function, Dual(dual_values), is_unique=True)
    return usual if setting.skip_connection else least_norm_without_skip(bends, usual)


def _norm(function: PiecewiseLinear, setting: Setting) -> float:
    """What `function_norm` computes, without the network where that is not needed for it."""
    if not setting.skip_connection:
        return function_norm(function, setting).representational_cost
    return function.weighted_variation if setting.penalise_biases else function.total_variation


def _certify_pairing(data: Dataset, setting: Setting, p: float, found: Found, value: float) -> Certificate:
    bound = lower_bound_of_pairing(data, setting, p, found.dual.values)
    return Certificate(found.dual, bound, relative_gap(value, bound), found.function.max_residual(data.x, data.y))
