"""One-hidden-layer ReLU networks of one input, `x -> skip_weight x + skip_bias + sum_j a_j relu(w_j x + b_j)`."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workers.immutable import immutable
from workers.minnorm.checks import check_magnitude, column
from workers.minnorm.compiled import compiled
from workers.minnorm.doubles import LARGEST, two_product, two_sum
from workers.minnorm.errors import NoSkipConnection, Overflow
from workers.minnorm.piecewise_linear import PiecewiseLinear

Floats = NDArray[np.float64]

_SAME = 4.0 * 2.0**-53


@immutable
class Network:
    """Parameters of a network. The hidden columns are equally long; without a skip connection its pair is zero."""

    hidden_weights: Floats
    hidden_biases: Floats
    output_weights: Floats
    skip_weight: float = 0.0
    skip_bias: float = 0.0
    skip_connection: bool = True

    @classmethod
    def from_numbers(
        cls,
        hidden_weights: ArrayLike,
        hidden_biases: ArrayLike,
        output_weights: ArrayLike,
        skip_weight: float = 0.0,
        skip_bias: float = 0.0,
        skip_connection: bool = True,
    ) -> "Network":
        """Check untrusted numbers. Raises `MinnormError` with a pointer below the network."""
        weights = column(hidden_weights, "/hidden_weights")
        biases = column(hidden_biases, "/hidden_biases", like=weights)
        outputs = column(output_weights, "/output_weights", like=weights)
        for name, number in (("skip_weight", skip_weight), ("skip_bias", skip_bias)):
            check_magnitude(np.array([number]), f"/{name}", scalar=True)
            if number != 0.0 and not skip_connection:
                raise NoSkipConnection(f"Without a skip connection there is no {name}.", f"/{name}")
        _check_reach(weights, biases, outputs)
        return cls(weights, biases, outputs, float(skip_weight), float(skip_bias), skip_connection)

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

    def line_on_the_left(self) -> tuple[float, float]:
        """Slope and value at zero of the line that the network computes left of all kinks.

        More accurate than from `function()`, whose value is that at its first kink, which may be far away.
        """
        looking = (self.hidden_weights < 0.0) | ((self.hidden_weights == 0.0) & (self.hidden_biases > 0.0))
        weights, biases = self.hidden_weights[looking], self.hidden_biases[looking]
        outputs = self.output_weights[looking]
        with np.errstate(over="ignore", invalid="ignore"):  # callers check what comes out
            return self.skip_weight + float(outputs @ weights), self.skip_bias + float(outputs @ biases)

    def _value_left(self, x0: float) -> float:
        """Value at `x0`, where only neurons that look left, and constant ones, are active."""
        looking = self.hidden_weights <= 0.0
        with np.errstate(over="ignore", invalid="ignore"):  # callers check what comes out
            inputs = np.maximum(self.hidden_weights[looking] * x0 + self.hidden_biases[looking], 0.0)
            return float(self.skip_weight * x0 + self.skip_bias + inputs @ self.output_weights[looking])


def balanced(
    kinks: Floats, changes: Floats, penalise_biases: bool, facing: float = 1.0
) -> tuple[Floats, Floats, Floats]:
    """Hidden weights, hidden biases and output weights of one balanced neuron a kink, facing right (1) or left (-1).

    Balanced means `|a| = ||(w, b)||` when biases are penalised, `|a| = |w|` when they are free.
    """
    m = kinks.size
    found = np.empty(3 * m)  # one array for three columns, as in `least_norm`
    if not _balance(kinks, changes, penalise_biases, facing, found):
        raise Overflow("The function's network has a parameter that is too large to compute with.")
    return found[:m], found[m : 2 * m], found[2 * m :]


@compiled
def _balance(kinks: Floats, changes: Floats, penalise_biases: bool, facing: float, found: Floats) -> bool:
    """Fill in hidden weights, hidden biases and output weights; returns whether all of them are finite."""
    m, is_finite = kinks.size, True
    for i in range(m):
        root = math.sqrt(math.hypot(1.0, kinks[i])) if penalise_biases else 1.0
        size = math.sqrt(abs(changes[i]))
        weight = size / root
        bias = 0.0 - facing * kinks[i] * weight  # not -x: a kink at zero gets the bias 0, not -0
        output = math.copysign(size * root, changes[i])
        found[i], found[m + i], found[2 * m + i] = facing * weight, bias, output
        is_finite &= abs(bias) < math.inf and abs(output) < math.inf
    return is_finite


def line_on_the_left(function: PiecewiseLinear) -> tuple[float, float]:
    """Slope and value at zero of the line that the function is left of all kinks."""
    return function.slope0, _value_at_zero(function.x0, function.y0, function.slope0)


@compiled
def _value_at_zero(x0: float, y0: float, slope0: float) -> float:
    """`y0 - slope0 x0`, rounded once or twice."""
    rise, rise_low = two_product(slope0, x0)
    value, error = two_sum(y0, -rise)
    return value if math.isinf(value) else value + (error - rise_low)


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
