"""What was asked stays beside the answer as long as the answer does, unless it is long."""

from dataclasses import replace

import pytest

from tests.processes import eventually
from tests.workers.claims import ANSWER, JOB, claimed, keys
from tests.workers.processes import Server
from workers.connection import connect
from workers.errors import ResultUnknown
from workers.ledger import Ledger
from workers.records import NewJob, RequestKey, Success
from workers.settings import WorkerSettings

SHARED = replace(JOB, digest="d" * 32)


def test_it_is_kept_with_the_answer_of_all_that_share_it(ledger: Ledger) -> None:
    claim = claimed(ledger, SHARED)
    ledger.submit(replace(SHARED, id="b"))
    assert ledger.input("a") is None
    assert not ledger.knows(SHARED.digest)
    ledger.finish(claim, ANSWER)
    ledger.submit(replace(SHARED, id="c"))
    assert [ledger.input(name) for name in "abc"] == [SHARED.payload] * 3
    assert ledger.knows(SHARED.digest)
    assert ledger.stored(SHARED.digest) == ANSWER.result


def test_it_goes_with_the_last_of_them(ledger: Ledger, every_server: Server) -> None:
    ledger.finish(claimed(ledger, SHARED), ANSWER)
    ledger.submit(replace(SHARED, id="b"))
    ledger.delete("a")
    assert ledger.input("b") == SHARED.payload
    ledger.delete("b")
    assert {key.split(":")[0] for key in keys(every_server)} == {"tombstone"}
    with pytest.raises(ResultUnknown):
        ledger.stored(SHARED.digest)


def test_a_partial_answer_has_its_own(ledger: Ledger) -> None:
    ledger.finish(claimed(ledger, SHARED), Success("time_limit", b"half", "engine 1"))
    other = replace(SHARED, id="b", payload=b"the same")
    ledger.finish(claimed(ledger, other), ANSWER)
    assert (ledger.input("a"), ledger.input("b")) == (SHARED.payload, other.payload)


def test_a_long_one_is_dropped(ledger: Ledger, every_server: Server) -> None:
    for name, size in (("a", 2**18), ("b", 2**18 + 1)):
        ledger.finish(claimed(ledger, replace(JOB, id=name, payload=bytes(size))), ANSWER)
    assert ledger.input("a") == bytes(2**18)
    assert ledger.input("b") is None
    assert not any(key.startswith("payload") for key in keys(every_server))


def test_it_is_kept_of_what_was_solved_at_once_under_a_key(ledger: Ledger, every_server: Server) -> None:
    key = RequestKey("mine", "print")
    ledger.keep(JOB, ANSWER, key)
    ledger.keep(replace(JOB, id="b"), ANSWER, key)
    assert ledger.input("a") == JOB.payload
    assert not any(name.startswith(("payload", "staged")) for name in keys(every_server))


def test_it_expires_with_the_job(settings: WorkerSettings, every_server: Server) -> None:
    client = connect(settings)
    ledger = Ledger(client, settings.model_copy(update={"retention_s": 0.1}))
    ledger.finish(claimed(ledger, SHARED), ANSWER)
    eventually(lambda: {key.split(":")[0] for key in keys(every_server)} == {"tombstone"})
    client.close()


def test_a_failed_job_has_none(ledger: Ledger) -> None:
    job: NewJob = replace(SHARED, id="f")
    ledger.submit(job)
    ledger.cancel("f")
    assert ledger.input("f") is None
