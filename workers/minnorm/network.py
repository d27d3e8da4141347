"""One-hidden-layer ReLU networks of one input, `x -> skip_weight x + skip_bias + sum_j a_j relu(w_j x + b_j)`."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workers.minnorm.checks import check_magnitude, column
from workers.minnorm.compiled import compiled
from workers.minnorm.doubles import LARGEST
from workers.minnorm.errors import Overflow
from workers.minnorm.piecewise_linear import PiecewiseLinear

Floats = NDArray[np.float64]

_SAME = 4.0 * 2.0**-53


@dataclass(frozen=True)
class Network:
    """Parameters of a network with a skip connection. The three hidden columns are equally long."""

    hidden_weights: Floats
    hidden_biases: Floats
    output_weights: Floats
    skip_weight: float
    skip_bias: float

    @classmethod
    def from_numbers(
        cls,
        hidden_weights: ArrayLike,
        hidden_biases: ArrayLike,
        output_weights: ArrayLike,
        skip_weight: float = 0.0,
        skip_bias: float = 0.0,
    ) -> "Network":
        """Check untrusted numbers. Raises `MinnormError` with a pointer below the network."""
        weights = column(hidden_weights, "/hidden_weights")
        biases = column(hidden_biases, "/hidden_biases", like=weights)
        outputs = column(output_weights, "/output_weights", like=weights)
        check_magnitude(np.array([skip_weight]), "/skip_weight", scalar=True)
        check_magnitude(np.array([skip_bias]), "/skip_bias", scalar=True)
        _check_reach(weights, biases, outputs)
        return cls(weights, biases, outputs, float(skip_weight), float(skip_bias))

    @classmethod
    def of(cls, function: PiecewiseLinear, penalise_biases: bool) -> "Network":
        """The network of least parameter norm that represents `function`: one balanced neuron a kink.

        Balanced means `|a| = ||(w, b)||` when biases are penalised, `|a| = |w|` when they are free.
        """
        kinks, changes = function.kinks, function.slope_changes
        scale = np.hypot(1.0, kinks) if penalise_biases else np.ones_like(kinks)
        weights = np.sqrt(np.abs(changes)) / np.sqrt(scale)
        outputs = np.copysign(np.sqrt(np.abs(changes)) * np.sqrt(scale), changes)
        bias = function.y0 - function.slope0 * function.x0
        with np.errstate(over="ignore"):
            biases = 0.0 - kinks * weights  # not -x: a kink at zero gets the bias 0, not -0
        if not (np.isfinite(biases).all() and np.isfinite(outputs).all() and np.isfinite(bias)):
            raise Overflow("The function's network has a parameter that is too large to compute with.")
        return cls(weights, biases, outputs, function.slope0, bias)

    def __call__(self, x: ArrayLike) -> Floats:
        """Values at `x`, straight from the definition. O(points times neurons), for checks and small networks."""
        points = np.asarray(x, dtype=np.float64)
        hidden = np.maximum(points[..., None] * self.hidden_weights + self.hidden_biases, 0.0)
        values: Floats = self.skip_weight * points + self.skip_bias + hidden @ self.output_weights
        return values

    def parameter_norm(self, penalise_biases: bool) -> float:
        """`1/2 ||theta||^2`; the skip connection never counts."""
        with np.errstate(over="ignore"):
            squares = self.output_weights @ self.output_weights + self.hidden_weights @ self.hidden_weights
            if penalise_biases:
                squares += self.hidden_biases @ self.hidden_biases
        return float(0.5 * squares)

    def path_norm(self, penalise_biases: bool) -> float:
        """`sum |a_j| ||(w_j, b_j)||` (or `sum |a_j w_j|`): the parameter norm that rebalancing each neuron reaches."""
        inner = np.hypot(self.hidden_weights, self.hidden_biases) if penalise_biases else self.hidden_weights
        with np.errstate(over="ignore"):
            return float(np.abs(self.output_weights) @ np.abs(inner))

    def function(self) -> PiecewiseLinear:
        """The function that the network computes, neurons with one kink merged. O(m log m) for m neurons.

        Kinks closer than 4 units of rounding (relative) count as one, at the place of the first; a merged slope change
        below 4 units of rounding of what went into it has cancelled and makes no kink.
        """
        active = (self.hidden_weights != 0.0) & (self.output_weights != 0.0)
        weights, biases = self.hidden_weights[active], self.hidden_biases[active]
        outputs = self.output_weights[active]
        kinks = 0.0 - biases / weights
        changes = outputs * np.abs(weights)
        order = np.argsort(kinks, kind="stable")
        x0 = float(kinks[order[0]]) if kinks.size else 0.0
        merged_kinks, merged_changes = _merge(kinks[order], changes[order])
        slope0 = self.skip_weight + float(np.sum(np.minimum(weights, 0.0) * outputs))
        return PiecewiseLinear(x0, self._value_left(x0), slope0, merged_kinks, merged_changes)

    def _value_left(self, x0: float) -> float:
        """Value at `x0`, where only neurons that look left, and constant ones, are active."""
        looking = self.hidden_weights <= 0.0
        with np.errstate(over="ignore", invalid="ignore"):  # callers check what comes out
            inputs = np.maximum(self.hidden_weights[looking] * x0 + self.hidden_biases[looking], 0.0)
            return float(self.skip_weight * x0 + self.skip_bias + inputs @ self.output_weights[looking])


def _check_reach(weights: Floats, biases: Floats, outputs: Floats) -> None:
    """Raise `Overflow` where a kink `-b / w` or a slope change `a |w|` is too large to compute with."""
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        reach = np.where(
            (weights != 0.0) & (outputs != 0.0), np.maximum(abs(biases / weights), abs(outputs * weights)), 0
        )
    if (far := np.flatnonzero(~(reach < LARGEST))).size:
        raise Overflow("The kink or slope change of this neuron is too large.", f"/hidden_weights/{far[0]}")


def _merge(kinks: Floats, changes: Floats) -> tuple[Floats, Floats]:
    """Merge equal kinks (ascending) and drop those that cancel."""
    if kinks.size == 0:
        return kinks, changes
    starts = np.empty(kinks.size, dtype=np.int64)
    starts = starts[: _group(kinks, starts)]
    total = np.add.reduceat(changes, starts)
    size = np.add.reduceat(np.abs(changes), starts)
    real = np.abs(total) > _SAME * size
    return kinks[starts][real], total[real]


@compiled
def _group(kinks: Floats, starts: NDArray[np.int64]) -> int:
    """Fill in where groups of equal kinks start, return how many. All equal the first, so that no group grows long."""
    starts[0] = 0
    count = 1
    for k in range(1, kinks.size):
        if kinks[k] - kinks[starts[count - 1]] > _SAME * abs(kinks[k]):
            starts[count] = k
            count += 1
    return count
