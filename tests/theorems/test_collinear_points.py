"""At a point collinear with its neighbours the interpolator is affine: the problem falls apart there.

So the masses on its two sides cannot meet in one kink across it, and an end with such a neighbour is not active. To
leave such points out and solve for the others is wrong, as these examples show.
"""

import pytest

from tests.oracles.cone import least_norm_by_cones
from tests.oracles.evidence import complaints
from tests.oracles.exact import check_exactly
from tests.oracles.generated import some
from tests.theorems.answers import answer, value


@pytest.mark.parametrize(
    ("x", "y", "kinks"),
    [
        ([-2.0, -1.0, 0.0, 1.0, 2.0], [1.0, 0.0, 0.0, 0.0, 1.0], [-1.0, 1.0]),  # not one kink at 0
        ([-6.0, -3.0, -1.0, 4.0], [2.0, -1.0, -1.0, -1.0], [-3.0]),  # nor one at -1/4, though 4 would be active
        ([-4.0, 1.0, 3.0, 6.0], [-1.0, -1.0, -1.0, 2.0], [3.0]),
        ([-2.0, 2.0, 3.0, 4.0, 5.0], [-1.0, -1.0, -1.0, 1.0, 0.0], [3.0, 4.0]),
        ([0.0, 1.0, 2.0, 3.0], [5.0, 7.0, 9.0, 11.0], []),
    ],
)
def test_by_hand(x: list[float], y: list[float], kinks: list[float]) -> None:
    wire = answer(x, y)
    assert wire["function"]["kinks"] == kinks
    assert [value(wire, a) for a in x] == pytest.approx(y, abs=1e-14)
    assert not complaints(wire, check_exactly(x, y, wire))
    assert wire["norm"] == pytest.approx(least_norm_by_cones(x, y), rel=1e-8)


def test_three_collinear_points_are_on_one_line() -> None:
    for x, y in some("integers", 100):
        wire = answer(x, y)
        for i in range(1, len(x) - 1):
            if (y[i + 1] - y[i]) * (x[i] - x[i - 1]) == (y[i] - y[i - 1]) * (x[i + 1] - x[i]):
                assert not any(x[i - 1] < kink < x[i + 1] for kink in wire["function"]["kinks"])


@pytest.mark.parametrize("offset", [0.0, 0.7, 1000.3])
def test_lines_written_in_decimals_have_no_kink(offset: float) -> None:
    x = [round(0.1 * i, 1) for i in range(-30, 30)]
    assert answer(x, [round(offset + 3 * a, 1) for a in x])["function"]["kinks"] == []


def test_a_long_plateau_between_two_far_slopes() -> None:
    """Its dual hangs far below the envelope's chord."""
    x = [-1000.0, -999.0, -5.0, -0.5, -0.25, 0.0, 3.0, 999.0, 1000.0]
    y = [1.0, *[0.0] * 7, 1.0]
    wire = answer(x, y)
    evidence = check_exactly(x, y, wire)
    assert not complaints(wire, evidence)
    assert evidence.norm == pytest.approx(2 * (1 + 999.0**2) ** 0.5)
