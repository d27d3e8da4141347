"""Representational cost without a skip connection: there, the affine part has to be made of neurons.

With free biases `max(int d|f''|, |f'(-inf) + f'(inf)|)` [Savarese et al., COLT 2019]. With penalised ones the distance
of a line from a planar zonotope, see `workers.minnorm.zonotope`.
"""

from fractions import Fraction
from math import hypot, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracles.representation import least_cost_by_cones
from workers.minnorm.errors import Overflow
from workers.minnorm.network import Network
from workers.minnorm.norms import FunctionNorm, function_norm, network_norms
from workers.minnorm.piecewise_linear import PiecewiseLinear
from workers.minnorm.setting import Setting

PENALISED, FREE = Setting(True, False), Setting(False, False)
SETTINGS = [Setting(penalise, skip) for penalise in (True, False) for skip in (True, False)]
PLACES = np.linspace(-15, 15, 61)
NUMBERS = st.integers(-40, 40).map(lambda i: i / 8)
KINKS = st.dictionaries(
    st.integers(-80, 80).map(lambda i: i / 8), st.integers(1, 90).map(lambda i: (i - 45.5) / 7), max_size=6
)
NEURONS = st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), max_size=8)


def function_of(kinks: dict[float, float], slope: float = 0.0, intercept: float = 0.0) -> PiecewiseLinear:
    """With its slope and intercept left of all kinks."""
    places = sorted(kinks)
    changes = [kinks[place] for place in places]
    x0 = min([0.0, *places])
    return PiecewiseLinear.from_numbers(x0, intercept + slope * x0, slope, places, changes)


def proved(result: FunctionNorm, kinks: dict[float, float], slope: float, intercept: float) -> float:
    """The lower bound of the dual: no affine function and no shares of kinks gain more from `z` than they cost."""
    assert result.dual is not None
    a, b = result.dual
    assert hypot(a, b) <= 2.0 * (1 + 1e-15)
    assert abs(b) <= 1.0
    bound = a * slope + b * intercept
    for place, change in kinks.items():
        gain = a - b * place  # of a unit of slope change that faces left
        bound += abs(change) * hypot(1.0, place) + min(0.0, change * gain)
    return bound


def test_by_hand() -> None:
    """A constant costs its value, the identity 2, `x + 1 / sqrt 3` as much by a pair as by a pair and a constant."""
    costs = [
        function_norm(function_of({}, *line), PENALISED).representational_cost
        for line in ((0.0, -3.0), (1.0, 0.0), (1.0, 1.0), (-1.0, 1 / sqrt(3)))
    ]
    assert costs == pytest.approx([3.0, 2.0, sqrt(3) + 1.0, 4 / sqrt(3)])
    assert function_norm(function_of({0.0: 2.0}, -1.0), PENALISED).representational_cost == 2.0  # |x|
    assert function_norm(function_of({0.0: 2.0}, 3.0), PENALISED).representational_cost == 8.0  # |x| + 4 x
    assert function_norm(function_of({0.0: 2.0}, 3.0), FREE).representational_cost == 8.0
    assert function_norm(function_of({1.0: 2.0, 3.0: -1.0}, 0.0, 0.0), FREE).representational_cost == 3.0


@settings(deadline=None)  # the first example compiles
@given(KINKS, NUMBERS, NUMBERS)
def test_the_network_attains_it_and_the_dual_proves_it(
    kinks: dict[float, float], slope: float, intercept: float
) -> None:
    function = function_of(kinks, slope, intercept)
    result = function_norm(function, PENALISED)
    cost = result.representational_cost
    assert result.network(PLACES) == pytest.approx(function(PLACES), abs=1e-11)
    assert result.network.parameter_norm(penalise_biases=True) == pytest.approx(cost, rel=1e-13)
    assert proved(result, kinks, slope, intercept) == pytest.approx(cost, rel=1e-13, abs=1e-14)
    assert result.network.skip_weight == result.network.skip_bias == 0.0


@settings(deadline=None)  # the first example compiles
@given(KINKS, NUMBERS, NUMBERS)
def test_with_free_biases(kinks: dict[float, float], slope: float, intercept: float) -> None:
    function = function_of(kinks, slope, intercept)
    result = function_norm(function, FREE)
    total = sum(abs(change) for change in kinks.values())
    cost = max(total, abs(2 * slope + sum(kinks.values())))
    assert result.representational_cost == pytest.approx(cost, rel=1e-13)
    assert result.network(PLACES) == pytest.approx(function(PLACES), abs=1e-11)
    assert result.network.parameter_norm(penalise_biases=False) == pytest.approx(cost, rel=1e-13, abs=1e-14)
    assert result.is_attained or result.network.hidden_weights[-1] == 0.0


def test_a_constant_is_approached_and_never_attained() -> None:
    """With free biases `a relu(b)` costs `a^2 / 2`, as little as one likes, but not nothing."""
    constant = function_norm(function_of({}, 0.0, 5.0), FREE)
    assert constant.representational_cost == 0.0
    assert not constant.is_attained
    assert 0.0 < constant.network.parameter_norm(penalise_biases=False) < 5.0 * 2.0**-52
    assert constant.network([-3.0, 4.0]).tolist() == [5.0, 5.0]
    assert function_norm(function_of({}, 0.0, 5.0), PENALISED).is_attained
    assert function_norm(function_of({}, 0.1, 5.0), FREE).is_attained  # the pair's bias is free
    # |x - 1| + 5 has no kinks whose turning would give the 5; (|x + 1| + |x - 4|) / 2 + c has, for |c| <= 5 / 2.
    assert not function_norm(function_of({1.0: 2.0}, -1.0, 6.0), FREE).is_attained
    assert function_norm(function_of({-1.0: 1.0, 4.0: 1.0}, -1.0, 1.5 + 2.4), FREE).is_attained
    assert not function_norm(function_of({-1.0: 1.0, 4.0: 1.0}, -1.0, 1.5 + 2.6), FREE).is_attained


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("penalise_biases", [True, False])
def test_against_the_cone_program(seed: int, penalise_biases: bool) -> None:
    rng = np.random.default_rng(seed)
    for number in range(25):
        spread = 10.0 ** rng.uniform(-1, 1)
        kinks = np.sort(rng.normal(scale=spread, size=rng.integers(1, 9)))
        changes = rng.normal(size=kinks.size)
        if number % 3 == 0:
            changes = np.abs(changes)
        line = float(rng.normal()), float(rng.normal() * spread)
        function = function_of(dict(zip(kinks.tolist(), changes.tolist(), strict=True)), *line)
        cost = function_norm(function, Setting(penalise_biases, False)).representational_cost
        assert cost == pytest.approx(least_cost_by_cones(kinks, changes, line, penalise_biases), rel=1e-8)


@pytest.mark.parametrize("setting", SETTINGS)
@settings(deadline=None)  # the first example compiles
@given(neurons=NEURONS)
def test_each_norm_is_at_most_the_one_before(setting: Setting, neurons: list[tuple[float, float, float]]) -> None:
    weights, biases, outputs = np.array(neurons, dtype=float).reshape(-1, 3).T
    network = Network.from_numbers(weights, biases, outputs, skip_connection=setting.skip_connection)
    norms = network_norms(network, setting)
    assert norms.path_norm <= norms.parameter_norm * (1 + 1e-14)
    assert norms.representational_cost <= norms.path_norm * (1 + 1e-14)
    assert norms.network(PLACES) == pytest.approx(network(PLACES), abs=1e-10)
    again = network_norms(norms.network, setting)
    assert again.representational_cost == pytest.approx(norms.representational_cost, rel=1e-12, abs=1e-13)


@settings(deadline=None)  # the first example compiles
@given(KINKS, NUMBERS, NUMBERS, st.booleans())
def test_a_skip_connection_never_costs(
    kinks: dict[float, float], slope: float, intercept: float, penalise_biases: bool
) -> None:
    function = function_of(kinks, slope, intercept)
    with_skip, without = (
        function_norm(function, Setting(penalise_biases, skip)).representational_cost for skip in (True, False)
    )
    assert with_skip <= without
    mirrored = function_of({-place: change for place, change in kinks.items()}, -slope - sum(kinks.values()),
                           intercept - sum(place * change for place, change in kinks.items()))  # fmt: skip
    assert function_norm(mirrored, Setting(penalise_biases, False)).representational_cost == pytest.approx(
        without, rel=1e-12, abs=1e-12
    )


@pytest.mark.parametrize("reach", [20, 150, 280])
def test_magnitudes_of_all_sizes(reach: int) -> None:
    """A result is finite and proved, or there is an `Overflow`."""
    rng = np.random.default_rng(reach)
    proofs = 0
    for number in range(1000):
        kinks, changes, line = (
            rng.choice([-1.0, 1.0], size) * 10.0 ** rng.uniform(-reach, reach, size) for size in (6, 6, 2)
        )
        changes /= np.maximum(1.0, np.abs(kinks)) ** (number % 2)
        by_place = dict(zip(kinks.tolist(), changes.tolist(), strict=True))
        places = sorted(by_place)
        x0 = min(0.0, places[0])
        slope = float(line[0]) / max(1.0, -x0)
        function = PiecewiseLinear.from_numbers(x0, line[1], slope, places, [by_place[place] for place in places])
        intercept = float(Fraction(function.y0) - Fraction(slope) * Fraction(x0))
        try:
            result = function_norm(function, PENALISED)
        except Overflow:
            continue
        proofs += 1
        assert proved(result, by_place, slope, intercept) == pytest.approx(result.representational_cost, rel=1e-12)
        assert result.network.parameter_norm(penalise_biases=True) == pytest.approx(
            result.representational_cost, rel=1e-12
        )
    assert proofs >= 300
