"""docker-compose.yml with `--scale worker-batch=3`: the batch is shared, and the death of one worker loses nothing."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest

from tests.composed import Require, Stack, read_services
from tests.processes import eventually

REPLICAS = ("one", "two", "three")
ITEMS = 240
START_S, BATCH_S = 120.0, 240.0
OBSERVATIONS = 150
"""Of an item: a cone program of some tens of milliseconds."""


@pytest.fixture
def scaled(require_binary: Require, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    require_binary("redis-server")
    require_binary("redis-cli")
    stack = Stack(read_services(require_binary("docker-compose")), tmp_path_factory.mktemp("scaled"))
    try:
        stack.start("redis")
        eventually(lambda: stack.is_healthy("redis"), what="redis is healthy")
        stack.start("gateway")
        for replica in REPLICAS:
            stack.start("worker-batch", replica)
        eventually(lambda: stack.is_healthy("gateway"), START_S, "the gateway is healthy")
        stack.headers = {"Authorization": f"Bearer {stack.issue_key('read', 'solve', 'operate')}"}
        eventually(lambda: live(stack) == {f"batch@{name}" for name in REPLICAS}, START_S, "three workers")
        yield stack
    finally:
        stack.close()


def live(stack: Stack) -> set[str]:
    return {worker["name"] for worker in stack.ask("/readyz")[1].get("workers", []) if worker["state"] == "live"}


def batch() -> dict[str, Any]:
    generator = np.random.default_rng(7)

    def item(number: int) -> dict[str, Any]:
        x, y = np.sort(generator.uniform(-2, 2, OBSERVATIONS)), generator.normal(size=OBSERVATIONS)
        body = {"x": x.tolist(), "y": y.tolist(), "loss": "absolute", "regularisation": 0.01}
        return {"custom_id": str(number), "kind": "regressions", "body": body}

    return {"items": [item(number) for number in range(ITEMS)]}


def claims(stack: Stack, replica: str) -> set[tuple[str, int]]:
    """Chunks that a worker has claimed, and in which attempt, by its own log."""
    lines = (json.loads(line) for line in stack.output(f"worker-batch-{replica}").splitlines() if line[:1] == "{")
    return {(line["job_id"], line["attempt"]) for line in lines if line["message"].endswith("is claimed")}


def figures(stack: Stack) -> dict[str, float]:
    text = httpx.get(f"http://127.0.0.1:{stack.way_in}/metrics", headers=stack.headers).text
    return {name: float(value) for name, value in re.findall(r"^(\S+) ([\d.e+]+)$", text, re.MULTILINE)}


def test_three_workers_share_a_batch_and_one_may_die(scaled: Stack) -> None:
    status, made = scaled.ask("/v1/batches", batch())
    assert status == 202, made
    address = made["links"]["self"]
    for replica in REPLICAS:
        eventually(lambda: claims(scaled, replica), BATCH_S, f"worker {replica} works")  # noqa: B023
    scaled.kill("worker-batch-two")
    assert scaled.ask(address)[1]["counts"]["pending"] > 0, "it was to be killed in the middle"

    eventually(lambda: scaled.ask(address)[1]["state"] == "succeeded", BATCH_S, "the batch has ended")
    counts = scaled.ask(address)[1]["counts"]
    assert counts == {"total": ITEMS, "pending": 0, "succeeded": ITEMS, "failed": 0, "canceled": 0, "expired": 0}
    results = httpx.get(f"http://127.0.0.1:{scaled.way_in}{address}/results", headers=scaled.headers, timeout=60).text
    lines = [json.loads(line) for line in results.splitlines()]
    assert sorted(int(line["custom_id"]) for line in lines) == list(range(ITEMS))
    assert {line["status"] for line in lines} == {200}

    claimed = [claim for replica in REPLICAS for claim in claims(scaled, replica)]
    assert len(claimed) == len(set(claimed)), "no attempt was given to two workers"
    told = figures(scaled)
    ended = told['minnorm_ended_total{kind="chunk",outcome="complete",state="succeeded"}']
    assert ended == len({chunk for chunk, _ in claimed})
    assert ended <= told['minnorm_attempts_total{queue="batch"}'] == len(claimed) <= ended + 1
    assert told["minnorm_jobs_running"] == told["minnorm_unfinished_items"] == 0
