"""Checks an interpolation with Python's standard library alone: `python3 check_certificate.py http://127.0.0.1:8000`.

It trusts nothing but the points, and computes in exact fractions but for roots. "kinks" and "lp" need check_pairing.py.
"""

import json
import math
import sys
import urllib.request
from fractions import Fraction
from importlib import import_module
from itertools import accumulate, pairwise


def at(x, slope, constant, neurons):
    """A line and neurons (w, b, a) at x: exactly, as all of these are fractions."""
    return slope * x + constant + sum(a * max(0, w * x + b) for w, b, a in neurons)


def worst_ratio(x, q, total, penalise_biases):
    """The largest quotient of what a neuron (w, b) gains from the multipliers and what it costs."""
    neurons = [(0, 1), *((1, -a) for a in x), (0, -1), *((-1, a) for a in x), (0, 1)]  # once around the circle
    gains = [total, *q, 0, *(b - q[0] - total * (x[0] - a) for a, b in zip(x, q, strict=True)), total]
    pairs = list(zip(gains, neurons, strict=True))
    squares = [g * g / Fraction(w * w + b * b * penalise_biases) for g, (w, b) in pairs if w or penalise_biases]
    for (g, (w, b)), (h, (v, c)) in pairwise(pairs if penalise_biases else []):
        m, k = Fraction(g * c - h * b) / (w * c - v * b), Fraction(h * w - g * v) / (w * c - v * b)
        if (m * c - v * k) * (w * k - m * b) > 0:  # between them the gain is m w + k b, and the worst neuron is (m, k)
            squares.append(m * m + k * k)
    return math.sqrt(max(squares))


def norm_bound(x, y0, slopes, certificate, penalise_biases, skip_connection):
    """The norm that every network through the points has at least, and whether each condition on the dual is broken."""
    q, total = [Fraction(value) for value in certificate["dual_values"]], Fraction(certificate.get("dual_total", 0))
    no_total = skip_connection or not penalise_biases
    bad = {"dual_end": q[-1] or (skip_connection and q[0]), "dual_total": total and no_total}
    q[0], q[-1], total = q[0] * (not skip_connection), Fraction(0), total * (not no_total)
    bad["dual_envelope"] = (ratio := worst_ratio(x, q, total, penalise_biases)) > 1 + 1e-9
    gained = total * y0 + sum(slope * (u - v) for slope, (u, v) in zip(slopes, pairwise(q), strict=True))
    return max(0.0, float(gained) / max(1.0, ratio)), bad


def check(x, y, result, penalise_biases=True, skip_connection=True, objective="norm", p=0):
    """What is proved about an answer, and which of its statements are false, by their codes in a verification."""
    x, y = zip(*sorted(set(zip(map(Fraction, x), map(Fraction, y), strict=True))), strict=True)
    slopes = [(d - b) / (c - a) for (a, c), (b, d) in zip(pairwise(x), pairwise(y), strict=True)]
    f, net, certificate = result["function"], result["network"], result["certificate"]
    line = Fraction(f["slope0"]), Fraction(f["y0"]) - Fraction(f["slope0"]) * Fraction(f["x0"])
    kinks = [(1, -Fraction(a), Fraction(c)) for a, c in zip(f["kinks"], f["slope_changes"], strict=True)]
    skip = Fraction(net.get("skip_weight", 0)), Fraction(net.get("skip_bias", 0))
    columns = net["hidden_weights"], net["hidden_biases"], net["output_weights"]
    neurons = [tuple(map(Fraction, neuron)) for neuron in zip(*columns, strict=True)]
    residual = float(max(abs(at(a, *line, kinks) - b) for a, b in zip(x, y, strict=True)))
    values = [(at(a, *line, kinks), at(a, *skip, neurons)) for a in [*x, *(-b for _, b, _ in kinks)]]
    apart = float(max(abs(u - v) - abs(u) / 2**47 for u, v in values))
    high, reach, steep = (max(map(abs, numbers)) for numbers in (y, x, slopes))
    steepest = max(map(abs, accumulate((change for _, _, change in kinks), initial=line[0])))
    tolerance = 64 * 2.0**-53 * float(min(high + (steep + steepest) * reach, 1024 * (high + steep * reach)))
    value = norm = float(sum(w * w + b * b * penalise_biases + a * a for w, b, a in neurons) / 2)
    if objective == "norm":
        bound, bad = norm_bound(x, y[0], slopes, certificate, penalise_biases, skip_connection)
    else:
        value, bound, bad = import_module("check_pairing").judged(f, x, slopes, certificate, penalise_biases, p)
    found = {"max_residual": residual, "norm": norm, "objective_value": value, "lower_bound": bound}
    for name in ("norm", "objective_value"):  # a norm of zero has a network of a tiny one, if biases are free
        bad[name] = not math.isclose(result[name], found[name], rel_tol=1e-9, abs_tol=tolerance * (not result[name]))
    bad["interpolation"], bad["network"] = residual > tolerance, apart > tolerance * (1 + len(kinks) ** 0.5)
    bad["skip_connection"], bad["kink_count"] = any(skip) and not skip_connection, result["kink_count"] != len(kinks)
    bad["lower_bound"] = certificate["lower_bound"] > bound * (1 + 1e-9)
    bad["max_residual"] = certificate["max_residual"] < residual - tolerance
    return found | {"false": sorted(code for code, is_bad in bad.items() if is_bad)}


if __name__ == "__main__":
    points = {"x": [-1.5, -1, 0, 0.25, 2], "y": [0.7, -0.3, -0.3, 0.4, 0.2]}
    body, headers = json.dumps(points).encode(), {"Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(f"{sys.argv[1]}/v1/interpolations", body, headers)) as response:
        print(check(**points, result=json.load(response)["result"]))
