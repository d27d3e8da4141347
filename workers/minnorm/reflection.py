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
sums, so a piece is just the number `j`. Every piece enters and leaves the double-ended queue once: O(n) on every input.

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
Indices = NDArray[np.int32]
Marks = NDArray[np.bool_]
Sums = tuple[float, float, float, float]  # A and B, each as a pair

_TINY = 1e-140
_REBASE = 2.0**40


@compiled
def measure(x: Floats, geometry: Floats) -> None:
    """Fill the rows: the weights `w_i`; cosine and sine of the angle `Delta_i` between `(x_i, 1)`, `(x_{i+1}, 1)`."""
    weights, cosines, sines = geometry[0], geometry[1], geometry[2]
    for i in range(x.size):
        weights[i] = weight(x[i])
    for i in range(x.size - 1):
        left = 1.0 / weights[i]
        right = 1.0 / weights[i + 1]
        cosines[i] = (x[i] * left) * (x[i + 1] * right) + left * right
        sines[i] = ((x[i + 1] - x[i]) * left) * right


@inlined
def _unit(cosine: float, sine: float) -> tuple[float, float]:
    """Pull a vector that is almost a unit vector back onto the circle (one Newton step)."""
    factor = 1.5 - 0.5 * (cosine * cosine + sine * sine)
    return cosine * factor, sine * factor


@inlined
def _direction(a: float, b: float) -> tuple[float, float]:
    """The unit vector along `(a, b)`; `(1, 0)` where both vanish."""
    size = max(abs(a), abs(b))
    if size < _TINY or size > 1.0 / _TINY:  # the squares would leave the range of doubles
        if size == 0.0:
            return 1.0, 0.0
        a, b = a / size, b / size
    length = math.sqrt(a * a + b * b)
    return a / length, b / length


@compiled
def _rebase(before: Floats, queue: Indices, front: int, back: int, total: Sums) -> Sums:
    """Subtract from all prefix sums the smallest in use, once they are so large that differences lose digits."""
    oldest = queue[front]
    for place in range(front, back + 1):
        oldest = min(oldest, queue[place])
    base = before[oldest].copy()
    for place in range(front, back + 1):
        row = before[queue[place]]
        row[0], row[1] = pair_sum(row[0], row[1], -base[0], -base[1])
        row[2], row[3] = pair_sum(row[2], row[3], -base[2], -base[3])
    a, a_low = pair_sum(total[0], total[1], -base[0], -base[1])
    b, b_low = pair_sum(total[2], total[3], -base[2], -base[3])
    return a, a_low, b, b_low


@inlined
def _trim(
    queue: Indices, front: int, back: int, s: float, before: Floats, border: Floats, total: Sums
) -> tuple[int, int, float, float]:
    """Drop the pieces left of the minimiser, from the end where e is small.

    Returns the new ends of the queue, and A and B of the piece that has the minimiser.
    """
    a, a_low, b, b_low = total
    while True:
        piece = queue[front] if s > 0.0 else queue[back]
        a_piece = (a - before[piece, 0]) + (a_low - before[piece, 1])
        b_piece = (b - before[piece, 2]) + (b_low - before[piece, 3])
        if front == back:
            break
        inner = queue[front + 1] if s > 0.0 else queue[back - 1]
        at = max(piece, inner) - 1  # the two pieces meet where the younger one was appended
        if s * (a_piece * border[at, 1] + b_piece * border[at, 0]) >= 0.0:
            break
        if s > 0.0:
            front += 1
        else:
            back -= 1
    return front, back, a_piece, b_piece


@compiled
def minimisers(
    geometry: Floats,
    curvature: Floats,
    first: int,
    last: int,
    distance: Floats,
    border: Floats,
    before: Floats,
    queue: Indices,
) -> None:
    """Forward sweep over one run: the minimiser `d*_i` of each `F_i`, as (cosine, sine) in `distance`.

    `border[i]` is the same place in the coordinate z, `before[j]` the prefix sums of A and B that a piece starting at
    point j has to subtract. The pieces are `queue[front..back]`, ascending in z.
    """
    weights, cosines, sines = geometry[0], geometry[1], geometry[2]
    front = back = queue.size // 2
    cos_t, sin_t, s = 1.0, 0.0, 1.0
    a = a_low = b = b_low = 0.0
    cos_d, sin_d = 1.0, 0.0  # not of unit length: the branches below do not wait for a square root
    steps_since_rebase = 0
    for k in range(first, last + 1):
        mass = abs(curvature[k]) * weights[k]
        fresh = k == first
        if not fresh:
            cosine, sine = cosines[k - 1], sines[k - 1]
            # Delta <= d*: the previous point does not feel this one, and the message is zero.
            fresh = sine * cos_d <= cosine * sin_d
        if fresh:
            cos_t, sin_t, s = 1.0, 0.0, 1.0
            before[k] = 0.0
            a, a_low, b, b_low = mass, 0.0, 0.0, 0.0
            border[k, 0], border[k, 1] = 1.0, 0.0
            distance[k, 0], distance[k, 1] = 1.0, 0.0
            cos_d, sin_d = 1.0, 0.0
            front = back = queue.size // 2
            queue[front] = k
            continue
        cos_t, sin_t = _unit(cosine * cos_t + sine * sin_t, sine * cos_t - cosine * sin_t)
        s = -s
        before[k, 0], before[k, 1], before[k, 2], before[k, 3] = a, a_low, b, b_low
        a, error = two_sum(a, mass * cos_t)
        a_low += error
        b, error = two_sum(b, s * mass * sin_t)
        b_low += error
        total = (a, a_low, b, b_low)
        front, back, a_piece, b_piece = _trim(queue, front, back, s, before, border, total)
        cos_d = a_piece * cos_t + s * b_piece * sin_t
        sin_d = a_piece * sin_t - s * b_piece * cos_t
        if sin_d < 0.0:
            cos_d, sin_d = 1.0, 0.0
            border[k, 0], border[k, 1] = cos_t, -s * sin_t
        else:
            border[k, 0], border[k, 1] = _direction(a_piece, -b_piece)
        distance[k, 0], distance[k, 1] = _direction(cos_d, sin_d)
        if s > 0.0:
            back += 1
            queue[back] = k
        else:
            front -= 1
            queue[front] = k
        steps_since_rebase += 1
        # The second condition keeps the total cost linear whatever the data.
        if a > _REBASE * abs(a_piece) and steps_since_rebase > back - front:
            a, a_low, b, b_low = _rebase(before, queue, front, back, total)
            steps_since_rebase = 0


@compiled
def distances(geometry: Floats, first: int, last: int, distance: Floats, tight: Marks) -> None:
    """Backward sweep over one run: `d*_i` becomes the optimal `d_i`; marks the intervals whose constraint is tight."""
    cosines, sines = geometry[1], geometry[2]
    cos_d, sin_d = distance[last]
    if last == cosines.size - 2:
        # The dual vanishes at the last point, a quarter turn away: d >= Delta - pi/2.
        cosine, sine = cosines[last], sines[last]
        if cosine < 0.0 and -cosine * cos_d - sine * sin_d >= 0.0:
            cos_d, sin_d = sine, -cosine
            distance[last, 0], distance[last, 1] = cos_d, sin_d
            tight[last] = True
    for i in range(last - 1, first - 1, -1):
        cosine, sine = cosines[i], sines[i]
        cos_e, sin_e = _unit(cosine * cos_d + sine * sin_d, sine * cos_d - cosine * sin_d)
        cos_d, sin_d = distance[i]
        if sin_e >= 0.0 and sin_e * cos_d >= cos_e * sin_d:
            cos_d, sin_d = cos_e, sin_e
            distance[i, 0], distance[i, 1] = cos_d, sin_d
            tight[i] = True
