"""The parameters of a network as one array, so that one loop updates them all: `w`, `b`, `a`, then the skip pair.

Each of the first three has `padded(width)` places; those that are left over are zero and stay so. So has the skip pair,
which stays zero if there is no skip connection.
"""

import numpy as np
from numpy.typing import NDArray

from workers.minnorm.network import Network
from workers.minnorm.setting import Setting
from workers.training import lanes
from workers.training.recipe import Recipe

Floats = NDArray[np.float64]


def padded(width: int) -> int:
    """Places for so many neurons: whole lanes."""
    return -(-width // lanes.WIDTH) * lanes.WIDTH


def packed(weights: Floats, biases: Floats, outputs: Floats) -> Floats:
    """Parameters whose skip pair is zero."""
    room = padded(weights.size)
    theta = np.zeros(3 * room + lanes.WIDTH)
    for part, numbers in enumerate((weights, biases, outputs)):
        theta[part * room : part * room + numbers.size] = numbers
    return theta


def unpacked(theta: Floats, width: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Views of `w`, `b`, `a` (width,) and the skip pair (2,)."""
    room = padded(width)
    weights, biases, outputs = (theta[part * room : part * room + width] for part in range(3))
    return weights, biases, outputs, theta[3 * room : 3 * room + 2]


def network(theta: Floats, recipe: Recipe) -> Network:
    """The network of these parameters."""
    weights, biases, outputs, skip = unpacked(theta, recipe.width)
    parts = (weights.copy(), biases.copy(), outputs.copy(), float(skip[0]), float(skip[1]))
    return Network(*parts, skip_connection=recipe.setting.skip_connection)


def initial(recipe: Recipe, seed: int) -> Floats:
    """Parameters to start from; the same for the same seed."""
    told, width = recipe.initialisation, recipe.width
    drawn = -(-width // 2) if told.zero_output else width
    weights, biases, outputs = np.random.default_rng(seed).normal(0.0, told.scale / np.sqrt(width), (3, drawn))
    if told.balanced:
        weights, biases, outputs = _balanced(weights, biases, outputs, recipe.setting)
    if told.zero_output:
        pairs = width // 2
        weights, biases = (np.append(part, part[:pairs]) for part in (weights, biases))
        outputs = np.append(outputs, -outputs[:pairs])
        outputs[pairs:drawn] = 0.0  # without a partner
    return packed(weights, biases, outputs)


def _balanced(weights: Floats, biases: Floats, outputs: Floats, setting: Setting) -> tuple[Floats, Floats, Floats]:
    """Each neuron rescaled: it computes the same, and its output weight is as large as what feeds it and counts."""
    fed = np.hypot(weights, biases) if setting.penalise_biases else np.abs(weights)
    ratio = np.sqrt(np.abs(outputs) / fed)
    return weights * ratio, biases * ratio, outputs / ratio
