"""JSON texts, small and large."""

import json

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.parsing import COLUMN, LARGE_BYTES, parse
from service.refusals import InvalidJson, RepeatedName

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 10) | st.text(':"\\a\n', max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(':"\\ab', max_size=3), inner, max_size=4),
    max_leaves=20,
)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**63), 2**64 - 1)
PADDING = [0.5] * COLUMN


def large(name: str, first: str, others: str = "") -> bytes:
    """A text with one long column that begins like this."""
    body = f'{{"{name}": [{first}, {json.dumps(PADDING)[1:-1]}, {" " * LARGE_BYTES} 1]{others}}}'.encode()
    assert len(body) > LARGE_BYTES
    return body


@given(VALUES)
def test_what_has_no_name_twice_is_taken(value: object) -> None:
    assert parse(json.dumps(value).encode()) == value


@given(VALUES, st.text(':"\\a', max_size=3))
def test_a_name_that_occurs_twice_is_refused_wherever_it_is(value: object, name: str) -> None:
    key, text = json.dumps(name), json.dumps(value)
    twice = f"{{{key}: {text}, {key}: 1}}"
    for body in (twice, f"[1, {twice}]", f'{{"other": [[0, {twice}]], "text": ":"}}', f"[[], {twice}]"):
        with pytest.raises(RepeatedName):
            parse(body.encode())


@given(st.lists(NUMBERS, min_size=1, max_size=20), VALUES)
def test_the_same_values_are_read_from_a_large_text(numbers: list[float], value: object) -> None:
    text = json.dumps(numbers)[1:-1]
    found = parse(large("x", text, f', "more": {json.dumps({"inner": value})}'))
    assert (np.array(found["x"], dtype=float) == [*map(float, numbers), *PADDING, 1.0]).all()
    assert found["more"] == {"inner": value}


def test_a_long_column_is_an_array() -> None:
    column = parse(large("x", "-3, 0.1, 1e-400", ', "shape": ["convex"], "more": {"p": 0.5}'))["x"]
    assert column[:4].tolist() == [-3.0, 0.1, 0.0, 0.5]
    assert column.dtype == np.float64
    assert column.flags.writeable  # compiled code takes another kind of array for another type


@pytest.mark.parametrize("wrong", ["true", "null", '"1.5"', "[1]", "[]", "[[1]]", '{"a": 1}'])
def test_a_column_with_something_else_in_it_stays_a_list(wrong: str) -> None:
    found = parse(large("x", wrong))
    assert type(found["x"]) is list
    assert found["x"][0] == json.loads(wrong)


@pytest.mark.parametrize("number", ["1e400", "-1e999", "NaN", "Infinity", "1" * 400])
def test_what_no_double_holds_is_left_to_be_refused_by_its_place(number: str) -> None:
    found = parse(large("x", number))
    assert type(found["x"]) is list
    assert not np.isfinite(float(found["x"][0])) if len(number) < 300 else found["x"][0] > 1e308


@pytest.mark.parametrize("others", ['"x": 1', '"a": {"b": 1, "b": 2}', '"a": [[{"b": 1, "b": 2}]]'])
def test_a_name_that_occurs_twice_is_refused_beside_a_long_column(others: str) -> None:
    with pytest.raises(RepeatedName):
        parse(large("x", "1", f", {others}"))


@pytest.mark.parametrize(("before", "after"), [(b"", b"x"), (b"", b"]"), (b"\xef\xbb\xbf", b""), (b"{", b"")])
def test_what_is_no_json_is_refused_however_long(before: bytes, after: bytes) -> None:
    for body in (large("x", "1"), orjson.dumps({"x": [1.0]})):
        with pytest.raises(InvalidJson):
            parse(before + body + after)
        with pytest.raises(InvalidJson):
            parse(body[:-1])


def test_many_names_do_not_take_longer_each() -> None:
    """Simdjson looks for each name from the beginning: 200,000 of them would take minutes."""
    names = ", ".join(f'"name {number}": 1' for number in range(100_000))
    for others in (f", {names}", f', "metadata": {{{names}}}'):
        assert len(str(parse(large("x", "1", others)))) > 100_000


def test_a_zero_in_a_name_does_not_end_it() -> None:
    found = parse(large("x", "1", ', "metadata": {"a": "right", "a\\u0000b": "mine", "\\u0000": "also"}'))
    assert found["metadata"] == {"a": "right", "a\0b": "mine", "\0": "also"}


def test_a_list_of_less_than_a_column_stays_a_list() -> None:
    body = orjson.dumps({"seeds": list(range(COLUMN - 1)), "text": " " * LARGE_BYTES})
    assert parse(body)["seeds"] == list(range(COLUMN - 1))
