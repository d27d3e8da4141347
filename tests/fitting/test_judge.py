"""What is right about a fit is accepted; whatever is broken on purpose is found and named."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from workers.fitting.bound import Witness, settled
from workers.fitting.fit import Fit, fit
from workers.fitting.judge import Claims, Verdict, judge
from workers.fitting.losses import Loss
from workers.fitting.sample import Sample
from workers.fitting.shape import Shape
from workers.fitting.task import Task
from workers.minnorm.certificate import Dual
from workers.minnorm.errors import Overflow
from workers.minnorm.network import Network
from workers.minnorm.piecewise_linear import PiecewiseLinear
from workers.minnorm.setting import Setting

Floats = NDArray[np.float64]

RANDOM = np.random.default_rng(5)
X = np.round(RANDOM.normal(size=15), 1)
SAMPLE = Sample.from_observations(X, np.sin(2.0 * X) + 0.2 * RANDOM.normal(size=15), RANDOM.uniform(0.5, 2.0, 15))
LABELS = Sample.from_observations([-2.0, -1.0, 0.0, 0.0, 1.0, 2.0], [1.0, 1.0, -1.0, -1.0, 1.0, 1.0])
TASK = Task(regularisation=0.02)
MARGIN = Task(Loss("hard_margin"))


def claims_of(found: Fit, sample: Sample) -> Claims:
    task, certificate = found.task, found.certificate
    return Claims(
        found.function,
        found.network,
        settled(sample.x, task.setting, task.shape, certificate.witness),
        found.norm,
        found.loss,
        found.objective,
        found.kink_count,
        certificate.lower_bound,
        certificate.relative_gap,
    )


FIT = fit(SAMPLE, TASK)
CLAIMS = claims_of(FIT, SAMPLE)
SEPARATION = fit(LABELS, MARGIN)


def codes(verdict: Verdict) -> set[str]:
    return {violation.code for violation in verdict.violations}


@pytest.mark.parametrize("penalise_biases", [True, False])
@pytest.mark.parametrize("skip_connection", [True, False])
@pytest.mark.parametrize("shape", [(), ("increasing",), ("concave", "decreasing")], ids=str)
@pytest.mark.parametrize("loss", [Loss(), Loss("huber", 0.2), Loss("absolute")], ids=lambda loss: loss.name)
def test_our_own_fits_are_accepted(
    loss: Loss, shape: tuple[str, ...], skip_connection: bool, penalise_biases: bool
) -> None:
    task = Task(loss, 0.02, Setting(penalise_biases, skip_connection), Shape.of(shape))
    found = fit(SAMPLE, task)
    claims = claims_of(found, SAMPLE)
    verdict = judge(SAMPLE, task, claims)
    assert verdict.violations == []
    assert verdict.objective == found.objective
    assert verdict.lower_bound == pytest.approx(found.certificate.lower_bound, rel=1e-12)
    assert verdict.relative_gap is not None
    assert verdict.relative_gap <= 1e-8
    alone = judge(SAMPLE, task, replace(claims, function=None))
    assert alone.violations == []
    assert alone.objective == pytest.approx(found.objective, rel=1e-9)


def test_a_separation_is_accepted() -> None:
    verdict = judge(LABELS, MARGIN, claims_of(SEPARATION, LABELS))
    assert verdict.violations == []
    assert verdict.loss == 0.0
    assert verdict.objective == verdict.norm == pytest.approx(4.0)


@pytest.mark.parametrize("name", ["norm", "loss", "objective", "kink_count"])
def test_false_numbers_are_named(name: str) -> None:
    false: Any = {name: getattr(CLAIMS, name) * 2 if name == "kink_count" else getattr(CLAIMS, name) * (1 + 1e-6)}
    verdict = judge(SAMPLE, TASK, replace(CLAIMS, **false))
    assert codes(verdict) == {name}
    assert verdict.violations[0].amount > 0.0


def test_a_false_bound_and_a_false_gap() -> None:
    assert CLAIMS.lower_bound is not None
    high = CLAIMS.lower_bound * (1 + 1e-6)
    assert codes(judge(SAMPLE, TASK, replace(CLAIMS, lower_bound=high))) == {"lower_bound"}
    assert codes(judge(SAMPLE, TASK, replace(CLAIMS, lower_bound=0.5 * high))) == set()
    wider = replace(FIT.function, slope_changes=1.01 * FIT.function.slope_changes)
    worse = Claims(wider, witness=CLAIMS.witness, relative_gap=1e-9)
    assert codes(judge(SAMPLE, TASK, worse)) == {"relative_gap"}


def test_without_a_witness_the_function_itself_refutes_a_bound() -> None:
    above, below = 1.001 * FIT.objective, 0.999 * FIT.objective
    assert codes(judge(SAMPLE, TASK, Claims(FIT.function, lower_bound=above))) == {"lower_bound"}
    assert codes(judge(SAMPLE, TASK, Claims(FIT.function, lower_bound=below))) == set()
    wrong_shape = replace(TASK, shape=Shape(monotone=1))
    assert codes(judge(SAMPLE, wrong_shape, Claims(FIT.function, lower_bound=above))) == {"shape"}


def test_another_function_than_the_network() -> None:
    other = replace(FIT.function, y0=FIT.function.y0 + 1e-6)
    verdict = judge(SAMPLE, TASK, Claims(other, FIT.network))
    assert codes(verdict) == {"network"}
    assert verdict.violations[0].amount == pytest.approx(1e-6, rel=1e-6)
    assert codes(judge(SAMPLE, TASK, Claims(other, FIT.network), tolerance=1e-5)) == set()


def test_a_network_that_does_not_attain_the_norm() -> None:
    network = FIT.network
    heavy = replace(
        network,
        hidden_weights=2.0 * network.hidden_weights,
        hidden_biases=2.0 * network.hidden_biases,
        output_weights=0.5 * network.output_weights,
    )
    assert codes(judge(SAMPLE, TASK, Claims(FIT.function, heavy, norm=FIT.norm))) == {"parameter_norm"}


def test_a_skip_connection_where_there_is_none() -> None:
    task = replace(TASK, setting=Setting(skip_connection=False))
    assert "skip_connection" in codes(judge(SAMPLE, task, Claims(network=FIT.network)))


def test_a_dual_outside_its_envelope() -> None:
    doubled = Witness(Dual(2.0 * FIT.certificate.witness.dual.values))
    verdict = judge(SAMPLE, TASK, Claims(FIT.function, witness=doubled))
    assert codes(verdict) == {"dual_envelope"}
    assert verdict.violations[0].amount == pytest.approx(1.0, rel=1e-6)
    assert verdict.lower_bound == pytest.approx(FIT.objective, rel=1e-7)  # corrected for it


def test_duals_that_do_not_end_as_they_have_to() -> None:
    assert CLAIMS.witness is not None
    values = CLAIMS.witness.dual.values.copy()
    values[[0, -1]] = 0.125
    ends = judge(SAMPLE, TASK, Claims(witness=Witness(Dual(values, 0.5))))
    assert [(v.code, v.amount, v.index) for v in ends.violations] == [
        ("dual_end", 0.125, 0),
        ("dual_end", 0.125, SAMPLE.x.size - 1),
        ("dual_total", 0.5, None),
    ]


def test_slope_multipliers() -> None:
    task = replace(TASK, shape=Shape(monotone=1))
    witness = claims_of(fit(SAMPLE, task), SAMPLE).witness
    assert witness is not None
    assert witness.slope_multipliers is not None
    multipliers = witness.slope_multipliers.copy()
    multipliers[4] = -0.5
    verdict = judge(SAMPLE, task, Claims(witness=replace(witness, slope_multipliers=multipliers)))
    assert [(v.code, v.amount, v.index) for v in verdict.violations] == [("slope_multipliers", 0.5, 3)]
    assert "slope_multipliers" in codes(judge(SAMPLE, TASK, Claims(witness=witness)))
    without = judge(SAMPLE, task, Claims(witness=replace(witness, slope_multipliers=None)))
    assert codes(without) == {"dual_end"}


def test_margins_that_are_not_kept() -> None:
    low = replace(SEPARATION.function, y0=SEPARATION.function.y0 - 0.01)
    verdict = judge(LABELS, MARGIN, Claims(low))
    assert [(v.code, v.index) for v in verdict.violations] == [("margin", 1), ("margin", 3)]
    assert [v.amount for v in verdict.violations] == pytest.approx([0.01, 0.01])
    assert verdict.objective is None
    assert verdict.norm == pytest.approx(4.0)
    assert codes(judge(LABELS, MARGIN, Claims(low), tolerance=0.011)) == set()


def line(*values: float) -> PiecewiseLinear:
    """Through the values at -2, -1, 0, 1, 2."""
    slopes = np.diff(values)
    return PiecewiseLinear.from_numbers(-2.0, values[0], slopes[0], [-1.0, 0.0, 1.0], np.diff(slopes))


@pytest.mark.parametrize(
    ("values", "shape", "found"),
    [
        ((0, 1, 3, 2.75, 4), "increasing", (0.25, 2)),
        ((0, 1, 3, 3, 4), "increasing", None),
        ((4, 3, 3.5, 1, 0), "decreasing", (0.5, 1)),
        ((0, 1, 3, 3, 4), "convex", (4.0, 2)),
        ((4, 1, 0, 0, 1), "convex", None),
        ((4, 1, 0, 0, 1), "concave", (2.0, 1)),
        ((0, 3, 4, 4, 3), "concave", None),
    ],
)
def test_shapes(values: tuple[float, ...], shape: str, found: tuple[float, int] | None) -> None:
    sample = Sample.from_observations([-2.0, -1.0, 0.0, 1.0, 2.0], [0.0, 1.0, 0.0, 1.0, 0.0])
    verdict = judge(sample, replace(TASK, shape=Shape.of([shape])), Claims(line(*values)))
    shapes = [(v.amount, v.index) for v in verdict.violations if v.code == "shape"]
    assert shapes == ([] if found is None else [found])


def test_outside_of_the_data_a_shape_is_not_asked_for() -> None:
    sample = Sample.from_observations([-1.0, 0.0, 1.0], [0.0, 1.0, 0.0])
    function = line(5, 0, 1, 2, 0)  # falls left of -1 and right of 1, and bends up and down at these
    for shape in ("increasing", "convex", "concave"):
        assert codes(judge(sample, replace(TASK, shape=Shape.of([shape])), Claims(function))) == set()


def test_numbers_that_do_not_fit() -> None:
    huge = PiecewiseLinear.from_numbers(0.0, 1e200, 0.0, [], [])
    with pytest.raises(Overflow):
        judge(SAMPLE, TASK, Claims(huge))
    network = Network.from_numbers([1e280], [1e280], [1e-8])
    with pytest.raises(Overflow):
        judge(SAMPLE, TASK, Claims(network=network))
