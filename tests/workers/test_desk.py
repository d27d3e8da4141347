"""A desk, without a process around it."""

import io
import json
from typing import Any

import pytest

from tests.workers import kinds
from workers import chunks
from workers.desk import Desk
from workers.frames import read_message, write_message
from workers.memory import FORGETFUL, Memory
from workers.slate import Slate, blank


def served(*messages: tuple[dict[str, Any], bytes]) -> list[tuple[dict[str, Any], bytes]]:
    """All that a desk says to one problem."""
    problems, answers = io.BytesIO(), io.BytesIO()
    for head, body in messages:
        write_message(problems, head, body)
    problems.seek(0)
    with blank() as file:
        desk = Desk(kinds, (problems, answers), Slate(file.fileno()))
    desk.serve_one()
    assert not problems.read(), "not all was read"
    answers.seek(0)
    said = []
    while answers.tell() < len(answers.getvalue()):
        said.append(read_message(answers))
    return said


RECALL = {"states": ["one", "two"]}


@pytest.mark.parametrize("head", [{"saved": False}, {}])
def test_a_job_without_a_checkpoint(head: dict[str, Any]) -> None:
    """Also as a worker sends it that runs since before there were any, and has just started this runner."""
    said = served(({"kind": "recall", "suspect": None} | head, json.dumps(RECALL).encode()))
    assert said == [({"checkpoint": True}, b"one"), ({"checkpoint": True}, b"two"), ({"outcome": "optimal"}, b"null")]


def test_a_job_with_a_checkpoint() -> None:
    *_, answer = served(({"kind": "recall", "saved": True}, json.dumps(RECALL).encode()), ({}, b"zero"))
    assert answer == ({"outcome": "optimal"}, b'"zero"')


def test_the_items_of_a_chunk_save_nothing() -> None:
    lines = [chunks.item_line(name, "recall", RECALL) for name in "ab"]
    said = served(({"kind": chunks.CHUNK, "suspect": None}, chunks.join(lines)))
    assert [head for head, _ in said] == [{"segment": True}, {"outcome": chunks.OUTCOME}]


def test_who_is_forgetful_remembers_nothing() -> None:
    def use(memory: Memory) -> bytes | None:
        memory.save(b"one")
        return memory.saved

    assert use(FORGETFUL) is None
