"""Trains the network of the paper, and sets it beside the global optimum: `python3 train.py http://127.0.0.1:8000`.

Five points, 200 neurons, plain gradient descent; once with biases in the weight decay, once without. Tells how far it is
as it goes, and prints a table.
"""

import json
import sys
import urllib.request

EXPERIMENT = {
    "x": [-1.5, -1, 0, 0.25, 2],
    "y": [0.7, -0.3, -0.3, 0.4, 0.2],
    "skip_connection": False,
    "width": 200,
    "weight_decay": 1e-3,
    "optimiser": {"name": "gradient_descent", "step_size": 0.05},
    "seeds": [0],
}
SETTINGS = {
    "penalised": {"penalise_biases": True, "steps": 400_000},
    "free": {"penalise_biases": False, "steps": 800_000},
}


def events(address):
    """The events of a job, until its end: their names and what they carry."""
    with urllib.request.urlopen(address) as stream:
        for line in stream:
            field, _, value = line.decode().rstrip("\n").partition(": ")
            if field == "event":
                name = value
            elif field == "data":
                yield name, json.loads(value)


def train(address, request):
    """Send, follow, fetch."""
    headers = {"Content-Type": "application/json", "Prefer": "respond-async"}
    sent = urllib.request.Request(f"{address}/v1/trainings", json.dumps(request).encode(), headers)
    with urllib.request.urlopen(sent) as response:
        links = json.load(response)["links"]
    for name, told in events(address + links["events"]):
        if name == "progress" and "objective" in told:
            numbers = f"step {told['step']:>9,}   objective {told['objective']:.9f}   bound {told.get('bound', 0):.9f}"
            print(f"{told['fraction']:>6.0%}   {numbers}", file=sys.stderr)
    with urllib.request.urlopen(address + links["result"]) as response:
        return json.load(response)


def main(address):
    """Train in both settings, and print a line for each."""
    print(f"{'biases':<10} {'objective':>14} {'optimum':>14} {'gap':>8}   kinks")
    for name, setting in SETTINGS.items():
        result = train(address, EXPERIMENT | setting)
        run, gap = result["runs"][result["best"]], result["best_relative_gap"]
        kinks = run["function"]["kinks"]
        shown = ", ".join(f"{kink:.3f}" for kink in kinks) if len(kinks) < 5 else f"{len(kinks)} of them"
        print(f"{name:<10} {run['objective']:>14.9f} {result['optimum']['objective']:>14.9f} {gap:>8.0e}   {shown}")


if __name__ == "__main__":
    main(*sys.argv[1:])
