"""From the data's curvature to kinks: each point's mass is split between its two intervals, at least total cost.

`reflection` finds the dual, and with it the intervals where two masses meet; here the masses follow.
"""

import threading

import numpy as np

from workers.minnorm.collinear import bridge
from workers.minnorm.compiled import compiled
from workers.minnorm.reflection import Floats, Indices, Marks, distances, measure, minimisers

_NO_SHARE = 2.0**-40
"""A share of a point's mass below this fraction is rounding noise and makes no kink of its own."""


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
    measure(x, geometry)
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
        minimisers(geometry, curvature, first, last, distance, border, before, queue)
        distances(geometry, first, last, distance, tight)
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
    _solve_runs(x, curvature, dual, from_left, from_right, *_scratch.arrays(n))
    return dual, from_left, from_right


class _Scratch(threading.local):
    """Working memory of a thread, kept from its largest problem: zeroing fresh pages would cost a fifth of the time.

    97 bytes a point. It is NumPy's and not that of compiled code, as NumPy asks the system for huge pages.
    """

    def __init__(self) -> None:
        self._floats, self._queue, self._tight = np.empty(0), np.empty(0, np.int32), np.empty(0, np.bool_)
        self._views = self._cut(0)

    def arrays(self, n: int) -> tuple[Floats, Floats, Floats, Floats, Indices, Marks]:
        """Geometry, distances, borders, prefix sums, queue and marks for n points; only the marks are cleared."""
        if n > self._tight.size:
            self._floats = np.empty(11 * n)
            self._queue = np.empty(2 * n + 1, dtype=np.int32)
            self._tight = np.empty(n, dtype=np.bool_)
        if n != self._views[-1].size:  # cutting takes as long as solving a small problem, and they often come in a row
            self._views = self._cut(n)
        self._views[-1].fill(False)
        return self._views

    def _cut(self, n: int) -> tuple[Floats, Floats, Floats, Floats, Indices, Marks]:
        floats = self._floats
        return (
            floats[: 3 * n].reshape(3, n),
            floats[3 * n : 5 * n].reshape(n, 2),
            floats[5 * n : 7 * n].reshape(n, 2),
            floats[7 * n : 11 * n].reshape(n, 4),
            self._queue[: 2 * n + 1],
            self._tight[:n],
        )


_scratch = _Scratch()


def _mirrored(by_interval: Floats) -> Floats:
    """Values of intervals 0..n-2 of the mirrored points, in the order of the points."""
    mirrored = np.zeros_like(by_interval)
    mirrored[:-1] = by_interval[:-1][::-1]
    return mirrored
