"""Figures for operators are what happened."""

from dataclasses import replace

from prometheus_client.parser import text_string_to_metric_families

from service.metrics import Metrics
from tests.workers.claims import ANSWER, JOB, claimed
from workers.connection import connect
from workers.figures import Figures
from workers.ledger import Ledger
from workers.records import JobError
from workers.settings import WorkerSettings


def test_figures_count_what_happens(ledger: Ledger, settings: WorkerSettings) -> None:
    ledger.finish(claimed(ledger), ANSWER)
    ledger.finish(claimed(ledger, replace(JOB, id="b")), JobError("too-few-points", "Two."))
    for name in "cde":
        ledger.submit(replace(JOB, id=name, caller=name))
    ledger.claim("interactive")
    ledger.announce("one@host", ("interactive",), life_s=60)
    client = connect(settings)
    found = Figures(client, settings).read()
    client.close()
    assert (found.queues["interactive"].waiting, found.running, found.unfinished_items, found.callers) == (2, 1, 3, 3)
    assert 0 < found.queues["interactive"].oldest_s < 60
    assert found.redis["aof_enabled"] == 1
    assert found.workers["one@host"] < 60

    samples = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(Metrics().render(found).decode())
        for sample in family.samples
    }
    assert samples["minnorm_redis_up",] == 1
    assert samples["minnorm_queue_depth", "interactive"] == 2
    assert samples["minnorm_attempts_total", "interactive"] == 3
    assert samples["minnorm_submitted_total", "echo"] == 5
    assert samples["minnorm_ended_total", "echo", "optimal", "succeeded"] == 1
    assert samples["minnorm_ended_total", "", "echo", "failed"] == 1
    assert samples["minnorm_duration_seconds_count", "echo", "optimal", "succeeded"] == 1
    assert samples["minnorm_duration_seconds_bucket", "+Inf", "echo", "optimal", "succeeded"] == 1


def test_without_redis_only_the_own_figures_are_told() -> None:
    metrics = Metrics()
    metrics.refused.labels("queue-full").inc()
    text = metrics.render(None).decode()
    assert "minnorm_redis_up 0.0" in text
    assert 'minnorm_refused_total{reason="queue-full"} 1.0' in text
    assert "minnorm_queue_depth" not in text
