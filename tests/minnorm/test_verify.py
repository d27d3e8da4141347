"""What is right is accepted; whatever is broken on purpose is found and named."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.oracles.generated import SHAPES, some
from workers.minnorm.certificate import Dual
from workers.minnorm.dataset import Dataset
from workers.minnorm.errors import Overflow
from workers.minnorm.interpolate import Interpolation, interpolate
from workers.minnorm.network import Network
from workers.minnorm.piecewise_linear import PiecewiseLinear
from workers.minnorm.setting import Setting
from workers.minnorm.verify import Claims, Question, verify

Floats = NDArray[np.float64]

DATA = Dataset.from_points([-2.0, -1.0, 0.0, 0.25, 2.0, 3.0], [0.7, -0.3, -0.3, 0.4, 0.2, 1.0])
ANSWER = interpolate(DATA)
FUNCTION = ANSWER.function
NETWORK = ANSWER.network


def claims_of(answer: Interpolation) -> Claims:
    certificate = answer.certificate
    return Claims(
        answer.function,
        answer.network,
        certificate.dual,
        answer.norm,
        answer.objective_value,
        answer.kink_count,
        certificate.lower_bound,
        certificate.relative_gap,
        certificate.max_residual,
    )


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
    assert codes - {"parameter_norm"} == {"network"}


def test_a_network_alone_has_a_norm() -> None:
    verdict = verify(DATA, Claims(network=NETWORK))
    assert verdict.violations == []
    assert verdict.norm == pytest.approx(ANSWER.norm, rel=1e-14)


def test_a_dual_alone_is_a_bound() -> None:
    verdict = verify(DATA, Claims(dual=ANSWER.certificate.dual))
    assert verdict.violations == []
    assert verdict.interpolates is None
    assert verdict.norm is None
    assert verdict.lower_bound == pytest.approx(ANSWER.norm, rel=1e-13)


@pytest.mark.parametrize("factor", [1.5, -1.5, 100.0])
def test_a_dual_out_of_its_envelope_is_found_and_scaled_down(factor: float) -> None:
    dual = factor * ANSWER.certificate.dual.values
    verdict = verify(DATA, Claims(dual=Dual(dual)))
    assert [violation.code for violation in verdict.violations] == ["dual_envelope"]
    assert verdict.violations[0].amount == pytest.approx(abs(factor) - 1)
    assert verdict.lower_bound == pytest.approx(ANSWER.norm if factor > 0 else 0.0, rel=1e-12)


def test_a_dual_that_is_too_large_between_two_data_is_found() -> None:
    """At the data it keeps to the envelope."""
    data = Dataset.from_points([-4.0, -3.0, 3.0, 4.0], [1.0, 0.0, 0.0, 1.0])
    dual = np.array([0.0, np.hypot(1, 3), np.hypot(1, 3), 0.0])
    verdict = verify(data, Claims(dual=Dual(dual)))
    assert [(violation.code, violation.index) for violation in verdict.violations] == [("dual_envelope", 1)]
    assert verdict.lower_bound == pytest.approx(2.0 * 1.0)


@pytest.mark.parametrize("end", [0, -1])
def test_a_dual_must_vanish_at_the_ends(end: int) -> None:
    dual = changed(ANSWER.certificate.dual.values, end, 0.25)
    verdict = verify(DATA, Claims(dual=Dual(dual)))
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
    verdict = verify(DATA, Claims(function, dual=CLAIMS.dual))
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
    verdict = verify(data, Claims(dual=Dual(np.array([0.0, far, far, 0.0]))))
    assert [violation.code for violation in verdict.violations] == ["dual_envelope"]
    assert verdict.lower_bound == pytest.approx(2.0 / far, rel=1e-9)


QUESTIONS = {
    "biases penalised": Question(Setting()),
    "free": Question(Setting(penalise_biases=False)),
    "free, no skip": Question(Setting(penalise_biases=False, skip_connection=False)),
    "no skip": Question(Setting(skip_connection=False)),
    "kinks": Question(Setting(), "kinks"),
    "kinks, free": Question(Setting(penalise_biases=False), "kinks"),
    "lp": Question(Setting(), "lp", 0.5),
    "lp, free": Question(Setting(penalise_biases=False), "lp", 0.25),
}


def solved(data: Dataset, question: Question) -> Claims:
    return claims_of(interpolate(data, question.setting, question.objective, question.p))


@pytest.mark.parametrize("name", QUESTIONS)
@pytest.mark.parametrize("shape", SHAPES)
def test_answers_in_every_setting_are_accepted(shape: str, name: str) -> None:
    question = QUESTIONS[name]
    for x, y in some(shape, 12):
        data = Dataset.from_points(x, y)
        verdict = verify(data, solved(data, question), question=question)
        assert verdict.violations == [], (x, y)
        assert verdict.interpolates
        assert (verdict.objective_value is None) == (question.objective == "norm")


def codes_of(claims: Claims, question: Question) -> set[str]:
    return {violation.code for violation in verify(DATA, claims, question=question).violations}


@pytest.mark.parametrize("name", QUESTIONS)
def test_falsehoods_are_found_in_every_setting(name: str) -> None:
    question = QUESTIONS[name]
    claims = solved(DATA, question)
    assert codes_of(claims, question) == set()
    assert claims.function is not None
    assert claims.norm is not None
    assert claims.kink_count is not None
    assert claims.objective_value is not None
    assert claims.lower_bound is not None
    assert claims.dual is not None
    raised = np.where(np.abs(claims.dual.values) == np.max(np.abs(claims.dual.values)), 1.1, 1.0) * claims.dual.values
    moved = replace(claims.function, kinks=changed(claims.function.kinks, 0, 1e-6))
    assert codes_of(replace(claims, norm=0.99 * claims.norm), question) == {"norm"}
    assert codes_of(replace(claims, kink_count=claims.kink_count - 1), question) == {"kink_count"}
    assert codes_of(replace(claims, objective_value=0.9 * claims.objective_value), question) == {"objective_value"}
    assert codes_of(replace(claims, lower_bound=1.1 * claims.lower_bound), question) == {"lower_bound"}
    assert "dual_envelope" in codes_of(replace(claims, dual=Dual(raised)), question)
    assert "interpolation" in codes_of(replace(claims, function=moved), question)
    assert "network" in codes_of(replace(claims, function=moved), question)


@pytest.mark.parametrize("name", QUESTIONS)
def test_errors_stated_too_small_are_found(name: str) -> None:
    """A gap and a residual of nothing, where a dual is weak and a function off."""
    question = QUESTIONS[name]
    claims = solved(DATA, question)
    assert claims.function is not None
    assert claims.dual is not None
    weak = replace(claims, dual=Dual(0.5 * claims.dual.values), lower_bound=None, relative_gap=1e-15)
    assert codes_of(weak, question) == {"relative_gap"}
    off = replace(claims, function=replace(claims.function, y0=claims.function.y0 + 1e-3), network=None)
    assert codes_of(off, question) == {"interpolation", "max_residual"}


def test_a_skip_connection_where_there_is_none() -> None:
    network = Network(np.array([1.0]), np.array([0.0]), np.array([1.0]), skip_weight=-0.5)
    data = Dataset.from_points([-1.0, 0.0, 1.0], [0.5, 0.0, 0.5])
    for penalise in (True, False):
        verdict = verify(data, Claims(network=network), question=Question(Setting(penalise, skip_connection=False)))
        assert [(found.code, found.amount) for found in verdict.violations] == [("skip_connection", 0.5)]
        assert verdict.interpolates


BENDING = Question(Setting(skip_connection=False))


def test_the_rectifier_without_skip_connection() -> None:
    """Through (0, 0) and (1, 1): one neuron of norm 1, and multipliers -1 and 1, which no neuron exceeds."""
    data = Dataset.from_points([0.0, 1.0], [0.0, 1.0])
    function = PiecewiseLinear.from_numbers(-1.0, 0.0, 0.0, [0.0], [1.0])
    network = Network(np.array([1.0]), np.array([0.0]), np.array([1.0]))
    claims = Claims(function, network, Dual(np.array([1.0, 0.0]), 0.0), 1.0, 1.0, 1, 1.0 - 1e-12)
    verdict = verify(data, claims, question=BENDING)
    assert verdict.violations == []
    assert verdict.norm == pytest.approx(1.0, rel=1e-15)
    assert verdict.lower_bound == pytest.approx(1.0, rel=1e-14)
    # With a skip connection the same multipliers prove nothing, and the same network needs none of its norm.
    skipping = verify(data, claims)
    assert {violation.code for violation in skipping.violations} == {"dual_end", "lower_bound"}
    assert skipping.lower_bound == 0.0


@pytest.mark.parametrize(
    ("dual", "index", "amount", "place"),
    [
        (Dual(np.array([1.1, 0.0])), 0, 0.1, "Between"),  # at the left one of the two points
        (Dual(np.array([0.5, 0.0]), 1.2), 0, np.hypot(1.2, 0.5) - 1, "Left"),  # right-facing neurons, far left
        (Dual(np.array([-0.5, 0.0]), -1.2), 0, np.hypot(1.2, 0.5) - 1, "Left"),
        (Dual(np.array([-0.5, 0.0]), 1.2), 1, np.hypot(1.2, 0.5) - 1, "Right"),  # left-facing ones, far right
    ],
)
def test_a_dual_that_exceeds_its_envelope_beyond_the_data(dual: Dual, index: int, amount: float, place: str) -> None:
    data = Dataset.from_points([0.0, 1.0], [0.0, 1.0])
    (violation,) = verify(data, Claims(dual=dual), question=BENDING).violations
    assert (violation.code, violation.index) == ("dual_envelope", index)
    assert violation.amount == pytest.approx(amount, rel=1e-9)
    assert violation.detail.startswith(place)


def test_a_dual_that_only_left_facing_neurons_exceed() -> None:
    """`q = 0.9` at -3 and falls to -1.1 between; with a skip connection it would do."""
    data = Dataset.from_points([-1.0, 0.0, 1.0], [1.0, 0.0, 1.0])
    dual = Dual(np.array([0.9, -0.9, 0.0]))
    (violation,) = verify(data, Claims(dual=dual), question=BENDING).violations
    assert (violation.code, violation.index) == ("dual_envelope", 0)
    assert violation.amount == pytest.approx(0.8)  # q - q(-1) is -1.8 at zero


@pytest.mark.parametrize("name", ["biases penalised", "free", "free, no skip"])
def test_a_total_where_multipliers_must_cancel(name: str) -> None:
    claims = solved(DATA, QUESTIONS[name])
    assert claims.dual is not None
    verdict = verify(DATA, replace(claims, dual=replace(claims.dual, total=0.5)), question=QUESTIONS[name])
    assert [(found.code, found.amount) for found in verdict.violations] == [("dual_total", 0.5)]


def test_an_unbalanced_network_attains_no_norm() -> None:
    network = replace(
        NETWORK,
        hidden_weights=2 * NETWORK.hidden_weights,
        hidden_biases=2 * NETWORK.hidden_biases,
        output_weights=NETWORK.output_weights / 2,
    )
    assert verify(DATA, Claims(network=network)).violations == []  # nothing is said about its norm
    (violation,) = verify(DATA, replace(CLAIMS, network=network)).violations
    assert violation.code == "parameter_norm"
    assert violation.amount == pytest.approx((4 + 1 / 4) / 2 * ANSWER.norm - ANSWER.norm)


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_certificate_for_other_data_proves_no_more_than_is_true(name: str) -> None:
    """The bound of any dual, whatever it was made for, is below the optimum of the data at hand."""
    question = QUESTIONS[name]
    random = np.random.default_rng(1)
    for _ in range(30):
        other = solved(Dataset.from_points(np.arange(6.0) - 3.0, random.normal(size=6)), question)
        assert other.dual is not None
        y = random.normal(size=6)
        data = Dataset.from_points([-2.0, -1.0, 0.0, 0.25, 2.0, 3.0], y)
        least = solved(data, question)
        verdict = verify(data, Claims(dual=other.dual), question=question)
        assert verdict.lower_bound is not None
        assert least.objective_value is not None
        assert verdict.lower_bound <= least.objective_value * (1 + 1e-12)


def test_kinks_at_the_edge_of_what_is_computed() -> None:
    function = PiecewiseLinear.from_numbers(0.0, 0.0, 0.0, [1.0, 9e288], [1e-5, 1.0])
    data = Dataset.from_points([0.0, 1.0], [0.0, 0.0])
    for question in QUESTIONS.values():
        verdict = verify(data, Claims(function), question=question)
        assert verdict.interpolates
        assert np.isfinite(verdict.norm or np.nan)


def test_numbers_that_are_fine_but_lead_too_far_are_an_overflow() -> None:
    function = PiecewiseLinear.from_numbers(0.0, 0.0, 0.0, [1.0, 9e288], [1e-5, 9e288])
    with pytest.raises(Overflow):
        verify(Dataset.from_points([0.0, 1.0], [0.0, 0.0]), Claims(function))


@pytest.mark.parametrize("name", QUESTIONS)
@pytest.mark.parametrize("y", [[0.0, 0.0], [5.0, 5.0], [0.0, 3.0]])
def test_two_points_and_lines(name: str, y: list[float]) -> None:
    question = QUESTIONS[name]
    for x, heights in (([1.0, 2.0], y), ([1.0, 1.5, 2.0], [y[0], (y[0] + y[1]) / 2, y[1]])):
        data = Dataset.from_points(x, heights)
        verdict = verify(data, solved(data, question), question=question)
        assert verdict.violations == []
        assert verdict.relative_gap is not None
        assert verdict.relative_gap < 1e-9


def test_a_network_is_rounded_more_than_a_function() -> None:
    """Its slope changes and kinks are products and quotients: with many of them more counts as interpolation."""
    random = np.random.default_rng(3)
    for n in (3, 100, 3000):
        data = Dataset.from_points(np.cumsum(random.uniform(0.2, 2.0, n)), random.normal(size=n))
        answer = interpolate(data)
        alone, whole = verify(data, Claims(network=answer.network)), verify(data, claims_of(answer))
        assert alone.interpolates
        assert alone.violations == whole.violations == []
        assert alone.tolerance == pytest.approx(whole.tolerance * (1 + answer.kink_count**0.5))


@pytest.mark.parametrize(
    ("weights", "biases", "outputs", "value"),
    [
        ([1.0, 1.0], [-1.0, -1.0], [1e16, -1e16 + 2.0], 2.0),
        ([1.0, 1.0], [-1.0, -(1.0 + 2.0**-52)], [1e15, -1e15], 1e15 * 2.0**-52),
        ([3.0, 1.0], [-1.0, -1.0 / 3.0], [1e12 / 3.0, -1e12], None),
        ([-1.0, -1.0], [3.0, 3.0], [1e16, -1e16 + 2.0], 6.0),
    ],
)
def test_neurons_that_cancel_leave_what_they_round(
    weights: list[float], biases: list[float], outputs: list[float], value: float | None
) -> None:
    """Merged at one kink they would seem to compute nothing."""
    data = Dataset.from_points([0.0, 2.0], [0.0, 0.0])
    network = Network.from_numbers(weights, biases, outputs)
    exact = [
        sum(
            (Fraction(a) * max(Fraction(w) * Fraction(x) + Fraction(b), Fraction(0)))
            for w, b, a in zip(weights, biases, outputs, strict=True)
        )
        for x in (0.0, 2.0)
    ]
    verdict = verify(data, Claims(network=network))
    assert verdict.max_residual == pytest.approx(max(abs(float(at)) for at in exact), rel=1e-15)
    assert value is None or verdict.max_residual == pytest.approx(value, rel=1e-15)
    assert not verdict.interpolates


def test_a_bound_above_a_function_that_costs_nothing() -> None:
    data = Dataset.from_points([0.0, 1.0, 2.0], [0.0, 1.0, 0.0])
    nothing = PiecewiseLinear.from_numbers(0.0, 0.0, 0.0, [], [])
    claims = Claims(function=nothing, dual=Dual(np.array([0.0, -1.4, 0.0])), relative_gap=0.0)
    verdict = verify(data, claims, tolerance=2.0)
    assert verdict.relative_gap == 1.0
    assert "relative_gap" in [violation.code for violation in verdict.violations]


def test_kinks_without_a_slope_change_do_not_count() -> None:
    data = Dataset.from_points([0.0, 1.0, 2.0], [0.0, 1.0, 0.0])
    tent = PiecewiseLinear.from_numbers(0.0, 0.0, 1.0, [0.5, 1.0], [0.0, -2.0])
    question = Question(Setting(), "kinks")
    assert verify(data, Claims(function=tent, kink_count=1), question=question).violations == []
    assert verify(data, Claims(function=tent), question=question).objective_value == 1.0
