"""What a checker found out about an interpolation, from the data and the JSON of the answer alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Wire = Mapping[str, Any]

UNIT = 2.0**-53


@dataclass(frozen=True)
class Evidence:
    """Recomputed numbers. `ratio` is the largest `|q| / sqrt(1 + t^2)`.

    `scale` is `max |y| + max |slope| max |x|`, with the function's slopes: where an end is active they exceed those
    of the data, and the rounding of a kink's slope change counts over the whole width behind it.
    """

    norm: float
    lower_bound: float
    residual: float
    scale: float
    ratio: float

    @property
    def gap(self) -> float:
        """`(norm - lower bound) / norm`, negative if the function beats a valid bound, so does not interpolate."""
        return (self.norm - self.lower_bound) / self.norm if self.norm > 0.0 else 0.0

    @property
    def units(self) -> float:
        """The residual in units of rounding of the data's scale."""
        return self.residual / max(UNIT * self.scale, 5e-324)


def complaints(wire: Wire, evidence: Evidence, gap: float = 1e-12, units: float = 9.0) -> list[str]:
    """Everything that is wrong with an answer, in words; empty if it is proved to be right."""
    function, certificate = wire["function"], wire["certificate"]
    kinks, changes = np.asarray(function["kinks"]), np.asarray(function["slope_changes"])
    wrong = {
        f"the gap is {evidence.gap}": abs(evidence.gap) > gap,
        f"the residual is {evidence.units} units": evidence.units > units,
        f"the dual exceeds its envelope {evidence.ratio} times": evidence.ratio > 1.0 + 1e-12,
        f"the norm is {evidence.norm}": abs(evidence.norm - wire["norm"]) > 8 * UNIT * evidence.norm,
        "the bound claimed exceeds the bound": certificate["lower_bound"] > evidence.lower_bound * (1 + 4 * UNIT),
        "the gap claimed is too small": certificate["relative_gap"] < evidence.gap - 8 * UNIT,
        "the residual claimed is too small": certificate["max_residual"]
        < evidence.residual - 1e-3 * UNIT * evidence.scale,
        "kinks do not ascend": bool(np.any(kinks[1:] <= kinks[:-1])),
        "a kink is left of x0": kinks.size > 0 and kinks[0] < function["x0"],
        "a slope change is zero": bool(np.any(changes == 0.0)),
        "kinks are miscounted": not wire["kink_count"] == kinks.size == changes.size,
        "fewer kinks than possible": wire["fewest_kinks"] > kinks.size,
        "sparsest or not?": wire["is_sparsest"] != (wire["fewest_kinks"] == kinks.size),
    }
    return [complaint for complaint, holds in wrong.items() if holds]
