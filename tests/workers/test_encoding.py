"""Wire forms as text."""

import numpy as np
import pytest

from workers import encoding, payloads
from workers.encoding import LONG as MANY
from workers.encoding import PIECE
from workers.minnorm.dataset import Dataset
from workers.minnorm.interpolate import interpolate
from workers.minnorm.setting import Setting

LONG = np.linspace(-1.0, 1.0, 2 * PIECE + 1)


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        None,
        {"a": {}},
        {"a": 1, "b": {"c": [1, {"d": "e"}], "f": np.empty(0)}},
        LONG,
        LONG[:PIECE],
        LONG[: PIECE + 1],
        {"x": LONG, "n": 3, "inner": {"y": LONG[::2].copy(), "z": np.float64(0.5), "u": '\u00e9"\n'}},
    ],
)
def test_pieces_are_the_same_text(value: object) -> None:
    pieces = list(encoding.pieces(value))
    assert b"".join(pieces) == payloads.dumps(value)
    assert max(map(len, pieces)) < 30 * PIECE


def test_columns_that_come_later_are_the_same_text() -> None:
    value = {"x": encoding.Deferred(lambda: LONG), "y": encoding.Deferred(lambda: LONG[:3])}
    expected = payloads.dumps({"x": LONG, "y": LONG[:3]})
    assert payloads.dumps(value) == b"".join(encoding.pieces(value)) == expected
    computed = encoding.computed({"a": {"b": [value["y"]], **value}, "n": None})
    assert type(computed["a"]["x"]) is type(computed["a"]["y"]) is np.ndarray
    assert b"".join(encoding.pieces(computed)) == payloads.dumps(
        {"a": {"b": [LONG[:3]], "x": LONG, "y": LONG[:3]}, "n": None}
    )
    with pytest.raises(TypeError):
        payloads.dumps({"x": object()})


@pytest.mark.parametrize("scale", [1.0, 1e155])
@pytest.mark.parametrize(
    "setting", [Setting(), Setting(penalise_biases=False), Setting(penalise_biases=False, skip_connection=False)]
)
def test_the_network_of_a_large_answer_is_the_same(setting: Setting, scale: float) -> None:
    random = np.random.default_rng(0)
    data = Dataset.from_points(np.cumsum(random.uniform(0.1, 1.0, 2 * MANY)), scale * random.normal(size=2 * MANY))
    result = interpolate(data, setting)
    wire = encoding.interpolation_wire(result, explain=False)
    assert payloads.dumps(wire["network"]) == payloads.dumps(encoding.network_wire(result.network))
    assert (type(wire["network"]["hidden_weights"]) is encoding.Deferred) == (scale == 1.0 and setting.skip_connection)
