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
import threading

import numpy as np
from numpy.typing import NDArray

from workers.minnorm.collinear import bridge
from workers.minnorm.compiled import compiled, inlined
from workers.minnorm.doubles import pair_sum, two_sum
from workers.minnorm.weight import weight

Floats = NDArray[np.float64]
Indices = NDArray[np.int32]
Marks = NDArray[np.bool_]
Sums = tuple[float, float, float, float]  # A and B, each as a pair

_TINY = 1e-140
_REBASE = 2.0**40
_NO_SHARE = 2.0**-40
"""A share of a point's mass below this fraction is rounding noise and makes no kink of its own."""


@compiled
def _measure(x: Floats, geometry: Floats) -> None:
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
def _minimisers(
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
def _distances(geometry: Floats, first: int, last: int, distance: Floats, tight: Marks) -> None:
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


@compiled
def _flows(
    geometry: Floats,
    curvature: Floats,
    first: int,
    last: int,
    distance: Floats,
    tight: Marks,
    from_left: Floats,
    from_right: Floats,
) -> None:
    """Place the masses of one run: `from_left[i]` of point i and `from_right[i]` of point i+1 meet in interval i.

    A point that shares with neither side keeps its mass; the kink then lies at the point itself.
    """
    weights = geometry[0]
    end = weights.size - 1  # the last point has no mass of its own and gives whatever is called for
    rest = abs(curvature[first])  # mass of the point in hand that is still to be placed
    for i in range(first, last + 1):
        mass = abs(curvature[i])
        inside = distance[i, 1] > 0.0 and distance[i + 1, 1] > 0.0
        if not (tight[i] and inside and rest > _NO_SHARE * mass):
            if rest < mass:  # shared with the left, and nothing flows to the right: all of it goes left
                from_right[i - 1] = mass
            rest = abs(curvature[i + 1])
            continue
        from_left[i] = rest
        called = rest * (weights[i] / weights[i + 1]) * (distance[i, 1] / distance[i + 1, 1])
        if i + 1 == end:
            from_right[i] = called
            continue
        next_mass = abs(curvature[i + 1])
        from_right[i] = min(called, next_mass)
        rest = next_mass - from_right[i]


@compiled
def _solve_runs(
    x: Floats,
    curvature: Floats,
    dual: Floats,
    from_left: Floats,
    from_right: Floats,
    geometry: Floats,
    distance: Floats,
    border: Floats,
    before: Floats,
    queue: Indices,
    tight: Marks,
) -> None:
    """All runs, where the left end is not active, and the collinear points between them."""
    n = x.size
    _measure(x, geometry)
    distance[0] = distance[n - 1] = (0.0, 1.0)
    some_are_collinear = False
    first = 1
    while first < n - 1:
        if curvature[first] == 0.0:
            some_are_collinear = True
            first += 1
            continue
        last = first
        while last + 1 < n - 1 and np.sign(curvature[last + 1]) == np.sign(curvature[first]):
            last += 1
        if first == last < n - 2:  # a run of one point: the kink stays there
            distance[first, 0], distance[first, 1] = 1.0, 0.0
            dual[first] = geometry[0, first] if curvature[first] > 0.0 else -geometry[0, first]
            first += 1
            continue
        _minimisers(geometry, curvature, first, last, distance, border, before, queue)
        _distances(geometry, first, last, distance, tight)
        _flows(geometry, curvature, first, last, distance, tight, from_left, from_right)
        sign = 1.0 if curvature[first] > 0.0 else -1.0
        for i in range(first, last + 1):
            dual[i] = sign * distance[i, 0] * geometry[0, i]
            from_left[i] *= sign
            from_right[i] *= sign
        first = last + 1
    if some_are_collinear:
        bridge(x, curvature, geometry[0], distance, dual)


def split_masses(x: Floats, curvature: Floats) -> tuple[Floats, Floats, Floats]:
    """Split the curvature of every point between its two intervals, at least total cost.

    Parameters
    ----------
    x
        Abscissae, ascending and distinct, shape (n,).
    curvature
        Shape (n,); zero at both ends and where the data are collinear: there the interpolator has to be affine, and
        the points on both sides cannot share a kink.

    Returns
    -------
    dual
        Values `q`, shape (n,), zero at both ends: `|chord of q| <= sqrt(1 + x^2)` everywhere, `sum curvature * q` is
        the least norm.
    from_left, from_right
        Shape (n,): the slope change that interval i takes from its left and from its right end, with the sign of their
        curvature; both are zero in an interval without a kink. A point that gives to neither side has its kink at
        itself.

    Notes
    -----
    O(n) time and memory on every input. Only one end can be active (its interval then spans more than a right angle);
    if it is the left one, the mirrored problem is solved.
    """
    if 1.0 + float(x[0]) * float(x[1]) < 0.0:
        dual, from_right, from_left = _split(-x[::-1], curvature[::-1].copy())
        return dual[::-1].copy(), _mirrored(from_left), _mirrored(from_right)
    return _split(x, curvature)


def _split(x: Floats, curvature: Floats) -> tuple[Floats, Floats, Floats]:
    n = x.size
    dual, from_left, from_right = np.zeros(n), np.zeros(n), np.zeros(n)
    geometry, distance, border, before, queue, tight = _scratch.arrays(n)
    _solve_runs(x, curvature, dual, from_left, from_right, geometry, distance, border, before, queue, tight)
    return dual, from_left, from_right


class _Scratch(threading.local):
    """Working memory of a thread, kept from its largest problem: zeroing fresh pages would cost a fifth of the time.

    97 bytes a point. It is NumPy's and not that of compiled code, as NumPy asks the system for huge pages.
    """

    def __init__(self) -> None:
        self._size = 0

    def arrays(self, n: int) -> tuple[Floats, Floats, Floats, Floats, Indices, Marks]:
        """Geometry, distances, borders, prefix sums, queue and marks for n points; only the marks are cleared."""
        if n > self._size:
            self._floats = np.empty(11 * n)
            self._queue = np.empty(2 * n + 1, dtype=np.int32)
            self._tight = np.empty(n, dtype=np.bool_)
            self._size = n
        floats = self._floats
        tight = self._tight[:n]
        tight[:] = False
        return (
            floats[: 3 * n].reshape(3, n),
            floats[3 * n : 5 * n].reshape(n, 2),
            floats[5 * n : 7 * n].reshape(n, 2),
            floats[7 * n : 11 * n].reshape(n, 4),
            self._queue[: 2 * n + 1],
            tight,
        )


_scratch = _Scratch()


def _mirrored(by_interval: Floats) -> Floats:
    """Values of intervals 0..n-2 of the mirrored points, in the order of the points."""
    mirrored = np.zeros_like(by_interval)
    mirrored[:-1] = by_interval[:-1][::-1]
    return mirrored
