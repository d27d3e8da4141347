"""The figures of the ledger, and of this process, for Prometheus."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from workers.figures import Snapshot

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
LABELS = ("kind", "state", "outcome")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""All others, which are a caller's own words, are one."""
BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
"""From a small problem at once to the longest wait that is granted, in seconds."""


class Metrics:
    """What this process counts itself."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.refused = Counter(
            "minnorm_refused", "Requests refused by this gateway", ["reason"], registry=self.registry
        )
        self._requests = _Requests()
        self.registry.register(self._requests)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request. `route` is a template: there must be few of them."""
        self._requests.observe(method if method in METHODS else "other", route, status, seconds)

    def render(self, snapshot: Snapshot | None) -> bytes:
        """The text; without a snapshot only what is known without Redis."""
        registry = CollectorRegistry()
        registry.register(_Ledger(snapshot))
        return generate_latest(self.registry) + generate_latest(registry)


class _Requests(Collector):
    """Counts requests, all on the thread of the event loop.

    The library's own counters are locked, and a request has two: together a tenth of the time of a small problem.
    """

    def __init__(self) -> None:
        self._within = defaultdict[tuple[str, str, int], list[int]](lambda: [0] * (len(BOUNDS) + 1))
        self._seconds = defaultdict[tuple[str, str], float](float)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """One more."""
        self._within[method, route, status][bisect_left(BOUNDS, seconds)] += 1
        self._seconds[method, route] += seconds

    def collect(self) -> Iterator[Metric]:
        """How many, and how long they took."""
        requests = CounterMetricFamily(
            "minnorm_requests", "Requests to this gateway", labels=["method", "route", "status"]
        )
        durations = HistogramMetricFamily(
            "minnorm_request_duration_seconds",
            "From a request to the end of its answer; waits and streams included",
            labels=["method", "route"],
        )
        bounds = [*map(repr, BOUNDS), "+Inf"]
        for (method, route, status), counts in self._within.items():
            requests.add_metric([method, route, str(status)], sum(counts))
        for labels, seconds in self._seconds.items():
            counts = [sum(each) for each in zip(*self._of(labels), strict=True)]
            durations.add_metric(labels, list(zip(bounds, accumulate(counts), strict=True)), seconds)
        yield from (requests, durations)

    def _of(self, labels: tuple[str, str]) -> Iterator[list[int]]:
        return (counts for (*found, _), counts in self._within.items() if tuple(found) == labels)


class _Ledger(Collector):
    def __init__(self, snapshot: Snapshot | None) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        """One family after the other."""
        yield GaugeMetricFamily("minnorm_redis_up", "Whether Redis answers", value=float(self._snapshot is not None))
        if self._snapshot is not None:
            yield from _gauges(self._snapshot)
            yield from _counters(self._snapshot.counters)
            yield _durations(self._snapshot.counters)


def _gauges(found: Snapshot) -> Iterator[Metric]:
    depth = GaugeMetricFamily("minnorm_queue_depth", "Waiting jobs", labels=["queue"])
    age = GaugeMetricFamily("minnorm_queue_age_seconds", "How long the oldest job has waited", labels=["queue"])
    for name, queue in found.queues.items():
        depth.add_metric([name], queue.waiting)
        age.add_metric([name], queue.oldest_s)
    yield from (depth, age)
    yield GaugeMetricFamily("minnorm_jobs_running", "Jobs under a lease", value=found.running)
    yield GaugeMetricFamily("minnorm_unfinished_items", "Items that have not ended", value=found.unfinished_items)
    yield GaugeMetricFamily("minnorm_callers", "Callers with unfinished work", value=found.callers)
    silence = GaugeMetricFamily("minnorm_worker_silence_seconds", "Since a worker was last seen", labels=["worker"])
    for name, seconds in found.workers.items():
        silence.add_metric([name], seconds)
    yield silence
    for name, value in found.redis.items():
        number = float(value == "ok") if isinstance(value, str) else float(value)
        yield GaugeMetricFamily(f"minnorm_redis_{name}", "As Redis reports it; ok is 1", value=number)


def _counters(counters: dict[str, float]) -> Iterator[Metric]:
    attempts = CounterMetricFamily("minnorm_attempts", "Claims of jobs", labels=["queue"])
    submitted = CounterMetricFamily("minnorm_submitted", "Accepted jobs and batches", labels=["kind"])
    ended = CounterMetricFamily("minnorm_ended", "Jobs that have ended", labels=LABELS)
    families = {"attempts": attempts, "submitted": submitted, "ended": ended}
    for name, value in sorted(counters.items()):
        what, *labels = name.split(":")
        if what in families:
            families[what].add_metric(labels, value)
    yield from families.values()
    expired = counters.get("leases_ended", 0.0)
    yield CounterMetricFamily("minnorm_leases_expired", "Leases that ended without a word", value=expired)


def _durations(counters: dict[str, float]) -> Metric:
    family = HistogramMetricFamily("minnorm_duration_seconds", "Time of the last attempt", labels=LABELS)
    for name, total in sorted(counters.items()):
        what, *labels = name.split(":")
        if what == "seconds":
            prefix = "within:" + ":".join(labels) + ":"
            found = {key.removeprefix(prefix): value for key, value in counters.items() if key.startswith(prefix)}
            count = counters.get("ended:" + ":".join(labels), 0.0)
            family.add_metric(labels, _cumulative(found, count), total)
    return family


def _cumulative(found: dict[str, float], count: float) -> list[tuple[str, float]]:
    bounds = sorted(found, key=float)
    return [*((bound, found[bound]) for bound in bounds), ("+Inf", max([count, *found.values()]))]
