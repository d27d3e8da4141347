"""Dual values at points that are collinear with their neighbours.

There the interpolator is affine, so such a point has no mass and any dual value will do that keeps to the envelope
`|q(t)| <= sqrt(1 + t^2)`. But it parts its neighbours: their masses cannot meet in one kink, and the chord of `q` from
one to the other may leave the envelope.
"""

import numpy as np
from numpy.typing import NDArray

from workers.minnorm.compiled import compiled

Floats = NDArray[np.float64]


@compiled
def bridge(x: Floats, curvature: Floats, weights: Floats, distance: Floats, dual: Floats) -> None:
    """Fill in `dual` where `curvature` vanishes. `distance`: cosine and sine at all other points, ends included."""
    left = 0
    for right in range(1, x.size):
        if right == x.size - 1 or curvature[right] != 0.0:
            if right > left + 1:
                _bridge_one(x, weights, distance, dual, left, right)
            left = right


@compiled
def _bridge_one(x: Floats, weights: Floats, distance: Floats, dual: Floats, left: int, right: int) -> None:
    """Between two points: on the chord of `q`, where that keeps to the envelope; else it exceeds it upwards."""
    sign = 1.0 if dual[left] > 0.0 or dual[right] > 0.0 else -1.0
    q_left, q_right = sign * dual[left], sign * dual[right]
    width = x[right] - x[left]
    if q_left >= 0.0 and q_right >= 0.0 and _exceeds(x, weights, distance, q_right, left, right):
        _hang(x, weights, distance, dual, left, right, sign)
        return
    for i in range(left + 1, right):
        dual[i] = sign * (q_left + (x[i] - x[left]) / width * (q_right - q_left))


@compiled
def _hang(x: Floats, weights: Floats, distance: Floats, dual: Floats, left: int, right: int, sign: float) -> None:
    """On the lines through the two ends that touch the envelope from below, one point lower: so no chord leaves it.

    The lines cross between two neighbours; one of these moves from the upper line to the lower. It is the one where `q`
    then bends less: data collinear within rounding lack a little, and that counts as much as `q` bends.
    """
    crossing = left  # the last point where the falling line is above the rising one
    for i in range(left + 1, right):
        falling = _tangent(x, weights, distance, left, i)
        rising = _tangent(x, weights, distance, right, i)
        dual[i] = sign * max(falling, rising)
        if falling >= rising and crossing == i - 1:
            crossing = i
    lowered, least, lower = crossing, np.inf, dual[crossing]
    for i in range(max(crossing, left + 1), min(crossing + 2, right)):
        falling = _tangent(x, weights, distance, left, i)
        rising = _tangent(x, weights, distance, right, i)
        step = x[i] - x[i - 1] if i == crossing else x[i + 1] - x[i]
        if abs(falling - rising) / step < least:
            lowered, least = i, abs(falling - rising) / step
            lower = sign * min(falling, rising)
    dual[lowered] = lower


@compiled
def _exceeds(x: Floats, weights: Floats, distance: Floats, q_right: float, left: int, right: int) -> bool:
    """Whether the distances of two points add up to less than their angle.

    The line through the left end then touches the envelope between the two and passes below the right end.
    """
    cosine, sine = distance[:, left]
    width = x[right] - x[left]
    touches_before = width * cosine > (1.0 + x[left] * x[right]) * sine
    return bool(touches_before and _tangent(x, weights, distance, left, right) < q_right)


@compiled
def _tangent(x: Floats, weights: Floats, distance: Floats, point: int, at: int) -> float:
    """Value at another place of the line through a point's dual value that touches the envelope on that side."""
    cosine, sine = distance[0, point] / weights[point], distance[1, point] / weights[point]
    value: float = cosine + x[point] * cosine * x[at] + abs(x[at] - x[point]) * sine
    return value
