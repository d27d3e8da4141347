"""From the data's curvature to kinks: each point's mass is split between its two intervals, at least total cost.

`reflection` finds the dual, and with it the intervals where two masses meet; here the masses follow.
"""

import threading

import numpy as np

from workers.minnorm.collinear import bridge
from workers.minnorm.compiled import compiled
from workers.minnorm.reflection import Floats, distances, measure, minimisers

_NO_SHARE = 2.0**-40
"""A share of a point's mass below this fraction is rounding noise and makes no kink of its own."""

_PER_POINT, _PER_PIECE = 5, 6
"""Numbers that `split` works with: weights, angles and distances of all points, the pieces of one run at a time."""
_FEW = 1024
"""So many points that what they could save is not worth a look at their runs."""


@compiled
def _flows(
    geometry: Floats,
    curvature: Floats,
    first: int,
    last: int,
    distance: Floats,
    dual: Floats,
    from_left: Floats,
    from_right: Floats,
) -> None:
    """Write down the dual of one run and place its masses.

    `from_left[i]` of point i and `from_right[i]` of point i+1 meet in interval i; before, `from_left[i]` says whether
    the interval is tight. A point that shares with neither side keeps its mass; the kink then lies at the point itself.
    """
    weights, cosines, sines = geometry[0], distance[0], distance[1]
    end = weights.size - 1  # the last point has no mass of its own and gives whatever is called for
    sign = 1.0 if curvature[first] > 0.0 else -1.0
    rest = abs(curvature[first])  # mass of the point in hand that is still to be placed
    for i in range(first, last + 1):
        dual[i] = sign * cosines[i] * weights[i]
        mass = abs(curvature[i])
        is_tight = from_left[i] > 0.0
        from_left[i] = from_right[i] = 0.0
        inside = sines[i] > 0.0 and sines[i + 1] > 0.0
        if not (is_tight and inside and rest > _NO_SHARE * mass):
            if rest < mass:  # shared with the left, and nothing flows to the right: all of it goes left
                from_right[i - 1] = sign * mass
            rest = abs(curvature[i + 1])
            continue
        from_left[i] = sign * rest
        called = rest * (weights[i] / weights[i + 1]) * (sines[i] / sines[i + 1])
        if i + 1 == end:
            from_right[i] = sign * called
            continue
        next_mass = abs(curvature[i + 1])
        taken = min(called, next_mass)
        from_right[i] = sign * taken
        rest = next_mass - taken


@compiled
def _solve_runs(
    x: Floats, curvature: Floats, dual: Floats, from_left: Floats, from_right: Floats, room: Floats
) -> None:
    """All runs, where the left end is not active, and the collinear points between them."""
    n = x.size
    geometry = room[: 3 * n].reshape(3, n)
    distance = room[3 * n : 5 * n].reshape(2, n)
    longest = (room.size - _PER_POINT * n) // _PER_PIECE
    pieces = room[_PER_POINT * n :][: _PER_PIECE * longest].reshape(_PER_PIECE, longest)
    measure(x, geometry)
    for end in (0, n - 1):
        distance[0, end], distance[1, end] = 0.0, 1.0
        dual[end] = from_left[end] = from_right[end] = 0.0
    some_are_collinear = False
    first = 1
    while first < n - 1:
        sign = np.sign(curvature[first])
        last = first
        while last + 1 < n - 1 and curvature[last + 1] * sign > 0.0:
            last += 1
        if sign == 0.0 or first == last < n - 2:  # no run, or one of a point: the kink stays there
            some_are_collinear |= sign == 0.0
            distance[0, first], distance[1, first] = 1.0, 0.0
            dual[first] = sign * geometry[0, first]
            from_left[first] = from_right[first] = 0.0
        else:
            minimisers(geometry, curvature, first, last, distance, pieces)
            distances(geometry, first, last, distance, from_left)
            _flows(geometry, curvature, first, last, distance, dual, from_left, from_right)
        first = last + 1
    if some_are_collinear:
        bridge(x, curvature, geometry[0], distance, dual)


@compiled
def split(x: Floats, curvature: Floats, dual: Floats, from_left: Floats, from_right: Floats, room: Floats) -> None:
    """Fill in what `split_masses` returns; `room` is numbers to work with, `room_for` so many at least.

    Only one end can be active; if it is the left one, the mirrored problem is solved.
    """
    if 1.0 + x[0] * x[1] >= 0.0:
        _solve_runs(x, curvature, dual, from_left, from_right, room)
        return
    _solve_runs(-x[::-1], curvature[::-1].copy(), dual, from_right, from_left, room)
    dual[:] = dual[::-1].copy()
    for by_interval in (from_left[:-1], from_right[:-1]):
        by_interval[:] = by_interval[::-1].copy()


def room_for(curvature: Floats) -> int:
    """How many numbers `split` works with."""
    n = curvature.size
    return _PER_POINT * n + _PER_PIECE * (n if n <= _FEW else _longest_run(curvature) + 2)


@compiled
def _longest_run(curvature: Floats) -> int:
    """How many neighbours at most curve the same way."""
    longest = upwards = downwards = 0
    for value in curvature:
        upwards = upwards + 1 if value > 0.0 else 0
        downwards = downwards + 1 if value < 0.0 else 0
        longest = max(longest, upwards, downwards)
    return longest


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
    O(n) time and memory on every input. Only one end can be active: its interval then spans more than a right angle.
    """
    n = x.size
    dual, from_left, from_right = np.empty(n), np.empty(n), np.empty(n)
    split(x, curvature, dual, from_left, from_right, scratch.room(room_for(curvature)))
    return dual, from_left, from_right


@compiled
def shares_within(x: Floats, curvature: Floats) -> tuple[Floats, Floats]:
    """`from_left` and `from_right` of `split_masses`, for compiled code that asks again and again about few points."""
    n = x.size
    dual, from_left, from_right = np.empty(n), np.empty(n), np.empty(n)
    split(x, curvature, dual, from_left, from_right, np.empty((_PER_POINT + _PER_PIECE) * n))
    return from_left, from_right


class _Scratch(threading.local):
    """Working memory of a thread, kept from its largest problem: zeroing fresh pages would cost a fifth of the time.

    It is NumPy's and not that of compiled code, as NumPy asks the system for huge pages.
    """

    def __init__(self) -> None:
        self._room = np.empty(0)

    def room(self, size: int) -> Floats:
        """So many numbers at least, of any value."""
        room = self._room
        if size > room.size:
            self._room = room = np.empty(size)
        return room


scratch = _Scratch()
