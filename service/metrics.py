"""The figures of the ledger, and of this process, for Prometheus."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
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
        self._requests = Counter(
            "minnorm_requests", "Requests to this gateway", ["method", "route", "status"], registry=self.registry
        )
        self._durations = Histogram(
            "minnorm_request_duration_seconds",
            "From a request to the end of its answer; waits and streams included",
            ["method", "route"],
            buckets=BOUNDS,
            registry=self.registry,
        )
        self._met = dict[tuple[str, str, int], tuple[Counter, Histogram]]()

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request. `route` is a template: there must be few of them."""
        found = self._met.get((method, route, status)) or self._meet(method, route, status)
        found[0].inc()
        found[1].observe(seconds)

    def _meet(self, method: str, route: str, status: int) -> tuple[Counter, Histogram]:
        name = method if method in METHODS else "other"
        found = self._requests.labels(name, route, status), self._durations.labels(name, route)
        if name == method:
            self._met[method, route, status] = found  # looking labels up costs more than counting
        return found

    def render(self, snapshot: Snapshot | None) -> bytes:
        """The text; without a snapshot only what is known without Redis."""
        registry = CollectorRegistry()
        registry.register(_Ledger(snapshot))
        return generate_latest(self.registry) + generate_latest(registry)


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
