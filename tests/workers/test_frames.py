"""Messages between a worker and its runner."""

import io

import pytest

from workers.frames import read_message, write_message


def test_messages_come_out_as_they_went_in() -> None:
    pipe = io.BytesIO()
    write_message(pipe, {"kind": "é"}, b"\x00\xff")
    write_message(pipe, {})
    pipe.seek(0)
    assert read_message(pipe) == ({"kind": "é"}, b"\x00\xff")
    assert read_message(pipe) == ({}, b"")


def test_a_message_that_breaks_off_is_an_end() -> None:
    pipe = io.BytesIO()
    write_message(pipe, {"kind": "a"}, b"payload")
    for length in range(len(pipe.getvalue())):
        with pytest.raises(EOFError):
            read_message(io.BytesIO(pipe.getvalue()[:length]))
