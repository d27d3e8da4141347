"""Pieces of polynomials: split where they change sign and where a weight is less smooth, and integrated over parts."""

import numpy as np
from numpy.typing import NDArray

from workers.minnorm.compiled import compiled
from workers.minnorm.weight import weight

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


@compiled
def split(
    breakpoints: Floats,
    units: Floats,
    ends: Floats,
    powers: Floats,
    splits: Floats,
    pieces: Indices,
    starts: Floats,
    stops: Floats,
) -> int:
    """Fill in the panels, return how many."""
    degree = powers.shape[1] - 1
    marks = np.empty(degree + splits.size)
    count = 0
    next_split = 0
    for i in range(units.size):
        found = _zeros(powers[i], ends[i], marks)
        while next_split < splits.size and splits[next_split] < breakpoints[i + 1]:
            if splits[next_split] > breakpoints[i]:
                marks[found] = (splits[next_split] - breakpoints[i]) / units[i]
                found += 1
            next_split += 1
        marks[:found].sort()
        start = 0.0
        for k in range(found + 1):
            stop = marks[k] if k < found else ends[i]
            if stop > start:
                pieces[count], starts[count], stops[count] = i, start, stop
                count += 1
                start = stop
    return count


@compiled
def _zeros(powers: Floats, end: float, marks: Floats) -> int:
    """Fill in where a polynomial changes sign between 0 and `end`, return how often.

    Between two sign changes of its derivative it changes sign once at most: so from the highest derivative down, each
    is found by bisection between those found before.
    """
    degree = powers.size - 1
    derivative = np.empty(degree + 1)
    before = np.empty(degree + 1)
    found = 0
    for order in range(degree - 1, -1, -1):
        size = degree + 1 - order
        for j in range(size):
            derivative[j] = powers[j + order]
            for factor in range(j + 1, j + order + 1):
                derivative[j] *= factor
        before[:found] = marks[:found]
        brackets, found = found, 0
        low = 0.0
        for k in range(brackets + 1):
            high = before[k] if k < brackets else end
            if (_value(derivative[:size], low) < 0.0) != (_value(derivative[:size], high) < 0.0):
                marks[found] = _bisect(derivative[:size], low, high)
                found += 1
            low = high
    return found


@compiled
def _value(powers: Floats, s: float) -> float:
    """A polynomial, by Horner's rule."""
    value = 0.0
    for j in range(powers.size - 1, -1, -1):
        value = value * s + powers[j]
    return value


@compiled
def _bisect(powers: Floats, low: float, high: float) -> float:
    """Where the polynomial changes sign."""
    is_negative = _value(powers, low) < 0.0
    while True:
        middle = 0.5 * (low + high)
        if not low < middle < high:
            return high
        if (_value(powers, middle) < 0.0) == is_negative:
            low = middle
        else:
            high = middle


@compiled
def integrate(
    breakpoints: Floats,
    units: Floats,
    powers: Floats,
    pieces: Indices,
    starts: Floats,
    stops: Floats,
    nodes: Floats,
    weights: Floats,
    results: Floats,
) -> None:
    """Fill in the three integrals of each panel; nodes and weights are those of the interval from 0 to 1."""
    for p in range(pieces.size):
        i = pieces[p]
        length = stops[p] - starts[p]
        mass, moment, cost = 0.0, 0.0, 0.0
        for n in range(nodes.size):
            s = starts[p] + length * nodes[n]
            x = breakpoints[i] + units[i] * s
            part = length * weights[n] * _value(powers[i], s)
            mass += part
            moment += part * x
            cost += part * weight(x)
        results[0, p], results[1, p], results[2, p] = mass, moment, cost
