"""Interpolates two columns of a CSV file.

    python3 interpolate_csv.py http://127.0.0.1:8000 data.csv

The first row is a header; the first two columns are x and y. Prints the kinks as CSV.
"""

import csv
import json
import sys
import urllib.request
from pathlib import Path

NILE = Path(__file__).parent.parent / "tests" / "data" / "nile.csv"


def main(address, path=NILE):
    """Read, ask, print."""
    with open(path, newline="") as file:
        rows = [row for row in csv.reader(file) if row][1:]
    points = {"x": [float(row[0]) for row in rows], "y": [float(row[1]) for row in rows]}
    # A large file becomes a job; this waits for its end.
    headers = {"Content-Type": "application/json", "Prefer": "wait=60"}
    request = urllib.request.Request(f"{address}/v1/interpolations", json.dumps(points).encode(), headers)
    with urllib.request.urlopen(request) as response:
        result = json.load(response)["result"]
    function = result["function"]
    print("kink,slope_change")
    for kink, change in zip(function["kinks"], function["slope_changes"], strict=True):
        print(f"{kink},{change}")
    gap = result["certificate"]["relative_gap"]
    print(
        f"{len(rows)} points, {result['kink_count']} kinks, norm {result['norm']}, proved to {gap:.0e}", file=sys.stderr
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
