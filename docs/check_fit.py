"""Checks a regularised fit with Python's standard library alone: `python3 check_fit.py http://127.0.0.1:8000`.

It trusts nothing but the observations, and computes in exact fractions but for roots and logarithms. It needs
check_dual_of_fit.py, which has what is said about the lower bound.
"""

import json
import sys
import urllib.request
from fractions import Fraction
from itertools import accumulate, pairwise

from check_dual_of_fit import each, lower_bound


def at(x, slope, constant, neurons):
    """A line and neurons (w, b, a) at x: exactly, as all of these are fractions."""
    return slope * x + constant + sum(a * max(0, w * x + b) for w, b, a in neurons)


def out_of_shape(first, last, line, kinks, monotone, curvature):
    """By how much a function is not what it has to be between the first and the last abscissa."""
    inside = [(-b, change) for _, b, change in kinks if first < -b < last]
    values = [at(t, *line, kinks) for t in (first, *(t for t, _ in inside), last)]
    steps = [monotone * (a - b) for a, b in pairwise(values)]
    return max(*steps, *(-curvature * change * min(t - first, last - t) for t, change in inside), 0)


def check(x, y, result, weights=None, regularisation=1, huber_delta=1, shape=(), **asked):
    """What is proved about a fit, and which of its statements are false, by their codes in a verification."""
    loss, penalise_biases = asked.get("loss", "squared"), asked.get("penalise_biases", True)
    skip_connection = asked.get("skip_connection", True)
    weights, groups = [Fraction(w) for w in weights or [1] * len(x)], {}
    for a, b, w in sorted(zip(map(Fraction, x), map(Fraction, y), weights, strict=True)):
        groups.setdefault(a, []).append((w / sum(weights), b))
    x, delta, price = list(groups), Fraction(huber_delta), Fraction(regularisation)
    monotone = ("increasing" in shape) - ("decreasing" in shape)
    curvature = ("convex" in shape) - ("concave" in shape)
    f, net, certificate = result["function"], result["network"], result["certificate"]
    line = Fraction(f["slope0"]), Fraction(f["y0"]) - Fraction(f["slope0"]) * Fraction(f["x0"])
    kinks = [(1, -Fraction(a), Fraction(c)) for a, c in zip(f["kinks"], f["slope_changes"], strict=True)]
    skip = Fraction(net.get("skip_weight", 0)), Fraction(net.get("skip_bias", 0))
    columns = net["hidden_weights"], net["hidden_biases"], net["output_weights"]
    neurons = [tuple(map(Fraction, neuron)) for neuron in zip(*columns, strict=True)]
    fitted = {a: at(a, *line, kinks) for a in x}
    values = [(at(a, *line, kinks), at(a, *skip, neurons)) for a in [*x, *(-b for _, b, _ in kinks)]]
    apart = float(max(abs(u - v) - abs(u) / 2**47 for u, v in values))
    steepest = max(map(abs, accumulate((change for _, _, change in kinks), initial=line[0])))
    tolerance = 64 * 2.0**-53 * float(max(map(abs, fitted.values())) + steepest * max(map(abs, x)))
    norm = float(sum(w * w + b * b * penalise_biases + a * a for w, b, a in neurons) / 2)
    lost = float(sum(w * each(loss, delta, fitted[a], b) for a, group in groups.items() for w, b in group))
    objective = lost + float(price) * norm
    setting = penalise_biases, skip_connection, monotone, curvature
    bound, bad = lower_bound(groups, certificate, loss, delta, price, *setting)
    found = {"norm": norm, "loss": lost, "objective": objective, "lower_bound": bound}
    margins = [1 - fitted[a] * b for a, group in groups.items() for _, b in group]
    bad["margin"] = loss == "hard_margin" and max(margins) > tolerance
    bad["shape"] = out_of_shape(x[0], x[-1], line, kinks, monotone, curvature) > tolerance
    bad["network"] = apart > tolerance * (1 + len(kinks) ** 0.5)
    bad["skip_connection"], bad["kink_count"] = any(skip) and not skip_connection, result["kink_count"] != len(kinks)
    for name, size in (("norm", norm), ("loss", objective), ("objective", objective)):
        # a norm of zero has a network of a tiny one, if biases are free
        bad[name] = abs(result[name] - found[name]) > 1e-9 * size + tolerance * (not result["norm"])
    bad["lower_bound"] = certificate["lower_bound"] > bound * (1 + 1e-9)
    # a line through all observations misses them by rounding, and has a loss of its size or of its square
    rounding = tolerance ** (1 if loss == "absolute" else 2) + max(0.0, objective - found["loss"])
    above = objective - bound - (not result["norm"]) * rounding
    gap = max(0.0, above) / objective if objective else 0.0
    bad["relative_gap"] = certificate["relative_gap"] < gap - 1e-9
    return found | {"false": sorted(code for code, is_bad in bad.items() if is_bad)}


if __name__ == "__main__":
    data = {"x": [-2, -1, -1, 0, 1, 2, 3], "y": [2.1, 0.8, 1.3, 0.1, 0.9, 2.2, 2.8], "regularisation": 0.05}
    body, headers = json.dumps(data).encode(), {"Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(f"{sys.argv[1]}/v1/regressions", body, headers)) as response:
        print(check(**data, result=json.load(response)["result"]))
