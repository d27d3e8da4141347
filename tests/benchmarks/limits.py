"""What more workers would ask of Redis, of the gateway and of the network: a model from costs measured in this run."""

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass

from tests.benchmarks.costs import Cost, Idle, Measured, measured
from tests.benchmarks.report import duration, heading, number, row

WORKERS = (1, 2, 10, 100, 1_000)
COSTS = ("of one", "worker", "Redis", "gateway", "commands", "bells", "bytes at Redis", "bytes at the caller")
MODEL = ("load", "workers", "a second", "of a core of Redis", "gateways", "MB/s at Redis", "limit")
CHECK = ("load", "workers", "predicted, a second", "measured", "measured / predicted")
LINK_BYTES_S = 1.25e9
"""A link of 10 Gbit/s."""

INTRODUCTION = """## Limits

What a job or an item costs everybody who has to do with it, as measured in this run on the machine above, and what
follows for more workers than it has cores for: each on a core of its own, with enough work waiting."""

LIMITS = """
*Long jobs* are interpolations without a skip connection of 1,000 points, *short jobs* the same of 20; *small items*
are those of a batch, 35 points each, in chunks of at most 2,000. Each is submitted, queued, computed, stored and
fetched; its client is not counted, who may be anywhere. Of a worker, the process that computes and the one that talks
to Redis are counted, as one waits for the other; their time and the gateway's is the kernel's account. The time of
Redis, its commands (those inside of scripts, too) and its bytes, in and out, are its own account (`INFO`), less what
a server does by itself, measured on one of its own, and what idle workers ask of it: heartbeats, the look for expired
leases, the wait for bells. What the gateway asks every second is in that, too. *Called without a pause* is how the
ledger's calls of a job cost when nothing else runs in between: at the low rates of this machine caches are cold, so
that the limits are on the safe side. The disk is no part of this: with `appendfsync always` it may be the limit, see
[operations.md](operations.md).

The model: a worker does as many jobs a second as fit in its time. Redis needs its time for each of them, and for each
worker the idle one; it has one core for that. Gateways share nothing but Redis, so there may be as many as it takes.
*Limit* is what is used up first, the core of Redis or its link to the network, taken to be of 10 Gbit/s, and by how
many workers; more of them add nothing, and their rows are those of the limit. Inputs and results pass through Redis
twice, in and out; a job that is computed has two heartbeats a second besides.

The prediction beside the measurement divides the cores of this machine among all the work, the client's included,
since all of it is done here.
""".strip()


@dataclass(frozen=True)
class Point:
    """So many workers, as the model has it."""

    rate: float
    """Jobs or items a second."""
    server: float
    """Share of a core."""
    gateways: int
    bytes_s: float


def limit(cost: Cost, idle: Idle) -> tuple[float, str]:
    """At how many workers what is used up."""
    limits = (
        ((1.0 - idle.own_s) / (cost.server_s / cost.worker_s + idle.server_s), "Redis"),
        (LINK_BYTES_S * cost.worker_s / cost.server_bytes, "the link"),
    )
    return min(limits)


def point(cost: Cost, idle: Idle, workers: float) -> Point:
    """What this many workers do."""
    busy = min(float(workers), limit(cost, idle)[0])
    rate = busy / cost.worker_s
    server = idle.own_s + rate * cost.server_s + busy * idle.server_s
    return Point(rate, server, math.ceil(rate * cost.gateway_s), rate * cost.server_bytes)


def predicted(cost: Cost, workers: int) -> float:
    """Units a second on this machine, whose cores do everything."""
    everything_s = cost.worker_s + cost.server_s + cost.gateway_s + cost.client_s
    return min(workers / cost.worker_s, len(os.sched_getaffinity(0)) / everything_s)


def lines() -> Iterator[str]:
    """The section of the page."""
    found = measured()
    yield from (INTRODUCTION, "", heading(COSTS))
    for load, cost in zip(found.loads, found.one, strict=True):
        times = map(duration, (cost.worker_s, cost.server_s, cost.gateway_s))
        counts = map(number, (cost.commands, cost.bells, cost.server_bytes, cost.caller_bytes))
        yield row((load.name, *times, *counts))
    yield from ("", _in_words(found), "", heading(MODEL))
    for load, cost in zip(found.loads, found.one, strict=True):
        for workers in WORKERS:
            told = _cells(point(cost, found.idle, workers))
            yield row((load.name, f"{workers:,}", *told, _limit_cell(cost, found.idle)))
    yield from ("", heading(CHECK))
    for workers, costs in ((1, found.one), (2, found.two)):
        for load, model, cost in zip(found.loads, found.one, costs, strict=True):
            expected, seen = predicted(model, workers), 1.0 / cost.elapsed_s
            yield row((load.name, str(workers), number(expected), number(seen), f"**{number(seen / expected)}**"))


def _in_words(found: Measured) -> str:
    idle = found.idle
    return (
        f"A second without work costs Redis {duration(idle.own_s)} by itself, and {duration(idle.server_s)} and "
        f"{number(idle.commands)} commands for each worker. The ledger's calls of a job cost it "
        f"{duration(found.ledger_s)}, called without a pause. A request costs the gateway {duration(found.request_s)} "
        f"to parse and to check, and {number(found.byte_s * 1e9)} ns for each byte of its body."
    )


def _cells(found: Point) -> tuple[str, ...]:
    return number(found.rate), f"{number(100.0 * found.server)} %", str(found.gateways), number(found.bytes_s / 1e6)


def _limit_cell(cost: Cost, idle: Idle) -> str:
    workers, what = limit(cost, idle)
    return f"{what}, at {number(workers)} workers"
