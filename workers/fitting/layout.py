"""A fit as a cone program sees it: what is asked, in which units; where kinks may be; and what a solution means."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workers.fitting.losses import Loss
from workers.fitting.sample import Sample, least_squares_line
from workers.fitting.shape import Shape
from workers.immutable import immutable
from workers.minnorm.certificate import Dual
from workers.minnorm.frame import Frame
from workers.minnorm.setting import Setting

Floats = NDArray[np.float64]
Marks = NDArray[np.bool_]

RIGHT, LEFT = 1.0, -1.0
DIRECTIONS = np.array([RIGHT, RIGHT, LEFT, LEFT])
SIGNS = np.array([1.0, -1.0, 1.0, -1.0])
"""Of the families of neurons."""


@dataclass(frozen=True, eq=False)
class Layout:
    """Where kinks may be: `nodes` (k,) index the abscissae, both ends among them.

    `inside` (f, k - 1) are intervals between nodes and `at` (f, k) nodes, for each family of neurons: those that face
    right, of positive and of negative sign; then, if lines cost and biases do, those that face left. `outside` (2,):
    whether there may be neurons of either sign that are active on all data.
    """

    nodes: NDArray[np.int64]
    inside: Marks
    at: Marks
    outside: Marks

    @classmethod
    def everywhere(cls, x: Floats, setting: Setting, shape: Shape) -> "Layout":
        """Without restrictions but those of the shape."""
        families = 4 if setting.penalise_biases and not setting.skip_connection else 2
        allowed = (SIGNS[:families] * shape.curvature >= 0.0)[:, None]
        inside = np.repeat(allowed & setting.penalise_biases, x.size - 1, axis=1)
        at = np.repeat(allowed & (not setting.penalise_biases), x.size, axis=1)
        at[:, [0, -1]] = False
        return cls(np.arange(x.size), inside, at, np.full(2, families == 4))

    def is_like(self, other: "Layout") -> bool:
        """Whether both allow the same kinks."""
        pairs = (
            (self.nodes, other.nodes),
            (self.inside, other.inside),
            (self.at, other.at),
            (self.outside, other.outside),
        )
        return all(np.array_equal(own, its) for own, its in pairs)


@immutable
class Question:
    """What is to be minimised, and the units in which it is: of values, and of the objective.

    `base` is a line to which values are relative, zero without a skip connection.
    """

    sample: Sample
    loss: Loss
    regularisation: float
    setting: Setting
    shape: Shape
    frame: Frame
    slope: float
    base: Floats
    unit: float
    size: float
    tilt: float = 0.0
    """By what part kinks at nodes cost more or less than they do, so that of many minimisers one with few is chosen."""

    @classmethod
    def of(cls, sample: Sample, loss: Loss, regularisation: float, setting: Setting, shape: Shape) -> "Question":
        """Choose the units: of values their spread, of the objective what it is at most."""
        slope, base = 0.0, np.zeros_like(sample.x)
        if setting.skip_connection and not loss.is_of_labels:
            slope, first = least_squares_line(sample)
            base = first + slope * (sample.x - sample.x[0])
        spread = float(np.max(np.abs(sample.y - base[sample.group])))
        unit = 1.0 if loss.is_of_labels or spread == 0.0 else spread
        chords = regularisation * norm_of_chords(sample, setting)
        plain = np.inf if loss.is_hard else loss.value(base[sample.group], sample)
        size = min(
            (size for size in (chords, plain) if np.isfinite(size) and size > 0.0), default=regularisation * unit
        )
        return cls(sample, loss, regularisation, setting, shape, Frame.of(sample.x), slope, base, unit, size)

    @property
    def has_line_rows(self) -> bool:
        """Whether lines have to be made by neurons with penalised biases."""
        return self.setting.penalise_biases and not self.setting.skip_connection


@immutable
class Neurons:
    """What a solution means, in the units of the caller.

    Shares are slope changes, not negative: `left` and `right` of both ends of intervals (f, k - 1), `at` of nodes (f,
    k). `slack` is by what part of its cost the inside of an interval (f, k - 1), or a node (f, k), gains too little for
    a kink there; `slack_left` and `slack_right` are those of the shares alone. `outside` (2, 2) holds `(w, b)` of the
    neurons of either sign that are active on all data.
    """

    layout: Layout
    values: Floats
    left: Floats
    right: Floats
    at: Floats
    slack: Floats
    slack_left: Floats
    slack_right: Floats
    slack_at: Floats
    outside: Floats
    slack_outside: Floats


@immutable
class Optimum:
    """Of the program: its neurons, and what its multipliers prove.

    `values` (m,) are fitted at all abscissae, `pulls` (m,) are the multipliers of values: what the loss would lose with
    them, by the price of the norm. `dual` is that of the nodes, and a witness if these are all abscissae. The slope
    multipliers are those of all intervals (m + 1,).
    """

    neurons: Neurons
    values: Floats
    pulls: Floats
    dual: Dual
    slope_multipliers: Floats | None


def norm_of_chords(sample: Sample, setting: Setting) -> float:
    """Of the polygon through the means, or a little more; infinite where it does not fit in a double."""
    x, y = sample.x, sample.means
    with np.errstate(over="ignore", invalid="ignore"):
        slopes = np.diff(y) / np.diff(x)
        weights = np.hypot(1.0, x) if setting.penalise_biases else np.ones_like(x)
        norm = float(weights[1:-1] @ np.abs(np.diff(slopes)))
        if not setting.skip_connection:
            level = abs(y[0] - slopes[0] * x[0]) if setting.penalise_biases else 0.0
            norm += 2.0 * float(np.hypot(slopes[0], level))
    return norm if np.isfinite(norm) else np.inf
