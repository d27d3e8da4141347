"""Minimum-norm interpolation."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workers.minnorm.certificate import Certificate, certify
from workers.minnorm.chords import curvatures
from workers.minnorm.dataset import Dataset
from workers.minnorm.network import Network
from workers.minnorm.piecewise_linear import PiecewiseLinear
from workers.minnorm.placement import place_kinks
from workers.minnorm.sparsity import fewest_kinks
from workers.minnorm.splitting import split_masses

Floats = NDArray[np.float64]

PROOF = 1e-9
"""The largest relative gap at which an answer is called optimal."""


@dataclass(frozen=True)
class Interpolation:
    """The interpolator of least norm, with its evidence."""

    function: PiecewiseLinear
    norm: float
    fewest_kinks: int
    certificate: Certificate

    @property
    def network(self) -> Network:
        """The network that attains the norm."""
        return Network.of(self.function, penalise_biases=True)

    @property
    def kink_count(self) -> int:
        """Number of kinks of the function."""
        return int(self.function.kinks.size)

    @property
    def is_proved(self) -> bool:
        """Whether the certificate proves the norm least; it does unless the data are affine but for their rounding."""
        return self.certificate.relative_gap <= PROOF

    @property
    def is_sparsest(self) -> bool:
        """Whether no interpolator at all has fewer kinks."""
        return self.kink_count == self.fewest_kinks


def interpolate(data: Dataset) -> Interpolation:
    """The interpolator of least `int sqrt(1 + x^2) d|f''|`: biases penalised, skip connection free.

    It is unique [Boursier, Flammarion, NeurIPS 2023, Theorem 2] and is found exactly, with no grid and no iteration.
    Points that are collinear within rounding count as collinear (see `Dataset.vertices`).

    Notes
    -----
    O(n) time and memory on every input.

    Examples
    --------
    >>> result = interpolate(Dataset.from_points([-1.5, -1, 0, 0.25, 2], [0.7, -0.3, -0.3, 0.4, 0.2]))
    >>> result.function.kinks.round(9).tolist(), round(result.norm, 9)
    ([-0.416666667, 0.25], 8.203976956)
    """
    kept = data.vertices()
    vertices = slice(None) if kept.size == data.x.size else kept  # a slice copies nothing
    x, y = data.x[vertices], data.y[vertices]
    curvature = np.zeros_like(data.x)
    curvature[vertices] = curvatures(x, y)
    dual_values, from_left, from_right = split_masses(data.x, curvature)
    least = float(curvature @ dual_values)
    slope0, kinks, changes = place_kinks(x, y, from_left[vertices], from_right[vertices], least)
    function = PiecewiseLinear(float(x[0]), float(y[0]), slope0, kinks, changes)
    norm = function.weighted_variation
    # Kinks that no double can hold beside a far larger one are not there to be counted.
    fewest = min(fewest_kinks(curvature), kinks.size)
    return Interpolation(function, norm, fewest, certify(data, function, norm, dual_values))
