"""Gradients and gradient methods from their definitions: dense matrices, one row an observation, one column a neuron.

All is computed in NumPy's widest floats. A neuron is active where `w x + b`, rounded once, is positive; where rounding
leaves that open it is computed in rational numbers. Parameters are one vector `w_1 .. w_m, b_1 .. b_m, a_1 .. a_m,
skip_weight, skip_bias`, whose last two are zero without a skip connection.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray

Wide = NDArray[np.longdouble]
Mask = NDArray[np.bool_]

_DOUBT = 8.0 * np.finfo(np.longdouble).eps
_TINY = np.finfo(np.float64).tiny


@dataclass(frozen=True)
class Objective:
    """`mean loss + weight_decay / 2 ||theta||^2`; the loss is "squared" or "logistic", `x` comes in any order."""

    x: Wide
    y: Wide
    loss: str
    weight_decay: float
    penalise_biases: bool
    skip_connection: bool

    @classmethod
    def of(
        cls,
        x: ArrayLike,
        y: ArrayLike,
        loss: str = "squared",
        weight_decay: float = 0.0,
        penalise_biases: bool = True,
        skip_connection: bool = True,
    ) -> "Objective":
        """Of columns of numbers."""
        return cls(_wide(x), _wide(y), loss, weight_decay, penalise_biases, skip_connection)

    def values(self, theta: ArrayLike) -> Wide:
        """The network at the observations."""
        weights, biases, outputs, skip = _parts(theta)
        hidden = np.where(self.active(theta), np.outer(self.x, weights) + biases, 0.0)
        result: Wide = hidden @ outputs + skip[0] * self.x + skip[1]
        return result

    def value(self, theta: ArrayLike) -> np.longdouble:
        """The objective."""
        values = self.values(theta)
        if self.loss == "squared":
            loss = np.mean((values - self.y) ** 2)
        else:
            loss = np.mean(np.logaddexp(_wide(0.0), -self.y * values))
        total: np.longdouble = loss + np.sum(self._prices(theta) * _wide(theta) ** 2) / 2
        return total

    def gradient(self, theta: ArrayLike) -> Wide:
        """Its derivatives."""
        return self._collected(self._slopes(self.values(theta)), theta, lambda terms: terms)

    def size(self, theta: ArrayLike) -> Wide:
        """The sum of the absolute values of all terms of each derivative: what its rounding errors are relative to."""
        weights, biases, outputs, skip = _parts(np.abs(_wide(theta)))
        hidden = np.where(self.active(theta), np.outer(np.abs(self.x), weights) + biases, 0.0)
        reach = hidden @ outputs + skip[0] * np.abs(self.x) + skip[1] + np.abs(self.y)
        if self.loss == "squared":
            return self._collected(2 * reach / self.x.size, theta, np.abs)
        return self._collected(np.abs(self._slopes(self.values(theta))) * (1 + reach), theta, np.abs)

    def differences(self, theta: ArrayLike, step: float) -> Wide:
        """Central differences of the objective."""
        steps = step * np.eye(_wide(theta).size, dtype=np.longdouble)
        found = [(self.value(theta + one) - self.value(theta - one)) / (2 * np.longdouble(step)) for one in steps]
        return _wide(np.where(self._is_free(theta), found, 0.0))

    def active(self, theta: ArrayLike) -> Mask:
        """Which neurons are active at which observations."""
        weights, biases, _, _ = _parts(theta)
        inner = np.outer(self.x, weights) + biases
        sizes = np.abs(np.outer(self.x, weights)) + np.abs(biases)
        result: Mask = np.asarray(inner > 0.0)
        for i, j in np.argwhere((np.abs(inner) <= _DOUBT * sizes) | (np.abs(inner) < _TINY)):
            exact = _rational(self.x[i]) * _rational(weights[j]) + _rational(biases[j])
            result[i, j] = float(exact) > 0.0
        return result

    def _slopes(self, values: Wide) -> Wide:
        """The derivatives of the mean loss by the values."""
        if self.loss == "squared":
            return _wide(2 * (values - self.y) / self.x.size)
        return _wide(-self.y * np.exp(-np.logaddexp(_wide(0.0), self.y * values)) / self.x.size)

    def _collected(self, slopes: Wide, theta: ArrayLike, part: Callable[[Wide], Wide]) -> Wide:
        """The sums over all observations of each derivative's terms, or of some part of them."""
        weights, biases, outputs, _ = _parts(theta)
        moments = slopes * part(self.x)
        active = self.active(theta).astype(np.longdouble)
        inner = part(np.outer(self.x, weights)) + part(biases)
        own = moments @ active * part(outputs), slopes @ active * part(outputs), slopes @ (active * inner)
        skip = np.array([np.sum(moments), np.sum(slopes)]) * self.skip_connection
        return _wide(np.concatenate((*own, skip)) + self._prices(theta) * part(_wide(theta)))

    def _prices(self, theta: ArrayLike) -> Wide:
        """Of half the square of each parameter."""
        width = (_wide(theta).size - 2) // 3
        counts = np.repeat(np.array([1.0, self.penalise_biases, 1.0, 0.0]), [width, width, width, 2])
        return _wide(self.weight_decay * counts)

    def _is_free(self, theta: ArrayLike) -> Mask:
        """Whether a parameter may change at all."""
        return np.append(np.ones(_wide(theta).size - 2, dtype=bool), [self.skip_connection] * 2)


@dataclass(frozen=True)
class Method:
    """A gradient method, the formulas in the form in which PyTorch has them."""

    name: str
    step_size: float
    schedule: str = "constant"
    momentum: float = 0.9
    nesterov: bool = False
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def trained(self, objective: Objective, theta: ArrayLike, steps: int) -> Wide:
        """The parameters after so many steps."""
        found = _wide(theta).copy()
        first, second = np.zeros_like(found), np.zeros_like(found)
        for t in range(steps):
            slope = objective.gradient(found)
            direction = slope
            if self.name == "momentum":
                first = self.momentum * first + slope
                direction = slope + self.momentum * first if self.nesterov else first
            elif self.name == "adam":
                first = self.beta1 * first + (1 - self.beta1) * slope
                second = self.beta2 * second + (1 - self.beta2) * slope**2
                mean, square = first / (1 - self.beta1 ** (t + 1)), second / (1 - self.beta2 ** (t + 1))
                direction = mean / (np.sqrt(square) + self.epsilon)
            found -= self._step_size(t, steps) * direction
        return found

    def _step_size(self, t: int, steps: int) -> float:
        share = (1.0 + math.cos(math.pi * t / steps)) / 2.0 if self.schedule == "cosine" else 1.0
        return self.step_size * share


def _wide(numbers: ArrayLike) -> Wide:
    return np.asarray(numbers, dtype=np.longdouble)


def _parts(theta: ArrayLike) -> tuple[Wide, Wide, Wide, Wide]:
    """Hidden weights, hidden biases, output weights, and the skip pair."""
    numbers = _wide(theta)
    width = (numbers.size - 2) // 3
    weights, biases, outputs, skip = np.split(numbers, [width, 2 * width, 3 * width])
    return weights, biases, outputs, skip


def _rational(number: np.longdouble) -> Fraction:
    return Fraction(*number.as_integer_ratio())
