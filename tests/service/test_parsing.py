"""How a body is read."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.parsing import parse
from service.refusals import RepeatedName

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 10) | st.text(':"\\a\n', max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(':"\\ab', max_size=3), inner, max_size=4),
    max_leaves=20,
)


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
