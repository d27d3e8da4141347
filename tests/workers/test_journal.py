"""The lines of a worker: one JSON document each, and the request that a job comes from."""

import io
import json
import logging
import uuid
from typing import Any

import pytest

from tests.processes import eventually
from tests.workers.processes import Place
from workers import journal
from workers.records import NewJob, Origin


def lines_of(place: Place, name: str = "first") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (place.folder / f"{name}.log").read_text().splitlines() if line[:1] == "{"]


def submit(place: Place, kind: str, content: Any, request_id: str) -> str:
    job = NewJob(uuid.uuid4().hex, kind, "interactive", json.dumps(content).encode(), "", origin=Origin(request_id))
    place.ledger.submit(job)
    return job.id


@pytest.mark.parametrize(("kind", "content", "ended"), [("echo", 1, "optimal"), ("stumble", None, "internal-error")])
def test_a_job_can_be_followed_from_its_request(place: Place, kind: str, content: Any, ended: str) -> None:
    place.worker(log="json")
    job_id = submit(place, kind, content, "request-7")
    eventually(lambda: place.ledger.get(job_id).state.terminal)
    told = eventually(
        lambda: [line for line in lines_of(place) if line.get("job_id") == job_id][1:] and lines_of(place)
    )
    claim, end = (line for line in told if line.get("job_id") == job_id)
    for line in (claim, end):
        assert (line["request_id"], line["attempt"], line["kind"]) == ("request-7", 1, kind)
        assert line["logger"] == "workers.slot"
    assert "is claimed" in claim["message"]
    assert end["ended"] == ended
    assert end["seconds"] >= claim["seconds"]


def test_a_loss_is_told_with_the_request(place: Place) -> None:
    place.worker(log="json")
    job_id = submit(place, "kill", None, "request-8")
    eventually(lambda: place.ledger.get(job_id).state.terminal, 60)

    def found() -> list[dict[str, Any]]:
        return [line for line in lines_of(place) if line["level"] == "warning" and line.get("job_id") == job_id]

    eventually(lambda: len(found()) == 3, what="the last line comes after the end")
    losses = found()
    assert [line["attempt"] for line in losses] == [1, 2, 3]
    assert {line["request_id"] for line in losses} == {"request-8"}


def test_loggers_with_handlers_of_their_own_are_taken_over() -> None:
    root, other = logging.getLogger(), logging.getLogger("tests.other")
    before = root.handlers[:], root.level
    other.addHandler(logging.NullHandler())
    other.propagate = False
    journal.set_up("off", take_over=("tests.other",))
    assert (root.handlers, len(other.handlers)) == (before[0], 1)
    stream = io.StringIO()
    try:
        journal.set_up("json", take_over=("tests.other",), stream=stream)
        other.warning("heard")
    finally:
        root.handlers[:], root.level = before
        for name in journal.OURS:
            logging.getLogger(name).setLevel(logging.NOTSET)
    assert json.loads(stream.getvalue())["message"] == "heard"
