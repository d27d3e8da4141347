"""What is right is accepted; whatever is broken on purpose is found and named."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.oracles.generated import SHAPES, some
from workers.minnorm.dataset import Dataset
from workers.minnorm.interpolate import Interpolation, interpolate
from workers.minnorm.network import Network
from workers.minnorm.piecewise_linear import PiecewiseLinear
from workers.minnorm.verify import Claims, verify

Floats = NDArray[np.float64]

DATA = Dataset.from_points([-2.0, -1.0, 0.0, 0.25, 2.0, 3.0], [0.7, -0.3, -0.3, 0.4, 0.2, 1.0])
ANSWER = interpolate(DATA)
FUNCTION = ANSWER.function
NETWORK = ANSWER.network


def claims_of(answer: Interpolation) -> Claims:
    certificate = answer.certificate
    return Claims(answer.function, answer.network, certificate.dual_values, answer.norm, certificate.lower_bound)


CLAIMS = claims_of(ANSWER)


def changed(values: Floats, index: int, by: float) -> Floats:
    result = values.copy()
    result[index] += by
    return result


@pytest.mark.parametrize("shape", SHAPES)
def test_our_own_answers_are_accepted(shape: str) -> None:
    for x, y in some(shape, 60):
        data = Dataset.from_points(x, y)
        claims = claims_of(interpolate(data))
        verdict = verify(data, claims)
        assert verdict.violations == [], (x, y)
        assert verdict.interpolates
        assert verdict.relative_gap is not None
        assert verdict.relative_gap < 1e-12


def test_a_steep_slope_counts_over_the_width_behind_it() -> None:
    x = [-188.84973661618804, -0.005274730824287928, 0.4405598166018092, 354.24604675958585]
    data = Dataset.from_points(x, [0.19381564626462, 1.1116332052239921, -0.20552304990579248, -0.9258995736483681])
    assert verify(data, claims_of(interpolate(data))).violations == []


@pytest.mark.parametrize("index", range(FUNCTION.kinks.size))
def test_a_broken_function_does_not_interpolate(index: int) -> None:
    for broken in (
        replace(FUNCTION, kinks=changed(FUNCTION.kinks, index, 1e-9)),
        replace(FUNCTION, slope_changes=changed(FUNCTION.slope_changes, index, 1e-9)),
        replace(FUNCTION, y0=FUNCTION.y0 + 1e-9),
        replace(FUNCTION, slope0=FUNCTION.slope0 - 1e-9),
    ):
        verdict = verify(DATA, Claims(function=broken))
        assert verdict.interpolates is False
        assert {violation.code for violation in verdict.violations} == {"interpolation"}


def test_the_missed_points_are_named_worst_first() -> None:
    verdict = verify(DATA, Claims(function=replace(FUNCTION, slope0=FUNCTION.slope0 + 1.0)))
    assert [violation.index for violation in verdict.violations] == [5, 4, 3, 2, 1]
    assert verdict.violations[0].amount == pytest.approx(5.0)
    assert verdict.max_residual == pytest.approx(5.0)


def test_at_most_twenty_points_are_named() -> None:
    data = Dataset.from_points(np.arange(100.0), np.zeros(100))
    verdict = verify(data, Claims(function=PiecewiseLinear.from_numbers(0, 1, 0, [], [])))
    assert len(verdict.violations) == 20


def test_the_tolerance_is_the_callers() -> None:
    broken = replace(FUNCTION, y0=FUNCTION.y0 + 1e-3)
    assert verify(DATA, Claims(function=broken), tolerance=2e-3).interpolates
    assert not verify(DATA, Claims(function=broken), tolerance=5e-4).interpolates


BROKEN_NETWORKS = {
    "turned around": replace(NETWORK, hidden_weights=-NETWORK.hidden_weights),
    "shifted": replace(NETWORK, hidden_biases=changed(NETWORK.hidden_biases, 0, 1e-6)),
    "stretched": replace(NETWORK, output_weights=1.000001 * NETWORK.output_weights),
    "raised": replace(NETWORK, skip_bias=NETWORK.skip_bias + 1e-6),
    "without skip": replace(NETWORK, skip_weight=0.0),
}


@pytest.mark.parametrize("name", BROKEN_NETWORKS)
def test_a_broken_network_is_found_alone_and_beside_the_function(name: str) -> None:
    broken = BROKEN_NETWORKS[name]
    assert verify(DATA, Claims(network=broken)).interpolates is False
    codes = {violation.code for violation in verify(DATA, replace(CLAIMS, network=broken)).violations}
    assert codes == {"network"}


def test_a_network_alone_has_a_norm() -> None:
    verdict = verify(DATA, Claims(network=NETWORK))
    assert verdict.violations == []
    assert verdict.norm == pytest.approx(ANSWER.norm, rel=1e-14)


def test_a_dual_alone_is_a_bound() -> None:
    verdict = verify(DATA, Claims(dual_values=ANSWER.certificate.dual_values))
    assert verdict.violations == []
    assert verdict.interpolates is None
    assert verdict.norm is None
    assert verdict.lower_bound == pytest.approx(ANSWER.norm, rel=1e-13)


@pytest.mark.parametrize("factor", [1.5, -1.5, 100.0])
def test_a_dual_out_of_its_envelope_is_found_and_scaled_down(factor: float) -> None:
    dual = factor * ANSWER.certificate.dual_values
    verdict = verify(DATA, Claims(dual_values=dual))
    assert [violation.code for violation in verdict.violations] == ["dual_envelope"]
    assert verdict.violations[0].amount == pytest.approx(abs(factor) - 1)
    assert verdict.lower_bound == pytest.approx(ANSWER.norm if factor > 0 else 0.0, rel=1e-12)


def test_a_dual_that_is_too_large_between_two_data_is_found() -> None:
    """At the data it keeps to the envelope."""
    data = Dataset.from_points([-4.0, -3.0, 3.0, 4.0], [1.0, 0.0, 0.0, 1.0])
    dual = np.array([0.0, np.hypot(1, 3), np.hypot(1, 3), 0.0])
    verdict = verify(data, Claims(dual_values=dual))
    assert [(violation.code, violation.index) for violation in verdict.violations] == [("dual_envelope", 1)]
    assert verdict.lower_bound == pytest.approx(2.0 * 1.0)


@pytest.mark.parametrize("end", [0, -1])
def test_a_dual_must_vanish_at_the_ends(end: int) -> None:
    dual = changed(ANSWER.certificate.dual_values, end, 0.25)
    verdict = verify(DATA, Claims(dual_values=dual))
    found = [(violation.code, violation.index, violation.amount) for violation in verdict.violations]
    assert ("dual_end", end % DATA.x.size, 0.25) in found
    assert verdict.lower_bound == pytest.approx(ANSWER.norm, rel=1e-13)


@pytest.mark.parametrize("norm", [0.5, 1.0 - 1e-6, 1.0 + 1e-6, 2.0])
def test_a_false_norm_is_found(norm: float) -> None:
    verdict = verify(DATA, replace(CLAIMS, norm=norm * ANSWER.norm))
    assert [violation.code for violation in verdict.violations] == ["norm"]


def test_a_bound_may_be_modest_but_not_too_large() -> None:
    assert verify(DATA, replace(CLAIMS, lower_bound=0.5 * ANSWER.norm)).violations == []
    verdict = verify(DATA, replace(CLAIMS, lower_bound=1.1 * ANSWER.norm))
    assert [violation.code for violation in verdict.violations] == ["lower_bound"]


def test_an_interpolator_that_is_not_minimal_has_a_gap() -> None:
    chords = np.diff(DATA.y) / np.diff(DATA.x)
    function = PiecewiseLinear(DATA.x[0], DATA.y[0], chords[0], DATA.x[1:-1], np.diff(chords))
    verdict = verify(DATA, replace(CLAIMS, function=function, network=None, norm=None))
    assert verdict.violations == []
    assert verdict.interpolates
    assert verdict.relative_gap is not None
    assert verdict.relative_gap > 1e-3


def test_no_claims_no_verdict() -> None:
    verdict = verify(DATA, Claims())
    assert (verdict.violations, verdict.interpolates, verdict.norm, verdict.lower_bound) == ([], None, None, None)


def test_a_bound_claimed_without_a_dual_is_compared_with_the_norm() -> None:
    verdict = verify(DATA, Claims(function=CLAIMS.function, lower_bound=1e9))
    assert [violation.code for violation in verdict.violations] == ["lower_bound"]


def test_a_difference_outside_the_data_is_seen() -> None:
    """Beyond the last place where either has a kink."""
    network = CLAIMS.network
    assert network is not None
    for weight, bias in ((1.0, -10.0), (-1.0, -10.0)):
        other = Network(
            np.append(network.hidden_weights, weight),
            np.append(network.hidden_biases, bias),
            np.append(network.output_weights, 1.0),
            network.skip_weight,
            network.skip_bias,
        )
        verdict = verify(DATA, Claims(function=CLAIMS.function, network=other))
        assert [violation.code for violation in verdict.violations] == ["network"]


def test_a_dual_as_large_as_doubles_go_is_no_proof() -> None:
    far = 2.0**800
    data = Dataset.from_points([-2 * far, -far, far, 2 * far], [1.0, 0.0, 0.0, 1.0])
    verdict = verify(data, Claims(dual_values=np.array([0.0, far, far, 0.0])))
    assert [violation.code for violation in verdict.violations] == ["dual_envelope"]
    assert verdict.lower_bound == pytest.approx(2.0 / far, rel=1e-9)
