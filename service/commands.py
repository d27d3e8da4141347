"""The command lines of the gateway and of a worker: `make run` runs them, docker-compose.yml repeats them.

tests/test_compose.py holds the two together.
"""

from collections.abc import Mapping, Sequence

NICENESS: Mapping[str, int] = {"interactive": 0, "batch": 5, "train": 10}
"""The queues, each with a worker of its own, and how far its computations step back for others."""

WORKER_ENVIRONMENT: Mapping[str, str] = {
    "REMAP_SIGTERM": "SIGQUIT",  # SIGTERM ends a worker within its soft timeout, not after the job in hand
    "OMP_NUM_THREADS": "1",  # a job gets one core; more would only fight over the cores
    "OPENBLAS_NUM_THREADS": "1",
}


def gateway_command(host: str, port: int, grace_s: int) -> list[str]:
    """Serve HTTP; on SIGTERM, requests in progress have `grace_s` seconds to finish."""
    return [
        *["-m", "uvicorn", "--factory", "service.main:create_app"],
        # h11 bounds the headers, and keeps the body of a request that offers to upgrade to HTTP/2 (Java's client does).
        *["--host", host, "--port", str(port), "--http", "h11", "--lifespan", "on"],
        *["--no-server-header", "--no-access-log", "--log-level", "warning"],
        *["--timeout-keep-alive", "30", "--timeout-graceful-shutdown", str(grace_s)],
    ]


def worker_command(queues: Sequence[str]) -> list[str]:
    """Compute jobs of the queues; start more of these, on any machine that reaches Redis, to compute more."""
    return [
        *["-m", "celery", "-A", "workers.celery_app", "worker", "-Q", ",".join(queues)],
        *["--hostname", "-".join(queues) + "@%h", "--concurrency", "1", "--loglevel", "warning"],
        *["--without-gossip", "--without-mingle", "--without-heartbeat"],
    ]
