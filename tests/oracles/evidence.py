"""What a checker found out about an interpolation, from the data and the JSON of the answer alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Wire = Mapping[str, Any]

UNIT = 2.0**-53


@dataclass(frozen=True)
class Evidence:
    """Recomputed numbers. `scale` is `max |y| + max |slope| max |x|`; `ratio` the largest `|q| / sqrt(1 + t^2)`."""

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
        return self.residual / (UNIT * self.scale + 5e-324) if self.residual > 0.0 else 0.0


def complaints(wire: Wire, evidence: Evidence, gap: float = 1e-12, units: float = 8.0) -> list[str]:
    """Everything that is wrong with an answer, in words; empty if it is proved to be right."""
    function, certificate = wire["function"], wire["certificate"]
    kinks, changes = function["kinks"], function["slope_changes"]
    wrong = {
        f"the gap is {evidence.gap}": abs(evidence.gap) > gap,
        f"the residual is {evidence.units} units": evidence.units > units,
        f"the dual exceeds its envelope {evidence.ratio} times": evidence.ratio > 1.0 + 1e-12,
        f"the norm is {evidence.norm}": abs(evidence.norm - wire["norm"]) > 8 * UNIT * evidence.norm,
        "the bound claimed exceeds the bound": certificate["lower_bound"] > evidence.lower_bound * (1 + 4 * UNIT),
        "the gap claimed is too small": certificate["relative_gap"] < evidence.gap - 8 * UNIT,
        "the residual claimed is too small": certificate["max_residual"] < evidence.residual - 1e-3 * UNIT * evidence.scale,
        "kinks do not ascend": any(a >= b for a, b in zip(kinks, kinks[1:], strict=False)),
        "a kink is left of x0": bool(kinks) and kinks[0] < function["x0"],
        "a slope change is zero": any(change == 0.0 for change in changes),
        "kinks are miscounted": wire["kink_count"] != len(kinks) or len(kinks) != len(changes),
        "fewer kinks than possible": wire["fewest_kinks"] > len(kinks),
        "sparsest or not?": wire["is_sparsest"] != (wire["fewest_kinks"] == len(kinks)),
    }
    return [complaint for complaint, holds in wrong.items() if holds]
