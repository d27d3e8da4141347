"""Which neurons an approximate solution of the cone program means.

An interior-point method leaves a little mass on every neuron. Those of the optimum touch their envelope: where one
does not, its mass is small because its distance from the envelope is not. So neurons with more mass than distance are
kept. Distances are angles: measured along the circle of directions `(x, 1)`, they obey a law of reflection.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workers.minnorm.cones import FAMILIES, LEFT, RIGHT, Shares, Targets
from workers.minnorm.facing import reflect
from workers.minnorm.frame import Frame

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Marks = NDArray[np.bool_]

_SAME = 1e-9
_ROUNDED = 1e-6
"""Of an angle whose cosine is rounded: the excess over the envelope is its square."""
DIRECTIONS, SIGNS = (np.array(column)[:, None] for column in zip(*FAMILIES, strict=True))


@dataclass
class Neurons:
    """The neurons that are kept, in units of cost and of `Targets.scale`; zero where there is none.

    A row for each family. `points[f, i]` has its kink at point i; `left[f, i]` and `right[f, i]` are the shares of the
    one with its kink inside interval i; `everywhere[s]` is `(w, b)` of the one that is active on all points.
    """

    points: Floats
    left: Floats
    right: Floats
    everywhere: Floats

    @property
    def inside(self) -> Marks:
        """Where there is a neuron with its kink inside the interval."""
        return (self.left > 0.0) & (self.right > 0.0)

    def settle(self) -> None:
        """A neuron inside an interval that is left with one share has its kink at that end."""
        alone = ~self.inside
        self.points[:, :-1] += np.where(alone, self.left, 0.0)
        self.points[:, 1:] += np.where(alone, self.right, 0.0)
        self.left[alone] = self.right[alone] = 0.0


def find_neurons(targets: Targets, shares: Shares, multipliers: Floats, least: float, nearness: float) -> Neurons:
    """The neurons that carry more than the least mass, those of neighbouring intervals with kinks at one point as one.

    A kink within the angle `nearness` of a point counts as being there, unless it is known better: the line of the dual
    is far more accurate than the distances that the solver leaves, so these are computed anew where that can be done.
    """
    frame = targets.frame
    distance, exact = sharpened(targets, multipliers)
    left, right = shares.left, shares.right
    heavy = left + right > least
    near = distance <= np.where(exact, _SAME, nearness)
    open_by = distance[:, :-1] + distance[:, 1:] - frame.step
    known = exact[:, :-1] & exact[:, 1:]
    tight = np.where(known, open_by <= _SAME * (frame.step + _SAME), left + right > _slack(frame, distance))
    at_left, at_right = heavy & near[:, :-1], heavy & near[:, 1:]
    points = np.zeros_like(distance)
    points[:, :-1] += np.where(at_left, np.where(at_right, left, left + right), 0.0)
    points[:, 1:] += np.where(at_right, np.where(at_left, right, left + right), 0.0)
    inner = heavy & tight & ~near[:, :-1] & ~near[:, 1:]
    # The end of an outermost interval may touch its envelope or nearly so: then both are tried, with half of the mass.
    for interval, end, other in ((0, at_left, right), (-1, at_right, left)):
        doubt = end[:, interval] & (other[:, interval] > least)
        points[:, interval] *= np.where(doubt, 0.5, 1.0)
        inner[:, interval] |= doubt
    everywhere = shares.everywhere.copy()
    lengths = np.hypot(*everywhere.T)
    gains = (1.0, -1.0) * (everywhere @ multipliers[:2])
    everywhere[lengths <= np.maximum(least, 1.0 - gains / np.maximum(lengths, least))] = 0.0
    neurons = Neurons(points, np.where(inner, left, 0.0), np.where(inner, right, 0.0), everywhere)
    _seize(frame, neurons, nearness)
    # Strictly inside, opposite ones cannot both touch.
    neurons.everywhere[int(np.argmin(np.hypot(*neurons.everywhere.T)))] = 0.0
    neurons.points[_blind(frame)] = 0.0
    return neurons


def all_neurons(targets: Targets, shares: Shares, lightest: float) -> Neurons:
    """The neurons as the solver leaves them, but for the light ones."""
    heavy = shares.left + shares.right > lightest
    points = np.zeros((len(FAMILIES), targets.frame.x.size))
    left, right = np.where(heavy, shares.left, 0.0), np.where(heavy, shares.right, 0.0)
    everywhere = np.where(np.hypot(*shares.everywhere.T)[:, None] > lightest, shares.everywhere, 0.0)
    neurons = Neurons(points, left, right, everywhere)
    _seize(targets.frame, neurons, _SAME)
    return neurons


def _seize(frame: Frame, neurons: Neurons, nearness: float) -> None:
    """One that is active on all points and has its kink at the first or last of them is a neuron there."""
    for s, vector in enumerate(neurons.everywhere):
        for end, direction in ((0, RIGHT), (-1, LEFT)):
            length = np.hypot(*vector)
            if length > 0.0 and vector @ frame.units[:, end] <= nearness * min(1.0, frame.step[end]) * length:
                neurons.points[FAMILIES.index((direction, (1, -1)[s])), end] += length
                vector[:] = 0.0


def _blind(frame: Frame) -> Marks:
    """Where a neuron that has its kink at a point is active on no point."""
    blind = np.zeros((len(FAMILIES), frame.x.size), dtype=bool)
    blind[DIRECTIONS[:, 0] == RIGHT, -1] = True
    blind[DIRECTIONS[:, 0] == LEFT, 0] = True
    return blind


def distances(frame: Frame, multipliers: Floats) -> Floats:
    """By angle, from each point to where a dual at unit height would be as high as here. A row for each family."""
    seen, line = frame.heights(multipliers)
    height = SIGNS * (seen - np.where(DIRECTIONS == LEFT, line, 0.0))
    near: Floats = 2.0 * np.arcsin(np.sqrt(np.clip(0.5 * (1.0 - height), 0.0, 1.0)))
    return near


def sharpened(targets: Targets, multipliers: Floats) -> tuple[Floats, Marks]:
    """The distances, computed anew where the law of reflection holds; and where that is.

    Neurons of sign `s` face right where `s l(t) >= 0` and left elsewhere, `l` the line of the dual. A stretch of points
    of one sign and direction obeys the law of reflection. What it meets at its ends is taken as it is: the ends of the
    data, and points where neurons of both directions or signs may be needed.
    """
    frame = targets.frame
    distance = distances(frame, multipliers)
    _, line = frame.heights(multipliers)
    signs, mass = np.sign(targets.masses), np.abs(targets.masses)
    given = _given(frame, multipliers)
    direction = np.where(signs * line >= 0.0, RIGHT, LEFT)
    exact = (signs == SIGNS) & (direction == DIRECTIONS) & ~given
    for f, starts, ends in _stretches(exact):
        for first, last in zip(starts, ends, strict=True):
            bounds = [
                frame.step[min(end, beside)] - distance[f, beside]
                if given[beside] and signs[beside] in {0.0, signs[end]}
                else 0.0
                for end, beside in ((first, first - 1), (last, last + 1))
            ]
            steps, masses = frame.step[first:last], mass[first : last + 1]
            distance[f, first : last + 1] = reflect(steps, masses, *bounds)
    return distance, exact


def _given(frame: Frame, multipliers: Floats) -> Marks:
    """Both ends of the data, and of every interval where neurons of more than one family may meet.

    The line vanishes there, or is so high that the dual can touch the envelopes of both directions: their distances are
    no more than the interval is wide, and the height of the line is the sum of their cosines.
    """
    _, height = frame.heights(multipliers)
    middle = np.arctan2(frame.sine[:-1], frame.cosine[:-1]) + 0.5 * frame.step
    away = np.abs(np.mod(np.arctan2(-multipliers[1], multipliers[0]) - middle + 0.5 * np.pi, np.pi) - 0.5 * np.pi)
    highest = np.hypot(*multipliers[:2]) * np.cos(np.maximum(away - 0.5 * frame.step, 0.0))
    padded = np.concatenate(([0.0], frame.step, [0.0]))
    wide = np.minimum(np.maximum(np.maximum(padded[:-2], padded[2:]), frame.step), 0.5 * np.pi)
    meet = ((height[:-1] >= 0.0) != (height[1:] >= 0.0)) | (highest > 2.0 * np.cos(wide) - 1e-6)
    given = np.zeros(frame.x.size, dtype=bool)
    given[0] = given[-1] = True
    given[:-1] |= meet
    given[1:] |= meet
    return given


def _slack(frame: Frame, distance: Floats) -> Floats:
    """How far the dual stays below its envelope on each interval, relative to it: `1 - cos` of an angle."""
    first, second = distance[:, :-1], distance[:, 1:]
    excess = np.maximum(0.0, np.minimum(np.minimum(first, second), 0.5 * (first + second - frame.step)))
    slack: Floats = 2.0 * np.sin(0.5 * excess) ** 2
    return slack


def exceeded(frame: Frame, multipliers: Floats) -> Indices:
    """Family and interval wherever the dual exceeds its envelope inside an interval by more than rounding."""
    distance = distances(frame, multipliers)
    return np.argwhere(distance[:, :-1] + distance[:, 1:] < frame.step * (1.0 - _SAME) - _ROUNDED)


def _stretches(marks: Marks) -> Iterator[tuple[int, Indices, Indices]]:
    """For each row, the first and last places of its stretches of marks."""
    for f, row in enumerate(marks):
        edges = np.diff(np.concatenate(([False], row, [False])).astype(np.int8))
        yield f, np.flatnonzero(edges > 0), np.flatnonzero(edges < 0) - 1
