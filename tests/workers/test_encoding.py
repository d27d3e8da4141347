"""Wire forms as text."""

import numpy as np
import pytest

from workers import encoding, payloads
from workers.encoding import PIECE

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
