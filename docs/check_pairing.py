"""What check_certificate.py needs for the objectives "kinks" and "lp": `python3 check_pairing.py http://127.0.0.1:8000`.

The certificate has a number u a point. No interpolator costs less than their sum if none exceeds what a kink of its own
costs the point, and no two neighbours that bend alike exceed what a common one costs. "kinks" is the case p = 0.
"""

import json
import math
import sys
import urllib.request
from itertools import pairwise


def path_norm(f, penalise_biases, p):
    """The sum of (|slope change| times sqrt(1 + kink^2))^p."""
    kinks = zip(f["slope_changes"], f["kinks"], strict=True)
    return math.fsum(math.hypot(change, penalise_biases * change * kink) ** p for change, kink in kinks if change)


def corners(a, b, cos, p, wanted):
    """Costs below which no shares of a and b in one kink cost less, over a wide interval: of a alone, b alone, both."""
    full = math.sqrt(a * a + b * b + 2 * a * b * cos) ** p
    less = min(full, *(c**p * (1 + p * d / c * cos) for c, d in [(a, b), (b, a)]))
    is_alone_enough = (2 - p) * less >= a**p + b**p
    if is_alone_enough and wanted <= less * (1 + 1e-9):
        return a**p, b**p, less
    low = []
    for c, d in [(a, b), (b, a)]:  # less what the cost would rise if it were all the way as steep as at its steepest
        along, across = min(c * math.sqrt((1 - cos * cos) / (1 - p)), d + c * cos), c * math.sqrt(1 - cos * cos)
        low.append(min(c**p, full - p * math.hypot(along, across) ** (p - 2) * along * d))
    if (2 - p) * full >= sum(low) and min(low) >= 0:
        return *low, full
    return (a**p, b**p, less) if is_alone_enough else None


def costs(x, bends, penalise_biases, p, u):
    """What a kink costs at least: each point one of its own, and each interval a common one of its ends."""
    reach = [math.hypot(1, a) if penalise_biases and p else 1.0 for a in x]
    mass = [abs(float(b)) * w for b, w in zip(bends, reach, strict=True)]
    alone, together, widest = [m**p if m else 0.0 for m in mass], [], math.sqrt(1 / (2 - p))  # a cosine
    for i in range(len(x) - 1):
        a, b, meet = mass[i], mass[i + 1], bends[i] * bends[i + 1] > 0
        cos = float(1 + x[i] * x[i + 1]) / (reach[i] * reach[i + 1]) if penalise_biases and p else 1.0
        low = (alone[i], alone[i + 1], math.sqrt(max(0.0, a * a + b * b + 2 * a * b * cos)) ** p)
        if i in {0, len(x) - 2}:  # the end has no curvature, but may share a kink over more than a right angle
            shorter = math.sqrt(1 - cos * cos) ** p if cos < 0 else 1.0
            low = (low[0] * shorter, low[1] * shorter, low[2])
        elif cos < 0 or (meet and cos < widest):  # so wide that sharing in part may be best
            low = corners(a, b, cos, p, u[i] + u[i + 1]) if cos >= 0 else None
            if low is None:
                factor = math.sqrt((1 + cos) / (1 + widest)) ** p
                low = (factor * a**p, factor * b**p, factor * math.sqrt(a * a + b * b + 2 * a * b * widest) ** p)
        alone[i], alone[i + 1] = min(alone[i], low[0]), min(alone[i + 1], low[1])
        together.append(low[2] if meet else math.inf)
    return alone, together


def judged(f, x, slopes, certificate, penalise_biases, p):
    """The objective, what every interpolator costs at least, and whether the certificate claims more."""
    u = certificate["dual_values"]
    bends = [0, *(after - before for before, after in pairwise(slopes)), 0]
    alone, together = costs(x, bends, penalise_biases, p, u)
    counted = [min(value, most) for value, most in zip(u, alone, strict=True)]
    excess = [max(0.0, a + b - most) for (a, b), most in zip(pairwise(counted), together, strict=True)]
    bound = max(0.0, math.fsum(counted) - math.fsum(excess))
    return path_norm(f, penalise_biases, p), bound, {"dual_envelope": math.fsum(u) - bound > 1e-9 * bound}


if __name__ == "__main__":
    from check_certificate import check

    question = {"x": [-1.5, -1, 0, 0.25, 2], "y": [0.7, -0.3, -0.3, 0.4, 0.2], "objective": "lp", "p": 0.5}
    body, headers = json.dumps(question).encode(), {"Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(f"{sys.argv[1]}/v1/interpolations", body, headers)) as response:
        print(proved := check(**question, result=json.load(response)["result"]))
    assert not proved["false"], "the answer states something false"
    assert proved["objective_value"] - proved["lower_bound"] < 1e-9 * proved["objective_value"], "not proved the best"
