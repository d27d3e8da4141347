"""The fast way to a regularised least-squares fit with a skip connection: exchange of kinks, exact in each round.

Each round solves the problem restricted to some kinks (`restricted`), reads the dual function off the residuals, and
admits a kink wherever it exceeds its envelope most (`survey`): at a point of the data, or in the interval between two,
inside of which it may slide. The objective falls in each round, and there are finitely many sets of kinks, so that no
round repeats another.
"""

import numpy as np
from numpy.typing import NDArray

from workers.fitting.restricted import Candidate, Columns, Observed, Price, candidate, minimise
from workers.fitting.survey import Finding, Peaks, Survey, line_of_data
from workers.immutable import immutable
from workers.minnorm.compiled import compiled
from workers.minnorm.piecewise_linear import PiecewiseLinear
from workers.minnorm.placement import place_kinks

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

_ROUNDS = 100
_MOST_STALLS = 10
_PROGRESS = 1e-6
_SEED = 1e-6
_MANY = 4096
_GROUP = 8
_ROUGHLY = 1e-3
"""The gap to which points in groups are solved: these differ from the points by more."""


@immutable
class Exchanged:
    """A candidate, the dual values its residuals give, and the relative gap between both as far as rounding allows.

    `dual_low` is what the dual values lose by rounding: multipliers are differences of their slopes.
    """

    candidate: Candidate
    dual_values: Floats
    dual_low: Floats
    objective: float
    relative_gap: float


def candidate_from(data: Observed, price: Price, function: PiecewiseLinear) -> Candidate:
    """The nodes that a function's kinks need: the data at them, or on both sides; a start for a similar problem."""
    x = data.x
    inner = (function.kinks > x[0]) & (function.kinks < x[-1])
    kinks, signs = function.kinks[inner], np.sign(function.slope_changes[inner])
    after = np.searchsorted(x, kinks)
    between = x[after] != kinks
    ends, nothing = [0, x.size - 1], np.zeros(2)
    nodes, firsts = np.unique(np.concatenate((ends, after, after[between] - 1)), return_index=True)
    sign = np.concatenate((nothing, signs, signs[between]))[firsts]
    return Candidate.of(data, price, nodes, sign, function.at_ascending(x[nodes]) - data.y[nodes])


def as_function(data: Observed, candidate: Candidate) -> PiecewiseLinear:
    """The candidate as a function, its kinks placed exactly."""
    x, y = data.x[candidate.nodes], candidate.values
    slope0, kinks, slope_changes = place_kinks(x, y, candidate.from_left, candidate.from_right)
    return PiecewiseLinear(float(x[0]), float(y[0]), slope0, kinks, slope_changes)


def exchange(data: Observed, price: Price, gap: float, start: Candidate | None = None) -> Exchanged:
    """Lower the objective until the relative gap is reached, or no kink that is admitted lowers it.

    O(m) a round; 5 to 20 rounds, whatever the number of points. A `start` from a similar problem saves some; without it
    many points are solved in groups first, which say roughly where the kinks are.
    """
    if start is None:
        start = line_of_data(data) if data.x.size < _MANY else _from_groups(data, price, gap)
    survey = Survey(data, price)
    seed = _seed(data)
    found = survey.look(minimise(data, price, start), gap)
    best, stalls = found, 0
    for _ in range(_ROUNDS):
        # Kinks that are admitted side by side can drive each other out again: then fewer are admitted.
        admitted = found.peaks.highest(max(1, found.peaks.places.size >> (2 * stalls)))
        if best.relative_gap <= gap or stalls > _MOST_STALLS or not admitted.places.size:
            break
        found = survey.look(minimise(data, price, _with_peaks(survey, found.candidate, admitted, seed)), gap)
        stalls = 0 if _is_progress(best, found) else stalls + 1
        best = min(best, found, key=lambda one: one.relative_gap)
    if best is not found:
        survey.look(best.candidate, gap)
    return Exchanged(best.candidate, survey.high, survey.low, best.objective, best.relative_gap)


def _from_groups(data: Observed, price: Price, gap: float) -> Candidate:
    groups = Observed(*_grouped(data.x, data.y, data.weights))
    found = exchange(groups, price, max(gap, _ROUGHLY))
    return candidate_from(data, price, as_function(groups, found.candidate))


@compiled
def _grouped(x: Floats, y: Floats, weights: Floats) -> tuple[Floats, Floats, Floats]:
    """Means of points in a row, and their weights. Both ends stay as they are: there lines begin and end. O(m)."""
    last = x.size - 1
    count = 2 + (last + _GROUP - 2) // _GROUP
    places, means, masses = np.zeros(count), np.zeros(count), np.zeros(count)
    for i in range(x.size):
        g = (i + _GROUP - 1) // _GROUP if i < last else count - 1
        masses[g] += weights[i]
        share = weights[i] / masses[g]
        places[g] += share * (x[i] - places[g])
        means[g] += share * (y[i] - means[g])
        places[g] = min(places[g], x[i])  # it may be larger by rounding
    return places, means, masses


def _is_progress(best: Finding, found: Finding) -> bool:
    """Whether the objective has fallen by some of what is left, or the gap has."""
    fall = best.objective - found.objective
    return fall > _PROGRESS * best.relative_gap * best.objective or found.relative_gap < 0.5 * best.relative_gap


def _seed(data: Observed) -> float:
    """The slope change of a new kink."""
    mean = np.sum(data.weights * data.y)
    return _SEED * float(max(np.max(data.y) - mean, mean - np.min(data.y))) / float(data.x[-1] - data.x[0])


def _with_peaks(survey: Survey, here: Candidate, peaks: Peaks, seed: float) -> Candidate:
    """The candidate with small kinks at the peaks."""
    data, penalise_biases = survey.data, survey.price.penalise_biases
    return Candidate(
        *_admit(
            data.x,
            data.y,
            penalise_biases,
            survey.residuals,
            here.nodes,
            here.signs,
            peaks.places,
            np.sign(peaks.ratios) * seed,
            peaks.reaches,
        )
    )


@compiled
def _admit(
    x: Floats,
    y: Floats,
    penalise_biases: bool,
    residuals: Floats,
    old_nodes: Indices,
    old_signs: Floats,
    places: Indices,
    seeds: Floats,
    reaches: Floats,
) -> Columns:
    """A peak inside an interval makes nodes of both ends, with their shares. O(k)."""
    most = old_nodes.size + 2 * places.size
    nodes, signs, changes = np.empty(most, np.int64), np.empty(most), np.zeros(most)
    where = np.empty(old_nodes.size, np.int64)
    count, old = 0, 0
    for p in range(places.size):
        for side in range(2):
            share = reaches[p] if side == 1 else 1.0 - reaches[p]
            point = places[p] // 2 + side
            if not share > 0.0:
                continue
            while old_nodes[old] <= point and old < old_nodes.size - 1:
                nodes[count], signs[count], where[old] = old_nodes[old], old_signs[old], count
                count, old = count + 1, old + 1
            if point == old_nodes[old] or point == old_nodes[old - 1]:
                continue
            count += nodes[count - 1] < point
            nodes[count - 1], signs[count - 1], changes[count - 1] = point, np.sign(seeds[p]), seeds[p] * share
    for rest in range(old, old_nodes.size):
        nodes[count], signs[count], where[rest] = old_nodes[rest], old_signs[rest], count
        count += 1
    nodes = nodes[:count]
    offsets = residuals[nodes] + _bumps(x, nodes, changes, where)
    return candidate(x, y, penalise_biases, nodes, signs[:count], offsets)


@compiled
def _bumps(x: Floats, nodes: Indices, changes: Floats, where: Indices) -> Floats:
    """Values of a function with these changes of slope that vanishes at the old nodes, which are `where`.

    So values stay there: kinks beside the new ones give way, and the loss hardly changes.
    """
    bumps = np.zeros(nodes.size)
    for old in range(where.size - 1):
        first, last = where[old], where[old + 1]
        slope = 0.0
        for j in range(first + 1, last + 1):
            slope += changes[j - 1] if j - 1 > first else 0.0
            bumps[j] = bumps[j - 1] + slope * (x[nodes[j]] - x[nodes[j - 1]])
        tilt = bumps[last] / (x[nodes[last]] - x[nodes[first]])
        for j in range(first + 1, last):
            bumps[j] -= tilt * (x[nodes[j]] - x[nodes[first]])
        bumps[last] = 0.0
    return bumps
