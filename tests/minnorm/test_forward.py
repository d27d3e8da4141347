"""What a network computes, against rational arithmetic."""

from fractions import Fraction

import numpy as np
import pytest

from workers.minnorm.forward import network_residuals
from workers.minnorm.network import Network


def exactly(network: Network, x: float) -> Fraction:
    columns = zip(network.hidden_weights, network.hidden_biases, network.output_weights, strict=True)
    hidden = sum(Fraction(a) * max(Fraction(w) * Fraction(x) + Fraction(b), Fraction(0)) for w, b, a in columns)
    return Fraction(network.skip_weight) * Fraction(x) + Fraction(network.skip_bias) + hidden


@pytest.mark.parametrize("size", [1.0, 1e12])
def test_random_networks_whose_neurons_cancel(size: float) -> None:
    random = np.random.default_rng(5)
    for _ in range(40):
        m, n = (int(random.integers(1, 12)) for _ in range(2))
        weights = random.choice([-1.0, 0.0, 1.0, 3.0, -1.0 / 3.0], m)
        kinks = random.integers(-3, 4, m).astype(float)
        biases = np.where(weights == 0.0, random.normal(size=m), -weights * kinks)
        outputs = random.normal(size=m) * size
        twice = Network.from_numbers(
            np.tile(weights, 2),
            np.tile(biases, 2),
            np.concatenate((outputs, -outputs + random.normal(size=m))),
            0.5,
            2.0,
        )
        x = np.unique(np.concatenate((random.integers(-4, 5, n).astype(float), random.normal(size=n))))
        y = random.normal(size=x.size)
        wanted = [float(exactly(twice, a) - Fraction(b)) for a, b in zip(x, y, strict=True)]
        assert network_residuals(twice, x, y) == pytest.approx(wanted, rel=1e-14, abs=1e-18 * size)


def test_no_neurons() -> None:
    nothing = Network.from_numbers([], [], [], 2.0, 1.0)
    assert network_residuals(nothing, np.array([0.0, 1.0]), np.array([1.0, 4.0])).tolist() == [0.0, -1.0]
