"""One job, and ways to get hold of it."""

import os

from tests.processes import eventually
from tests.workers.processes import Server
from workers.ledger import Ledger
from workers.records import Claim, NewJob, Success

JOB = NewJob(id="a", kind="echo", queue="interactive", payload=b"\x00\xff payload", digest="")
ANSWER = Success("optimal", b"\x00\xff result", "engine 1")
LONG_S = 3600.0
"""A deadline that no delay of a test reaches."""


def claimed(ledger: Ledger, job: NewJob = JOB) -> Claim:
    """Submit a job and claim it."""
    ledger.submit(job)
    claim = ledger.claim(job.queue)
    assert claim is not None
    return claim


def reclaimed(ledger: Ledger) -> Claim:
    """Let a lease end, and claim the job again."""
    eventually(lambda: ledger.reap().requeued)
    claim = ledger.claim(JOB.queue)
    assert claim is not None
    return claim


def pass_deadline(server: Server, *names: str) -> None:
    """Let the deadlines of jobs be over, `LONG_S` as they were away."""
    for name in names:
        server.client.hincrbyfloat(f"minnorm:job:{name}", "deadline_at", -LONG_S)
        server.client.zincrby("minnorm:deadlines", -LONG_S, name)


def keys(server: Server) -> set[str]:
    """All keys of the ledger that belong to jobs, without the index of a caller's jobs."""
    found = {os.fsdecode(key).removeprefix("minnorm:") for key in server.client.keys("minnorm:*:*")}
    return {key for key in found if not key.startswith(("jobs:", "pace:"))}
