"""Named examples for every body of the OpenAPI document; the tests execute each of them."""

from typing import Any

import orjson
from fastapi.openapi.models import Example

FIVE_POINTS = {"x": [-1.5, -1, 0, 0.25, 2], "y": [0.7, -0.3, -0.3, 0.4, 0.2]}
"""The training data of Boursier and Flammarion's figure."""

NILE = {
    "x": list(range(1871, 1901)),
    "y": [
        *[1120, 1160, 963, 1210, 1160, 1160, 813, 1230, 1370, 1140, 995, 935, 1110, 994, 1020],
        *[960, 1180, 799, 958, 1140, 1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100, 774, 840],
    ],
}
"""Annual flow of the Nile at Aswan, 10^8 m^3, 1871-1900."""

_FUNCTION = {
    "x0": -1.5,
    "y0": 0.7,
    "slope0": -2.0,
    "kinks": [-0.4166666666666667, 0.25],
    "slope_changes": [4.8, -2.914285714285714],
}
_NETWORK = {
    "hidden_weights": [1.0, -2.0, 0.0],
    "hidden_biases": [0.5, 1.0, 3.0],
    "output_weights": [2.0, 0.25, 1.0],
    "skip_weight": 1.0,
    "skip_bias": -1.0,
}
_DUAL = [0.0, 1.3076923076923077, 0.9230769230769231, -1.0307764064044151, 0.0]

Examples = dict[str, Example]


def _item(custom_id: str, kind: str, **body: Any) -> dict[str, Any]:
    return {"custom_id": custom_id, "kind": kind, "body": body}


def _examples(**named: tuple[str, dict[str, Any]]) -> Examples:
    return {name: Example(summary=summary, value=value) for name, (summary, value) in named.items()}


def _by_line(examples: Examples) -> Examples:
    """Batches of the other form, without what concerns the batch as a whole."""
    found: Examples = {}
    for name, example in examples.items():
        lines = [orjson.dumps(item).decode() + "\n" for item in (example["value"] or {})["items"]]
        found[name] = Example(summary=f"{example['summary']}, line by line", value="".join(lines))
    return found


INTERPOLATIONS = _examples(
    five_points=("The five points of the paper: two kinks, norm 8.204", FIVE_POINTS),
    active_end=(
        "Few kinks where chords would need a large one: norm 1.99 instead of 10.05",
        {"x": [-10, 10, 11], "y": [0, 0, 1]},
    ),
    nile=("Annual flow of the Nile at Aswan, 1871-1900", NILE),
)
NORMS = _examples(
    function=("A function, biases penalised", {"function": _FUNCTION}),
    network=("A network, whose three norms differ", {"network": _NETWORK}),
    free_biases=("The same network, biases free", {"network": _NETWORK, "penalise_biases": False}),
)
VERIFICATIONS = _examples(
    function_and_certificate=(
        "An interpolator and the proof that it is the least",
        {**FIVE_POINTS, "function": _FUNCTION, "certificate": {"dual_values": _DUAL}},
    ),
    wrong_function=(
        "A function that misses points, and by how much",
        {**FIVE_POINTS, "function": _FUNCTION | {"slope0": -1.9}},
    ),
    certificate_alone=(
        "A lower bound for every interpolator",
        {**FIVE_POINTS, "certificate": {"dual_values": _DUAL}},
    ),
)
BATCHES = _examples(
    two_interpolations=(
        "Two data sets",
        {"items": [_item("paper", "interpolations", **FIVE_POINTS), _item("nile", "interpolations", **NILE)]},
    ),
    all_kinds=(
        "Items of each kind, with a note",
        {
            "items": [
                _item("least", "interpolations", **FIVE_POINTS),
                _item("norm", "norms", function=_FUNCTION),
                _item("proof", "verifications", **FIVE_POINTS, function=_FUNCTION, certificate={"dual_values": _DUAL}),
            ],
            "metadata": {"experiment": "the five points"},
        },
    ),
    one_fails=(
        "An item that fails without harm to the other one",
        {"items": [_item("good", "interpolations", **FIVE_POINTS), _item("bad", "interpolations", x=[0, 1], y=[0])]},
    ),
)
BATCH_LINES = _by_line(BATCHES)
