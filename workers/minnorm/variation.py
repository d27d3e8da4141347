"""Least norm with free biases: the least variation of the slope.

With a skip connection the norm is `int d|f''|` [Savarese et al., COLT 2019]. At each inner point every interpolator
turns by the point's curvature `eps_i` at least, so the least norm is `V = sum |eps_i|`, and the chords attain it.

Without it the norm is `max(int d|f''|, |f'(-inf) + f'(+inf)|)`. With `E+` and `E-` the sums of the positive and of the
negative curvatures, `V = E+ + E-`, and the first chord's slope `s`, the chords' second term is `|2 s + E+ - E-|`. It
exceeds `V` by `2 (s - E-)` where no slope of the data falls below `s - E- > 0`, and by `-2 (s + E+)` where none rises
above `s + E+ < 0`. That excess, halved, is `r`; a kink at an end that takes the slope `r` nearer to zero adds `r` to
the first term, takes `r` from the second, and makes them equal: the least norm is `V + |r|`.

Proof, with the multipliers of `certificate`: `q_i = sign(eps_i)` proves `V`. If `r > 0`, then `q_i = 1` at the first
point and where the data curve upwards, 0 elsewhere, proves `s + E+ = V + r`, as `q` and `q - q_1` stay within 1.
Falling data are the same upside down.
"""

import numpy as np
from numpy.typing import NDArray

from workers.minnorm.bends import Bends
from workers.minnorm.certificate import Dual
from workers.minnorm.found import Found
from workers.minnorm.setting import Setting
from workers.minnorm.solution_set import solutions, with_excess

Floats = NDArray[np.float64]

_ROUNDING = 16.0 * 2.0**-53


def least_variation(bends: Bends, setting: Setting) -> Found:
    """A minimiser with its kinks at the data, and at the first point where there is an excess. Biases are free. O(n).

    It is the only one if no two neighbours curve the same way and there is no excess: an excess may also be spent
    further left, or on the right.
    """
    nothing = np.zeros_like(bends.curvature)
    chords = bends.of_least_variation(nothing, nothing)
    excess = 0.0 if setting.skip_connection else _excess(bends.curvature, chords.slope0)
    dual = Dual(_dual_values(bends, excess))
    if excess == 0.0 and not bends.same_run().any():
        return Found(chords, dual, is_unique=True)
    function = chords if excess == 0.0 else with_excess(chords, excess)
    return Found(function, dual, is_unique=False, solution_set=solutions(bends, chords, excess))


def _excess(curvature: Floats, slope: float) -> float:
    """By how much all slopes exceed zero, counted from the first one; negative below zero, zero within rounding."""
    rises, falls = float(np.sum(np.maximum(curvature, 0.0))), float(np.sum(np.maximum(-curvature, 0.0)))
    excess = max(slope - falls, 0.0) + min(slope + rises, 0.0)
    return excess if abs(excess) > _ROUNDING * (abs(slope) + rises + falls) else 0.0


def _dual_values(bends: Bends, excess: float) -> Floats:
    """One at the points that curve upwards, minus one at those that curve downwards; with an excess, see above.

    Collinear points lie on the chord of their neighbours' values: the constraints are convex.
    """
    side = np.sign(excess)
    values = np.sign(bends.curvature) if side == 0.0 else 0.5 * (np.sign(bends.curvature) + side)
    values[0], values[-1] = side, 0.0
    if not isinstance(bends.vertices, slice):
        x = bends.data.x
        values = np.interp(x, x[bends.vertices], values[bends.vertices])
    return values
