"""The experiment of Boursier and Flammarion as one batch: kinks of the least norm on random convex data.

    python3 kink_counts.py http://127.0.0.1:8000 [number of data sets]

Sends data sets of 35 points as NDJSON, counts the kinks while the results stream in, and draws the table.
"""

import json
import random
import sys
import time
import urllib.request
from collections import Counter
from itertools import accumulate

POINTS = 35


def convex(generator):
    """A random data set with ascending chord slopes."""
    steps = [generator.uniform(0.2, 2.0) for _ in range(POINTS - 1)]
    slopes = accumulate(generator.uniform(0.2, 2.0) for _ in range(POINTS - 1))
    rises = [step * slope for step, slope in zip(steps, slopes, strict=True)]
    return {"x": list(accumulate(steps, initial=-4.0)), "y": list(accumulate(rises, initial=0.0))}


def main(address, count=10_000):
    """Make, send, count, draw."""
    generator = random.Random(2023)
    items = ({"custom_id": str(i), "kind": "interpolations", "body": convex(generator)} for i in range(int(count)))
    body = "\n".join(map(json.dumps, items)).encode()
    start = time.monotonic()
    request = urllib.request.Request(f"{address}/v1/batches", body, {"Content-Type": "application/x-ndjson"})
    with urllib.request.urlopen(request) as response:
        batch = json.load(response)
    counts = Counter()
    with urllib.request.urlopen(address + batch["links"]["results"]) as lines:
        for line in lines:
            item = json.loads(line)
            counts[item["result"]["kink_count"] if item["status"] == 200 else "failed"] += 1
    seconds = time.monotonic() - start
    most = max(counts.values())
    for kinks in sorted(counts, key=str):
        print(f"{kinks:>6} kinks {counts[kinks]:>6}  {'#' * round(50 * counts[kinks] / most)}")
    print(f"{sum(counts.values())} data sets in {seconds:.1f} s", file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
