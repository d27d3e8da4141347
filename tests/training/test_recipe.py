"""What is refused, and where it says so."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from workers.fitting.sample import Sample
from workers.minnorm.errors import MinnormError, NotFinite, NotPositive, OutOfRange, Overflow, WrongLabel
from workers.training.recipe import Initialisation, Optimiser, Recipe, check

SAMPLE = Sample.from_observations([0.0, 1.0, 2.0], [0.0, 1.0, 0.5])
GOOD = Recipe(10, 1e-3, 100, frames=3)


def optimiser(**changes: Any) -> dict[str, Any]:
    """A change of the recipe."""
    return {"optimiser": Optimiser(**changes)}


@pytest.mark.parametrize(
    ("changes", "seeds", "error", "pointer"),
    [
        ({"width": 0}, 1, OutOfRange, "/width"),
        ({"width": 100_001}, 1, OutOfRange, "/width"),
        ({"steps": 0}, 1, OutOfRange, "/steps"),
        ({"steps": 10**9 + 1}, 1, OutOfRange, "/steps"),
        ({"snapshots": -1, "frames": 0}, 1, OutOfRange, "/snapshots"),
        ({"snapshots": 1_001}, 1, OutOfRange, "/snapshots"),
        ({"snapshots": 2}, 1, OutOfRange, "/frames"),
        ({"snapshots": 1_000, "frames": 101}, 1, OutOfRange, "/frames"),
        ({"width": 100_000, "snapshots": 100, "frames": 51}, 1, OutOfRange, "/frames"),
        ({}, 0, OutOfRange, "/seeds"),
        ({}, 101, OutOfRange, "/seeds"),
        ({"width": 100_000}, 11, OutOfRange, "/seeds"),
        ({"weight_decay": -1e-9}, 1, OutOfRange, "/weight_decay"),
        ({"weight_decay": np.nan}, 1, NotFinite, "/weight_decay"),
        ({"weight_decay": 1e300}, 1, Overflow, "/weight_decay"),
        ({"tolerance": -1.0}, 1, OutOfRange, "/tolerance"),
        ({"tolerance": np.inf}, 1, NotFinite, "/tolerance"),
        (optimiser(step_size=0.0), 1, NotPositive, "/optimiser/step_size"),
        (optimiser(step_size=np.inf), 1, NotFinite, "/optimiser/step_size"),
        (optimiser(name="adam", epsilon=0.0), 1, NotPositive, "/optimiser/epsilon"),
        (optimiser(name="momentum", momentum=1.0), 1, OutOfRange, "/optimiser/momentum"),
        (optimiser(name="momentum", momentum=-0.1), 1, OutOfRange, "/optimiser/momentum"),
        (optimiser(name="adam", beta1=1.0), 1, OutOfRange, "/optimiser/beta1"),
        (optimiser(name="adam", beta2=np.nan), 1, OutOfRange, "/optimiser/beta2"),
        ({"initialisation": Initialisation(0.0)}, 1, OutOfRange, "/initialisation/scale"),
        ({"initialisation": Initialisation(-1.0)}, 1, OutOfRange, "/initialisation/scale"),
        ({"loss": "logistic"}, 1, WrongLabel, "/y/0"),
    ],
)
def test_is_refused(changes: dict[str, Any], seeds: int, error: type[MinnormError], pointer: str) -> None:
    with pytest.raises(error) as raised:
        check(SAMPLE, replace(GOOD, **changes), list(range(seeds)))
    assert raised.value.pointer == pointer


@pytest.mark.parametrize(
    ("changes", "seeds"),
    [
        ({}, 100),
        ({"width": 100_000, "snapshots": 100, "frames": 5}, 10),
        ({"steps": 10**9, "snapshots": 0, "frames": 0, "weight_decay": 0.0}, 1),
        ({"snapshots": 1_000, "frames": 100}, 1),
        (optimiser(name="momentum", momentum=0.0), 1),
        (optimiser(name="adam", beta1=0.0, beta2=0.0), 1),
    ],
)
def test_is_taken(changes: dict[str, Any], seeds: int) -> None:
    check(SAMPLE, replace(GOOD, **changes), list(range(seeds)))
