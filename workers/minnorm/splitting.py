"""From the data's curvature to kinks: each point's mass is split between its two intervals, at least total cost.

`reflection` finds the dual, and with it the intervals where two masses meet; here the masses follow.
"""

import threading

import numpy as np

from workers.minnorm.chords import count_runs
from workers.minnorm.collinear import bridge
from workers.minnorm.compiled import compiled, inlined
from workers.minnorm.reflection import Floats, distances, measure, minimisers

_NO_SHARE = 2.0**-40
"""A share of a point's mass below this fraction is rounding noise and makes no kink of its own."""

_ROOM = 11
"""Numbers a point that `split` works with: weights, angles (2), distances (2), pieces (6)."""
_FEW = 1024
"""So many points that there is nothing to be saved."""


@compiled
def _flows(
    geometry: Floats,
    curvature: Floats,
    first: int,
    last: int,
    base: int,
    distance: Floats,
    dual: Floats,
    from_left: Floats,
    from_right: Floats,
) -> None:
    """Write down the dual of one run and place its masses.

    The first columns of `geometry` and of `distance` are those of point `base`.
    `from_left[i]` of point i and `from_right[i]` of point i+1 meet in interval i; before, `from_left[i]` says whether
    the interval is tight. A point that shares with neither side keeps its mass; the kink then lies at the point itself.
    """
    weights, cosines, sines = geometry[0], distance[0], distance[1]
    end = curvature.size - 1  # the last point has no mass of its own and gives whatever is called for
    sign = 1.0 if curvature[first] > 0.0 else -1.0
    rest = abs(curvature[first])  # mass of the point in hand that is still to be placed
    for i in range(first, last + 1):
        place = i - base
        dual[i] = sign * cosines[place] * weights[place]
        mass = abs(curvature[i])
        is_tight = from_left[i] > 0.0
        from_left[i] = from_right[i] = 0.0
        inside = sines[place] > 0.0 and sines[place + 1] > 0.0
        if not (is_tight and inside and rest > _NO_SHARE * mass):
            if rest < mass:  # shared with the left, and nothing flows to the right: all of it goes left
                from_right[i - 1] = sign * mass
            rest = abs(curvature[i + 1])
            continue
        from_left[i] = sign * rest
        called = rest * (weights[place] / weights[place + 1]) * (sines[place] / sines[place + 1])
        if i + 1 == end:
            from_right[i] = sign * called
            continue
        next_mass = abs(curvature[i + 1])
        taken = min(called, next_mass)
        from_right[i] = sign * taken
        rest = next_mass - taken


@inlined
def _end_of_run(curvature: Floats, first: int) -> int:
    """The last point that curves as `first` does, of those that follow it."""
    sign, last = np.sign(curvature[first]), first
    while last + 1 < curvature.size - 1 and curvature[last + 1] * sign > 0.0:
        last += 1
    return last


@compiled
def _solve_runs(
    x: Floats, curvature: Floats, dual: Floats, from_left: Floats, from_right: Floats, room: Floats, longest: int
) -> None:
    """All runs, where the left end is not active, and the collinear points between them.

    Weights, angles and distances are those of one run at a time, and its neighbours, if its longest is told; else of
    all points, as `bridge` asks for them.
    """
    n = x.size
    columns = n if longest == 0 else longest + 2
    geometry = room[: 3 * columns].reshape(3, columns)
    distance = room[3 * columns : 5 * columns].reshape(2, columns)
    pieces = room[5 * columns : 11 * columns].reshape(6, columns)
    base = 0
    if longest == 0:
        measure(x, 0, n - 1, geometry)
        distance[0, 0], distance[1, 0] = 0.0, 1.0
    for end in (0, n - 1):
        dual[end] = from_left[end] = from_right[end] = 0.0
    some_are_collinear = False
    first = 1
    while first < n - 1:
        sign, last = np.sign(curvature[first]), _end_of_run(curvature, first)
        if longest > 0:
            base = first - 1
            measure(x, base, last + 1, geometry)
        if last == n - 2:
            distance[0, n - 1 - base], distance[1, n - 1 - base] = 0.0, 1.0
        if sign == 0.0 or first == last < n - 2:  # no run, or one of a point: the kink stays there
            some_are_collinear |= sign == 0.0
            distance[0, first - base], distance[1, first - base] = 1.0, 0.0
            dual[first] = sign * geometry[0, first - base]
            from_left[first] = from_right[first] = 0.0
        else:
            minimisers(geometry, curvature, first, last, base, distance, pieces)
            distances(geometry, first, last, base, distance, from_left)
            _flows(geometry, curvature, first, last, base, distance, dual, from_left, from_right)
        first = last + 1
    if some_are_collinear:
        bridge(x, curvature, geometry[0], distance, dual)


@compiled
def split(
    x: Floats, curvature: Floats, dual: Floats, from_left: Floats, from_right: Floats, room: Floats, longest: int
) -> None:
    """Fill in what `split_masses` returns; of `room` and `longest` see `room_for`.

    Only one end can be active; if it is the left one, the mirrored problem is solved.
    """
    if 1.0 + x[0] * x[1] >= 0.0:
        _solve_runs(x, curvature, dual, from_left, from_right, room, longest)
        return
    _solve_runs(-x[::-1], curvature[::-1].copy(), dual, from_right, from_left, room, longest)
    dual[:] = dual[::-1].copy()
    for by_interval in (from_left[:-1], from_right[:-1]):
        by_interval[:] = by_interval[::-1].copy()


def room_for(n: int, longest_run: int) -> tuple[int, int]:
    """How many numbers `split` works with, and the longest run if it is to work on one at a time, else 0."""
    longest = longest_run if n > _FEW else 0
    return _ROOM * (longest + 2 if longest else n), longest


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
    size, longest = room_for(n, count_runs(curvature)[0])
    split(x, curvature, dual, from_left, from_right, scratch.room(size), longest)
    return dual, from_left, from_right


@compiled
def shares_within(x: Floats, curvature: Floats) -> tuple[Floats, Floats]:
    """`from_left` and `from_right` of `split_masses`, for compiled code that asks again and again about few points."""
    n = x.size
    dual, from_left, from_right = np.empty(n), np.empty(n), np.empty(n)
    split(x, curvature, dual, from_left, from_right, np.empty(_ROOM * n), 0)
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
