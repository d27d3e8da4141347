"""Points as directions `(x, 1)` in the plane, seen from one in their midst.

Neurons are vectors `(w, b)`, a point is active where their product is positive, and their cost is their length: nothing
changes if the plane is turned. Turned so that a point in the midst of the data looks upwards, data far from zero are as
good as others: as numbers, their abscissae would leave no digits for the differences that matter.
"""

import numpy as np
from numpy.typing import NDArray

from workers.immutable import immutable
from workers.minnorm.certificate import Dual

Floats = NDArray[np.float64]


@immutable
class Frame:
    """`(x, 1)` is `w (sine, cosine)` in the turned plane; `step` is the angle from each point to the next."""

    x: Floats
    w: Floats
    sine: Floats
    cosine: Floats
    step: Floats
    middle: float

    @classmethod
    def of(cls, x: Floats) -> "Frame":
        """Turned to the middle one of ascending abscissae."""
        middle = float(x[x.size // 2])
        w, weight = np.hypot(1.0, x), np.hypot(1.0, middle)
        sine, cosine = (x - middle) / w / weight, (x / w) * (middle / weight) + (1.0 / w) / weight
        step = np.arctan2((x[1:] - x[:-1]) / w[1:] / w[:-1], (x[1:] / w[1:]) * (x[:-1] / w[:-1]) + 1.0 / w[1:] / w[:-1])
        return cls(x, w, sine, cosine, step, middle)

    @property
    def units(self) -> Floats:
        """The directions of the points, shape (2, n)."""
        return np.stack((self.sine, self.cosine))

    def line(self, slope: float, value: float) -> Floats:
        """`(a, b)` of the line through the first point with this slope and value there, turned."""
        weight = np.hypot(1.0, self.middle)
        rise = slope * (self.middle - self.x[0])
        return np.array([slope * self.w[0] * self.cosine[0] - value * (self.middle / weight), (value + rise) / weight])

    def heights(self, multipliers: Floats) -> tuple[Floats, Floats]:
        """Of the dual that right-facing neurons see, and of its line `l`, at the points, in units of the envelope.

        `multipliers` holds those of the line, and of the curvature of the inner points in units of `w`.
        """
        line = multipliers[0] * self.cosine - multipliers[1] * self.sine
        return np.concatenate((line[:1], multipliers[2:], [0.0])), line

    def dual(self, multipliers: Floats) -> Dual:
        """The same as numbers."""
        heights, _ = self.heights(multipliers)
        weight = np.hypot(1.0, self.middle)
        total = multipliers[1] / weight - multipliers[0] * (self.middle / weight)
        return Dual(heights * self.w, float(total))

    def vector(self, turned: Floats) -> Floats:
        """A neuron `(w, b)` from its turned one. Shape (..., 2)."""
        weight = np.hypot(1.0, self.middle)
        across, up = turned[..., 0], turned[..., 1]
        ahead = self.middle / weight
        return np.stack((across / weight + up * ahead, up / weight - across * ahead), axis=-1)
