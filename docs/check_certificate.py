"""Checks an interpolation with Python's standard library alone.

    python3 check_certificate.py http://127.0.0.1:8000

Copy `check` into your own program. It trusts nothing but the points: every number is recomputed, in exact fractions where square roots
do not forbid it.
"""

import json
import math
import sys
import urllib.request
from fractions import Fraction
from itertools import pairwise


def value(function, x):
    """The function at x, exactly."""
    pairs = zip(function["kinks"], function["slope_changes"], strict=True)
    line = Fraction(function["y0"]) + Fraction(function["slope0"]) * (x - Fraction(function["x0"]))
    return line + sum(Fraction(change) * (x - Fraction(kink)) for kink, change in pairs if kink < x)


def excess(left, right, q_left, q_right):
    """The largest |q(t)| / sqrt(1 + t^2) on one interval."""
    m = (q_right - q_left) / (right - left)
    k = q_left - m * left
    ends = [q_left**2 / (1 + left**2), q_right**2 / (1 + right**2)]
    inside = [m * m + k * k] if k != 0 and left < m / k < right else []
    return math.sqrt(max(ends + inside))


def check(x, y, result):
    """What is proved: the worst residual, the norm, and a lower bound for the norm of every interpolator."""
    points = sorted(set(zip(map(Fraction, x), map(Fraction, y), strict=True)))
    q = list(map(Fraction, result["certificate"]["dual_values"]))
    assert len(q) == len(points), "one dual value a point"
    assert q[0] == q[-1] == 0, "the dual vanishes at both ends"
    steps = list(pairwise(points))
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in steps]
    bound = sum((slopes[i] - slopes[i - 1]) * q[i] for i in range(1, len(slopes)))
    ratios = [excess(a[0], b[0], q[i], q[i + 1]) for i, (a, b) in enumerate(steps)]
    function = result["function"]
    costs = zip(function["slope_changes"], function["kinks"], strict=True)
    return {
        "max_residual": float(max(abs(value(function, at) - wanted) for at, wanted in points)),
        "norm": math.fsum(abs(change) * math.hypot(1, kink) for change, kink in costs),
        "lower_bound": float(bound) / max([1.0, *ratios]),
    }


def main(address):
    """Ask for an interpolation, and check it."""
    points = {"x": [-1.5, -1, 0, 0.25, 2], "y": [0.7, -0.3, -0.3, 0.4, 0.2]}
    body, headers = json.dumps(points).encode(), {"Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(f"{address}/v1/interpolations", body, headers)) as response:
        result = json.load(response)["result"]
    proved = check(**points, result=result)
    print(json.dumps(proved, indent=2))
    assert proved["max_residual"] < 1e-12
    assert proved["norm"] - proved["lower_bound"] < 1e-12 * proved["norm"]
    print("No network through these points has a smaller norm.")


if __name__ == "__main__":
    main(*sys.argv[1:])
