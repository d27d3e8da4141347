"""The exact dynamic program for minimum-norm interpolation with penalised biases and a skip connection.

Problem
-------
Points at ascending abscissae `x_i` carry the curvature `eps_i` of the data (difference of neighbouring chord slopes).
With `w_i = sqrt(1 + x_i^2)`, `c_i = |eps_i| w_i` and the angle `Delta_i` between `(x_i, 1)` and `(x_{i+1}, 1)`, each
*run* (maximal stretch of interior points whose curvature has one sign) solves

    minimise  sum_i c_i (1 - cos d_i)   subject to  d_i >= 0,  d_i + d_{i+1} >= Delta_i,

and `sum_i c_i cos d_i` is the least norm of the run; `q_i = +-w_i cos d_i` are its dual values. Where the constraint
of an interval is tight, the masses `|eps|` of its ends meet in one kink inside it, at the angle `arctan x_i + d_i`:
seen from a point, the kinks on its two sides are mirror images, a law of reflection.

Method
------
`F_{i+1}(e) = c_{i+1} (1 - cos e) + min {F_i(d) : d >= Delta_i - e}`. The derivative of `F_i` right of its minimiser is
piecewise `A sin d + B cos d`; each step drops pieces at one end, reflects (`d = Delta_i - e`), adds `c sin e` and
appends a piece. Pieces live in a fixed coordinate `z`, `d = s z + t` with a sign `s` and a shift `t`, so that a
reflection changes only `s` and `t`. The coefficients of a piece that starts at point `j` are a difference of two prefix
sums, so a piece is just the sums before `j`. Every piece enters and leaves the double-ended queue once: O(n) on every
input.

No angle is ever computed: all of them are unit vectors (cosine, sine), so the whole program needs square roots only.
The prefix sums are pairs of doubles, as one large mass would otherwise wipe out small ones behind it.
"""

import math

import numpy as np
from numpy.typing import NDArray

from workers.minnorm.compiled import compiled, inlined
from workers.minnorm.doubles import pair_sum, two_sum
from workers.minnorm.weight import weight

Floats = NDArray[np.float64]
Sums = tuple[float, float, float, float]  # A and B, each as a pair

_TINY = 1e-280
_REBASE = 2.0**40


@compiled
def measure(x: Floats, first: int, last: int, geometry: Floats) -> None:
    """Fill the rows: the weights `w_i`; cosine and sine of the angle `Delta_i` between `(x_i, 1)`, `(x_{i+1}, 1)`.

    For the points `first` to `last`; the first column is that of `first`.
    """
    weights, cosines, sines = geometry[0], geometry[1], geometry[2]
    for i in range(first, last + 1):
        weights[i - first] = weight(x[i])
    for i in range(first, last):
        left = 1.0 / weights[i - first]
        right = 1.0 / weights[i + 1 - first]
        cosines[i - first] = (x[i] * left) * (x[i + 1] * right) + left * right
        sines[i - first] = ((x[i + 1] - x[i]) * left) * right


@inlined
def _unit(cosine: float, sine: float) -> tuple[float, float]:
    """Pull a vector that is almost a unit vector back onto the circle (one Newton step)."""
    factor = 1.5 - 0.5 * (cosine * cosine + sine * sine)
    return cosine * factor, sine * factor


@inlined
def _direction(a: float, b: float) -> tuple[float, float]:
    """The unit vector along `(a, b)`; `(1, 0)` where both vanish."""
    squares = a * a + b * b
    if not _TINY < squares < 1.0 / _TINY:  # they may have left the range of doubles
        size = max(abs(a), abs(b))
        if size == 0.0:
            return 1.0, 0.0
        a, b = a / size, b / size
        squares = a * a + b * b
    length = math.sqrt(squares)
    return a / length, b / length


@compiled
def _rebase(pieces: Floats, front: int, back: int, total: Sums) -> Sums:
    """Subtract from all prefix sums the smallest in use, once they are so large that differences lose digits."""
    oldest = front + np.argmin(pieces[0, front : back + 1])
    base = pieces[:4, oldest].copy()
    for place in range(front, back + 1):
        for row in (0, 2):
            high, low = pair_sum(pieces[row, place], pieces[row + 1, place], -base[row], -base[row + 1])
            pieces[row, place], pieces[row + 1, place] = high, low
    a, a_low = pair_sum(total[0], total[1], -base[0], -base[1])
    b, b_low = pair_sum(total[2], total[3], -base[2], -base[3])
    return a, a_low, b, b_low


@inlined
def _trim(pieces: Floats, front: int, back: int, s: float, total: Sums) -> tuple[int, int, float, float]:
    """Drop the pieces left of the minimiser, from the end where e is small.

    Returns the new ends of the queue, and A and B of the piece that has the minimiser.
    """
    a, a_low, b, b_low = total
    while True:
        piece, gap = (front, front) if s > 0.0 else (back, back - 1)
        a_piece = (a - pieces[0, piece]) + (a_low - pieces[1, piece])
        b_piece = (b - pieces[2, piece]) + (b_low - pieces[3, piece])
        if front == back or s * (a_piece * pieces[5, gap] + b_piece * pieces[4, gap]) >= 0.0:
            break
        if s > 0.0:
            front += 1
        else:
            back -= 1
    return front, back, a_piece, b_piece


@inlined
def _append(
    pieces: Floats, front: int, back: int, s: float, before: Sums, cos_z: float, sin_z: float
) -> tuple[int, int]:
    """Append the piece that begins where the last minimiser was; returns the new ends of the queue."""
    if s > 0.0:
        back += 1
        piece, gap = back, back - 1
    else:
        front -= 1
        piece, gap = front, front
    pieces[0, piece], pieces[1, piece], pieces[2, piece], pieces[3, piece] = before
    pieces[4, gap], pieces[5, gap] = cos_z, sin_z
    return front, back


@compiled
def minimisers(
    geometry: Floats, curvature: Floats, first: int, last: int, base: int, distance: Floats, pieces: Floats
) -> None:
    """Forward sweep over one run: the minimiser `d*_i` of each `F_i`, as cosine and sine in `distance`.

    The first columns of `geometry` and of `distance` are those of point `base`.

    The pieces are the columns `front..back` of `pieces`, ascending in z. Rows: the prefix sums of A and of B, a pair
    each, that the piece has to subtract; cosine and sine of the border to the next column's, in the coordinate z.
    They are appended at both ends in turn, so half of a run at most lies on either side of the middle; and as each time
    some are dropped at the other end, it is always the same few columns that are in use.
    """
    weights, cosines, sines = geometry[0], geometry[1], geometry[2]
    front = back = pieces.shape[1] // 2
    cos_t, sin_t, s = 1.0, 0.0, 1.0
    a = a_low = b = b_low = 0.0
    cos_d, sin_d = 1.0, 0.0  # not of unit length: the branches below do not wait for a square root
    cos_z, sin_z = 1.0, 0.0  # the same place in the coordinate z
    steps_since_rebase = 0
    for k in range(first, last + 1):
        mass = abs(curvature[k]) * weights[k - base]
        fresh = k == first
        if not fresh:
            cosine, sine = cosines[k - 1 - base], sines[k - 1 - base]
            # Delta <= d*: the previous point does not feel this one, and the message is zero.
            fresh = sine * cos_d <= cosine * sin_d
        if fresh:
            cos_t, sin_t, s = 1.0, 0.0, 1.0
            a, a_low, b, b_low = mass, 0.0, 0.0, 0.0
            cos_z, sin_z = 1.0, 0.0
            cos_d, sin_d = 1.0, 0.0
            distance[0, k - base], distance[1, k - base] = 1.0, 0.0
            front = back = pieces.shape[1] // 2
            pieces[:4, front] = 0.0
            continue
        cos_t, sin_t = _unit(cosine * cos_t + sine * sin_t, sine * cos_t - cosine * sin_t)
        s = -s
        before = (a, a_low, b, b_low)
        a, error = two_sum(a, mass * cos_t)
        a_low += error
        b, error = two_sum(b, s * mass * sin_t)
        b_low += error
        front, back, a_piece, b_piece = _trim(pieces, front, back, s, (a, a_low, b, b_low))
        front, back = _append(pieces, front, back, s, before, cos_z, sin_z)
        cos_d = a_piece * cos_t + s * b_piece * sin_t
        sin_d = a_piece * sin_t - s * b_piece * cos_t
        if sin_d < 0.0:
            cos_d, sin_d = 1.0, 0.0
            cos_z, sin_z = cos_t, -s * sin_t
        else:
            cos_z, sin_z = _direction(a_piece, -b_piece)
        distance[0, k - base], distance[1, k - base] = _direction(cos_d, sin_d)
        steps_since_rebase += 1
        # The second condition keeps the total cost linear whatever the data.
        if a > _REBASE * abs(a_piece) and steps_since_rebase > back - front:
            a, a_low, b, b_low = _rebase(pieces, front, back, (a, a_low, b, b_low))
            steps_since_rebase = 0


@compiled
def distances(geometry: Floats, first: int, last: int, base: int, distance: Floats, tight: Floats) -> None:
    """Backward sweep over one run: `d*_i` becomes the optimal `d_i`.

    `tight[i]` becomes 1 where the constraint of interval i is tight, and 0 where it is not.
    """
    cosines, sines = geometry[1], geometry[2]
    place = last - base
    cos_d, sin_d = distance[0, place], distance[1, place]
    tight[last] = 0.0
    if last == tight.size - 2:
        # The dual vanishes at the last point, a quarter turn away: d >= Delta - pi/2.
        cosine, sine = cosines[place], sines[place]
        if cosine < 0.0 and -cosine * cos_d - sine * sin_d >= 0.0:
            cos_d, sin_d = sine, -cosine
            distance[0, place], distance[1, place] = cos_d, sin_d
            tight[last] = 1.0
    for i in range(last - 1, first - 1, -1):
        place = i - base
        cosine, sine = cosines[place], sines[place]
        cos_e, sin_e = _unit(cosine * cos_d + sine * sin_d, sine * cos_d - cosine * sin_d)
        # Selections and no branch, which would often be guessed wrong.
        is_tight = (sin_e >= 0.0) & (sin_e * distance[0, place] >= cos_e * distance[1, place])
        cos_d = cos_e if is_tight else distance[0, place]
        sin_d = sin_e if is_tight else distance[1, place]
        distance[0, place], distance[1, place] = cos_d, sin_d
        tight[i] = 1.0 if is_tight else 0.0
