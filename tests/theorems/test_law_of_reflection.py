"""The law of reflection: seen in angle from a point that shares its mass, the kinks on its two sides are mirror images.

`arctan(right kink) - arctan(x_i) = arctan(x_i) - arctan(left kink)`: otherwise a little mass moved from one kink to the
other would make their cost smaller.
"""

from math import atan

import pytest

from tests.oracles.generated import some
from tests.theorems.answers import answer


def test_by_hand() -> None:
    """Abscissae at equal angles, equal masses about zero: the one point in the middle shares alike."""
    wire = answer([-3.0, -1.5, -0.4, 0.0, 0.4, 1.5, 3.0], [4.0, 1.0, 0.1, 0.0, 0.1, 1.0, 4.0])
    kinks = wire["function"]["kinks"]
    assert kinks == pytest.approx([-kink for kink in reversed(kinks)], abs=1e-15)
    assert wire["function"]["slope_changes"] == pytest.approx(wire["function"]["slope_changes"][::-1])


@pytest.mark.parametrize("shape", ["convex", "mixed", "one_left", "one_right", "both_sides", "symmetric", "spread"])
def test_two_kinks_that_share_a_point_mirror_each_other(shape: str) -> None:
    shared = 0
    for x, y in some(shape, 100):
        kinks = answer(x, y)["function"]["kinks"]
        for i in range(1, len(x) - 1):
            left = [kink for kink in kinks if x[i - 1] < kink < x[i]]
            right = [kink for kink in kinks if x[i] < kink < x[i + 1]]
            if left and right:
                shared += 1
                gap_left, gap_right = atan(x[i]) - atan(left[0]), atan(right[0]) - atan(x[i])
                assert gap_left == pytest.approx(gap_right, rel=1e-6, abs=1e-9), (x, y)
    assert shared > 3
