"""What the dual values of a regularised fit prove, in exact fractions but for roots and logarithms; for check_fit.py."""

import math
from fractions import Fraction
from itertools import pairwise

LABELS = ("hinge", "logistic", "hard_margin")


def each(name, delta, z, y):
    """The loss of one observation."""
    if name in LABELS:
        softly = max(0.0, -float(z * y)) + math.log1p(math.exp(-abs(float(z * y))))
        return {"hinge": max(0, 1 - z * y), "logistic": softly, "hard_margin": 0}[name]
    r, near = abs(z - y), min(abs(z - y), delta)
    return {"squared": r * r, "absolute": r, "huber": near * (r - near / 2)}[name]


def least(name, delta, group, slope):
    """The least over z of the loss of the observations (weight, y) at one abscissa, plus `slope z`."""
    weight, up = sum(w for w, _ in group), sum(w for w, y in group if y > 0)
    if name in LABELS:
        a, b = up - slope, weight - up + slope
        if name == "logistic":
            return sum(float(part) * math.log(weight / part) for part in (a, b) if part)
        return min(up + a, weight - up + b) if name == "hinge" else abs(slope)
    if name == "squared":
        z = sum(w * y for w, y in group) / weight - slope / (2 * weight)
    else:
        reach = delta if name == "huber" else 0
        nodes = sorted(y + side * reach for _, y in group for side in (-1, 1))
        pull = (lambda r: max(-delta, min(delta, r))) if reach else (lambda r: 1 if r >= 0 else -1)
        rise = [slope + sum(w * pull(z - y) for w, y in group) for z in nodes]
        i = next((i for i, r in enumerate(rise) if r >= 0), len(nodes) - 1)
        z = nodes[i] - (rise[i] * (nodes[i] - nodes[i - 1]) / (rise[i] - rise[i - 1]) if reach and i else 0)
    return sum(w * each(name, delta, z, y) for w, y in group) + slope * z


def domain(name, delta, group):
    """The slopes for which `least` is finite."""
    weight, up = sum(w for w, _ in group), sum(w for w, y in group if y > 0)
    if name in {"squared", "hard_margin"}:
        labels = (-1, 1) if name == "squared" else (up - weight, up)
        return tuple(math.inf * side if side else 0 for side in labels)
    return (up - weight, up) if name in LABELS else (-weight * delta, weight * delta)


def peak(line, side, penalise_biases):
    """The largest quotient of what neurons (w, b) gain and cost, where gains are linear between those listed."""
    found = [
        g * g / Fraction(w * w + b * b * penalise_biases)
        for g, (w, b) in line
        if (w or penalise_biases) and side * g >= 0
    ]
    for (g, (w, b)), (h, (v, c)) in pairwise(line if penalise_biases else []):
        m, k, turn = g * c - h * b, h * w - g * v, w * c - v * b  # the worst neuron is (m, k) or its opposite
        if turn and (m * c - v * k) * (w * k - m * b) > 0 and side * (w * k - m * b) >= 0:
            found.append((m * m + k * k) / Fraction(turn * turn))
    return math.sqrt(max(found, default=0))


def worst_ratio(x, p, push, total, penalise_biases, side):
    """Of all neurons: right- and left-facing ones inside the data, and outside; and of lines, if these see one side."""
    right, left, top = [(1, -t) for t in x], [(-1, t) for t in x], (0, 1)
    line = [p[0] + push + total * (x[0] - t) for t in x]
    facing_left = [a - b for a, b in zip(p, line, strict=True)]
    inside = [(list(zip(p, right, strict=True)), side), (list(zip(facing_left, left, strict=True)), side)]
    outside = [([(total, top), (line[0], right[0])], 0), ([(-line[-1], left[-1]), (total, top)], 0)]
    lines = peak(list(zip(line, right, strict=True)), 0, penalise_biases) / 2 if side else 0.0
    return max(lines, *(peak(*path, penalise_biases) for path in inside + outside))


def with_right_signs(nodes, end, total, wanted, ends_at_zero):
    """The nodes [x, p, push] and multipliers, without those that have the wrong sign; and what `p` ends at."""
    kept = []

    def theta(j):
        sums = [(a[1] - b[1] - b[2]) / (b[0] - a[0]) for a, b in pairwise(kept[max(0, j - 1) : j + 2])]
        return (sums[0] if j else total) - (sums[-1] if j + 1 < len(kept) else 0)

    def squeeze():
        while len(kept) > 1 and theta(len(kept) - 2) * wanted[kept[-2][0]] < 0:
            kept[-1][2] += kept.pop(-2)[2]
            if len(kept) == 1 and ends_at_zero:
                kept[0][1] = -kept[0][2]

    for node in nodes:
        kept.append(list(node))
        squeeze()
    while kept and theta(len(kept) - 1) * wanted[kept[-1][0]] < 0:
        end += kept.pop()[2]
        if kept:
            kept[-1][1] = end
            squeeze()
    return kept, {node[0]: theta(j) for j, node in enumerate(kept)}, end


def lower_bound(groups, certificate, loss, delta, price, penalise_biases, skip_connection, monotone, curvature):
    """The objective that every function has at least, and whether each condition on the dual is broken."""
    x, p = list(groups), [Fraction(value) for value in certificate["dual_values"]]
    p = [value + Fraction(low) for value, low in zip(p, certificate.get("dual_low") or [0] * len(p), strict=True)]
    total, given = Fraction(certificate.get("dual_total", 0)), certificate.get("slope_multipliers")
    pushes = [monotone * max(0, Fraction(nu)) for nu in given or [0] * (len(x) + 1)]
    no_total = skip_connection or not penalise_biases
    ends = (-pushes[0] if skip_connection else p[0], pushes[-1])
    off = [abs(a - b) > abs(b) / 2**47 for a, b in zip((p[0], p[-1]), ends, strict=True)]
    bad = {"dual_total": total and no_total, "dual_end": any(off)}
    bad["slope_multipliers"] = any(nu < 0 if monotone else nu for nu in given or [])
    p[0], p[-1], total = *ends, total * (not no_total)
    bad["dual_envelope"] = worst_ratio(x, p, pushes[0], total, penalise_biases, curvature) > 1 + 1e-9
    domains = {a: domain(loss, delta, group) for a, group in groups.items()}
    wanted = {a: (low == 0) - (high == 0) for a, (low, high) in domains.items()}
    nodes, theta, end = with_right_signs(zip(x, p, pushes, strict=False), pushes[-1], total, wanted, skip_connection)
    if not any(theta.values()):
        return float(sum(least(loss, delta, group, 0) for group in groups.values())), bad
    # A curvature is asked for between all points: on both sides of those that are kept p goes on straight.
    at_ends = [nodes[0][1] + total * (nodes[0][0] - x[0]), *(node[1] for node in nodes), end]
    ratio = worst_ratio(
        [x[0], *(node[0] for node in nodes), x[-1]], at_ends, nodes[0][2], total, penalise_biases, curvature
    )
    limits = [domains[a][t > 0] / t for a, t in theta.items() if t]
    multiple = price
    if loss == "squared":
        weights = {a: sum(w for w, _ in group) for a, group in groups.items()}
        gained = sum(theta[a] * w * y / weights[a] for a, group in groups.items() for w, y in group)
        multiple = max(0, 2 * gained / sum(t * t / weights[a] for a, t in theta.items()))
    limits.append(Fraction(float(price) / ratio) if ratio else math.inf)
    multiple = min([multiple, *(limit for limit in limits if limit < math.inf)])
    return max(
        0.0, float(sum(least(loss, delta, group, multiple * theta.get(a, 0)) for a, group in groups.items()))
    ), bad
