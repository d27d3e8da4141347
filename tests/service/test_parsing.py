"""JSON texts, small and large."""

import json
import random
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service import parsing
from service.parsing import COLUMN, LARGE_BYTES, PIECE_BYTES, parse
from service.refusals import InvalidJson, RepeatedName, TooManyFields, TooManyLevels

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


def test_a_column_of_many_pieces_has_all_its_numbers() -> None:
    numbers = np.random.default_rng(0).normal(size=60_000) * 10.0 ** np.arange(-300, 300, 0.01)
    body = orjson.dumps({"x": numbers, "y": numbers[::-1].copy()}, option=orjson.OPT_SERIALIZE_NUMPY)
    assert len(body) > 8 * PIECE_BYTES
    for text in (body, body.replace(b",", b"\n, ")):
        found = parse(text)
        assert (found["x"] == numbers).all()
        assert (found["y"] == numbers[::-1]).all()


def test_a_column_of_the_shortest_numbers_has_all_of_them() -> None:
    count = 2 * PIECE_BYTES
    found = parse(b'{"x": [' + b",".join([b"1", b"7"] * count) + b"]}")["x"]
    assert type(found) is np.ndarray
    assert (found == np.tile([1.0, 7.0], count)).all()


@pytest.mark.parametrize("wrong", [",", "1 2", "1}", '1"', "1\0", "01", "1e"])
def test_what_is_no_column_is_refused_wherever_pieces_of_it_end(wrong: str) -> None:
    numbers = "0.25," * PIECE_BYTES
    for text in (f"{wrong}{numbers}1", f"{numbers}{wrong},1", f"{numbers}{wrong}"):
        with pytest.raises(InvalidJson):
            parse(f'{{"x": [{text}]}}'.encode())


def test_a_column_in_a_text_or_in_place_of_a_name_is_none() -> None:
    column = json.dumps(PADDING)
    for text in (column, f"[{column}]", f"\\{column}", f"{column}{column}"):
        assert parse(json.dumps({"a": text, "x": PADDING}).encode())["a"] == text
    for body in (f"{{{column}: 1}}", f'{{"a": "\\{column}"}}', f'{{"a": 1 {column}}}', f'{{"a": {column}{column}}}'):
        with pytest.raises(InvalidJson):
            parse(body.encode())


def test_columns_are_found_in_objects_and_lists() -> None:
    value = {"a": {"b": PADDING}, "c": [PADDING, [1.0, 2.0], PADDING], "d": [{"e": PADDING}, 3], "f": [1, PADDING]}
    found = parse(json.dumps(value).encode())
    assert json.loads(json.dumps(found, default=list)) == value
    del value["f"]
    found = parse(json.dumps(value).encode())
    assert all(type(part) is np.ndarray for part in (found["a"]["b"], *found["c"][::2], found["d"][0]["e"]))


def test_colons_are_counted_beside_columns() -> None:
    body = large("x", "1", ', "a": 1, "text": ":::"')
    assert parse(body, most_colons=6)["a"] == 1
    with pytest.raises(TooManyFields):
        parse(json.dumps({"a": {str(number): number for number in range(7)}}).encode(), most_colons=7)
    with pytest.raises(TooManyFields):
        parse(large("x", "1", f', "text": "{":" * 2_000}"'), most_colons=2_000)


@pytest.mark.parametrize("padding", ["", f', "x": {json.dumps(PADDING)}'])
@pytest.mark.parametrize(("begin", "end"), [('{"a":', "}"), ("[", "]"), ('[{"a":', "}]")])
def test_levels_are_counted(begin: str, end: str, padding: str) -> None:
    of_each = begin.count("[") + begin.count("{")
    for levels, is_fine in ((6, True), (7, False), (900, False)):
        times = (levels - 1) // of_each
        inner = "[" * ((levels - 1) % of_each), "]" * ((levels - 1) % of_each)
        body = f'{{"b": {begin * times}{inner[0]}1{inner[1]}{end * times}{padding}}}'.encode()
        if is_fine:
            parse(body, 6)
        else:
            with pytest.raises(TooManyLevels, match="than 6, the limit"):
                parse(body, 6)


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


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Columns from three numbers on, in pieces of a few bytes, so that every border is met."""
    for name, value in (("LARGE_BYTES", 10), ("COLUMN", 3), ("PIECE_BYTES", 7)):
        monkeypatch.setattr(parsing, name, value)


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize(
    "column", ["1, 2, 3,\n ", " ,1, 2, 3", "1, 2,, 3", "1, 2, 3 4", "1, 2, 3,", "1, 2, 3, [4", "01, 2, 3"]
)
def test_columns_are_as_strict_as_other_lists(column: str) -> None:
    for padding in range(8):
        with pytest.raises(InvalidJson):
            parse(f'{{"x": [{" " * padding}{column}]}}'.encode())


@pytest.mark.usefixtures("tiny")
def test_columns_are_found_wherever_they_are_and_all_else_is_as_ever() -> None:
    found = 0
    for seed in range(3_000):
        body = json.dumps(drawn(random.Random(seed), 0)).encode()
        value = parse(body)
        found += "array" in repr(value)
        assert plain(value) == json.loads(body)
    assert found > 500


def drawn(source: random.Random, depth: int) -> dict[str, Any]:
    """A document with columns in many places, and brackets in its texts and names."""

    def text() -> str:
        return "".join(source.choices('a"\\[]{},:1 é', k=source.randrange(8)))

    def value() -> Any:
        number = [source.randrange(-9, 9), source.random(), 1e300, -0.5]
        numbers = source.choices(number, k=source.randrange(9))
        choices = [numbers, text(), None, True, [numbers, text()], [text(), numbers], [1, numbers]]
        return source.choice(choices) if depth == 3 or source.random() < 0.6 else drawn(source, depth + 1)

    return {text(): value() for _ in range(source.randrange(1, 5))}


def plain(value: Any) -> Any:
    """The same with lists in place of columns."""
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [plain(part) for part in value]
    return value.tolist() if isinstance(value, np.ndarray) else value


@pytest.mark.usefixtures("tiny")
def test_columns_are_looked_for_among_so_many_lists_only() -> None:
    for lists, kind in ((parsing.MOST_LISTS - 3, np.ndarray), (parsing.MOST_LISTS, list)):
        assert type(parse(f'{{"a": [{"[]," * lists}1], "x": [1, 2, 3]}}'.encode())["x"]) is kind
