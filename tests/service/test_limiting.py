"""Rate limits: a bucket of tokens a caller, and the headers that tell of it."""

import httpx
import pytest

from service.limiting import MOST_CALLERS, Buckets
from service.settings import GatewaySettings

pytestmark = pytest.mark.anyio
FIVE = {"x": [0, 1, 2], "y": [0, 1, 0]}


@pytest.fixture
def settings() -> GatewaySettings:
    return GatewaySettings(rate_limit=3, rate_window_s=3600, ledger_timeout_s=0.2)


def test_a_bucket_empties_and_fills_again() -> None:
    buckets = Buckets(quota=2, window_s=10)
    assert [buckets.take("a", 0.0) for _ in range(3)] == [1.0, 0.0, -1.0]
    assert buckets.take("b", 0.0) == 1.0
    assert buckets.take("a", 4.9) < 0
    assert buckets.take("a", 5.0) == 0.0
    assert buckets.take("a", 1000.0) == 1.0
    assert buckets.seconds_until(1.0) == 5


def test_only_full_buckets_are_forgotten() -> None:
    buckets = Buckets(quota=2, window_s=10)
    for number in range(MOST_CALLERS):
        buckets.take(str(number), 0.0)
    buckets.take("spent", 9.0)
    buckets.take("spent", 9.0)
    buckets.take("new", 11.0)
    assert buckets.take("spent", 11.0) < 0
    assert len(buckets._levels) == 2


async def test_who_asks_too_often_is_told_when_to_come_back(client: httpx.AsyncClient) -> None:
    answers = [await client.post("/v1/interpolations", json=FIVE) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["ratelimit"].split(";")[1] for answer in answers] == ["r=2", "r=1", "r=0", "r=0"]
    refused = answers[-1]
    assert refused.headers["ratelimit-policy"] == '"default";q=3;w=3600'
    assert 1000 < int(refused.headers["retry-after"]) <= 1200
    assert refused.json()["type"] == "/problems/rate-limited"
    assert refused.json()["retryable"]
    assert refused.headers["x-request-id"] == refused.json()["request_id"]
    other = await client.post("/v1/interpolations", json=FIVE, headers={"Authorization": "Bearer other"})
    assert other.status_code == 200
    assert (await client.get("/v1/capabilities")).status_code == 200
