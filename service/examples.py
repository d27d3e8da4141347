"""Named examples for every body of the OpenAPI document; the tests execute each of them."""

from typing import Any

import orjson
from fastapi.openapi.models import Example

from service.five_points import FIVE_POINTS

NILE = {
    "x": list(range(1871, 1901)),
    "y": [
        *[1120, 1160, 963, 1210, 1160, 1160, 813, 1230, 1370, 1140, 995, 935, 1110, 994, 1020],
        *[960, 1180, 799, 958, 1140, 1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100, 774, 840],
    ],
}
"""Annual flow of the Nile at Aswan, 10^8 m^3, 1871-1900."""

_TEMPERATURES = [66, 70, 69, 68, 67, 72, 73, 70, 57, 63, 70, 78, 67, 53, 67, 75, 70, 81, 76, 79, 75, 76, 58]
_DAMAGED = (1, 8, 9, 10, 13, 20, 22)
O_RINGS = {"x": _TEMPERATURES, "y": [1 if flight in _DAMAGED else -1 for flight in range(len(_TEMPERATURES))]}
"""Flights of the space shuttle before 1986: temperature at launch in degrees Fahrenheit, 1 if O-rings were damaged."""

NOISY = {"x": [-2, -1, -1, 0, 1, 1, 2, 3], "y": [2.1, 0.8, 1.1, 0.1, 0.9, 1.2, 1.9, 3.2]}
"""The distance from zero, with errors, seen twice at two places."""

LABELS = {"x": [-3, -1.5, -1, 0, 1, 2, 3], "y": [-1, -1, 1, 1, 1, -1, -1]}
"""A class in the middle of the other one."""

_FIT = {"x": [-1, 0, 1], "y": [1, 0, 1], "loss": "squared", "regularisation": 0.1}
"""Solved by hand: the fit is 0.85 at both ends and 0.3 in the middle; norm 1.1, loss 0.045, objective 0.155."""
_FITTED = {"x0": -1, "y0": 0.85, "slope0": -0.55, "kinks": [0], "slope_changes": [1.1]}

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
_WITHOUT_SKIP = {name: column for name, column in _NETWORK.items() if not name.startswith("skip")}
_DUAL = [0.0, 1.3076923076923077, 0.9230769230769231, -1.0307764064044151, 0.0]

CONVEX = {"x": [0, 1, 2, 3, 4, 5, 6], "y": [0, 0, 1, 3, 6, 10, 15]}
"""Five points in one run: three kinks are enough, and can be placed in many ways."""

RISING = {"x": [0, 1, 2, 4], "y": [0, 1, 3, 9]}
"""No slope is ever negative, so that without a skip connection the slope itself has to be paid for."""

_STANDARD = {"standardise": True}
_FREE = {"penalise_biases": False}
_ALONE = {"skip_connection": False}
_WILD = {"x": [0, 1, 2, 3, 4, 5], "y": [0, 1.1, 1.9, 30, 4.1, 5], "regularisation": 0.1}
_ONE_ERROR = {"folds": 5, "seed": 0, "rule": "one_standard_error"}
_WEIGHTED_HINGE = {"loss": "hinge", "regularisation": 0.1, "weights": [1, 1, 1, 2, 1, 1, 1]}
_SEPARATING = {"x0": -3, "y0": -7, "slope0": 4, "kinks": [-0.25], "slope_changes": [-6.4]}
_CHORDS = {"x0": 0, "y0": 0, "slope0": 0, "kinks": [1, 2, 3, 4, 5], "slope_changes": [1, 1, 1, 1, 1]}
_PAIRED = {"x0": 0, "y0": 0, "slope0": 0, "kinks": [1, 2.5, 4.5], "slope_changes": [1, 2, 2]}
_VALLEY = {"x0": -1.4, "y0": 14, "slope0": -10, "kinks": [0], "slope_changes": [20]}
_CONSTANT = {"hidden_weights": [0], "hidden_biases": [1], "output_weights": [1]}
_PROVED = {
    "function": _FUNCTION,
    "network": {
        "hidden_weights": [2.10493924633687, 1.681449502362461],
        "hidden_biases": [0.8770580193070292, -0.42036237559061523],
        "output_weights": [2.2803508501982757, -1.7331984755956693],
        "skip_weight": -2.0,
        "skip_bias": -2.3,
    },
    "norm": 8.203976955807152,
    "objective_value": 8.203976955807152,
    "kink_count": 2,
    "fewest_kinks": 2,
    "is_sparsest": True,
    "is_unique": True,
    "certificate": {"dual_values": _DUAL, "lower_bound": 8.203976955807123},
}
_SPLINE = {"breakpoints": [-1, 0, 1], "coefficients": [[-2, 2], [3, -3], [0, 0], [0, 1]]}
"""A bump of two cubics: 0 at -1 and 1, 1 at 0, with horizontal tangents at all three."""

EXPERIMENT = FIVE_POINTS | _ALONE | {"width": 200, "weight_decay": 1e-3, "optimiser": {"step_size": 0.05}}
"""The training of Boursier and Flammarion's figure, but for its length."""

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
    nile_standardised=("The same in units of its own: years from 1871 on are far from the origin", NILE | _STANDARD),
    free_biases=("Biases free: many interpolators are the best, and the answer describes all of them", CONVEX | _FREE),
    without_skip=("No skip connection: neurons have to make the line as well", RISING | _ALONE),
    free_biases_without_skip=("Neither: only slopes cost", RISING | _FREE | _ALONE),
    fewest_kinks=("As few kinks as possible: three", CONVEX | {"objective": "kinks"}),
    small_path_norm=("An l^p path norm, p = 1/2, which favours few kinks", CONVEX | {"objective": "lp", "p": 0.5}),
    explained=("With the runs of points that curve the same way", FIVE_POINTS | {"explain": True}),
)
REGRESSIONS = _examples(
    noisy=("A noisy absolute value: least squares", NOISY | {"regularisation": 0.05}),
    nile=(
        "Annual flow of the Nile at Aswan, 1871-1900, in units of its own",
        NILE | _STANDARD | {"regularisation": 2_000},
    ),
    absolute=("The absolute loss, which one wild observation does not impress", _WILD | {"loss": "absolute"}),
    huber=("The Huber loss", _WILD | {"loss": "huber", "huber_delta": 0.5}),
    weighted=("Weights", NOISY | {"regularisation": 0.05, "weights": [1, 1, 1, 9, 1, 1, 1, 1]}),
    free_biases=("Biases free: trend filtering", NOISY | _FREE | {"regularisation": 0.05}),
    without_skip=("No skip connection", NOISY | _ALONE | {"regularisation": 0.05}),
    free_biases_without_skip=("Neither", NOISY | _FREE | _ALONE | {"regularisation": 0.05}),
    convex=("A convex fit", FIVE_POINTS | {"regularisation": 0.01, "shape": ["convex"]}),
    increasing=("A concave and increasing fit", NOISY | {"regularisation": 0.01, "shape": ["increasing", "concave"]}),
    several=("Several regularisations", NOISY | {"regularisation": [1, 0.1, 0.01]}),
    path=("A path from the straight line on", NOISY | {"path": {"count": 5, "ratio": 0.01}}),
    chosen=(
        "A path, of which cross-validation chooses one",
        NILE | _STANDARD | {"path": {"count": 10, "ratio": 0.01}, "cross_validation": _ONE_ERROR},
    ),
    training=(
        "What training the paper's network with weight decay leads to: 0.00802674",
        FIVE_POINTS | _ALONE | {"regularisation": 1e-3},
    ),
)
CLASSIFICATIONS = _examples(
    hard_margin=("The least norm that keeps a margin of 1", LABELS),
    hinge=("Hinge loss", LABELS | {"loss": "hinge", "regularisation": 0.1}),
    o_rings=(
        "O-rings of the space shuttle by temperature: logistic loss, both labels at some temperatures",
        O_RINGS | _STANDARD | {"loss": "logistic", "regularisation": 0.05},
    ),
    infeasible=("The same with a hard margin: nothing separates them", O_RINGS),
    decreasing=(
        "The colder, the more damage",
        O_RINGS | _STANDARD | {"loss": "logistic", "regularisation": 0.05, "shape": ["decreasing"]},
    ),
    free_biases=("Hard margin, biases free", LABELS | _FREE),
    without_skip=("Hard margin, no skip connection", LABELS | _ALONE),
    free_biases_without_skip=("Neither, with weights", LABELS | _FREE | _ALONE | _WEIGHTED_HINGE),
    several=("Several regularisations", LABELS | {"loss": "hinge", "regularisation": [1, 0.1, 0.01]}),
    path=("A path", LABELS | {"loss": "logistic", "path": {"count": 4}}),
    chosen=(
        "Cross-validation",
        O_RINGS
        | _STANDARD
        | {"loss": "logistic", "regularisation": [0.2, 0.05, 0.01], "cross_validation": {"folds": 4, "seed": 1}},
    ),
)
NORMS = _examples(
    function=("A function, biases penalised", {"function": _FUNCTION}),
    function_without_skip=("The same function where the line costs, too", {"function": _FUNCTION, **_ALONE}),
    network=("A network, whose three norms differ", {"network": _NETWORK}),
    network_without_skip=("A network without a skip connection", {"network": _WITHOUT_SKIP, **_ALONE}),
    free_biases=("The same network as before, biases free", {"network": _NETWORK, **_FREE}),
    not_attained=(
        "A constant that costs nothing, but only in the limit",
        {"network": _WITHOUT_SKIP, **_FREE, **_ALONE},
    ),
    spline=("A cubic spline", {"piecewise_polynomial": _SPLINE}),
    spline_without_skip=("The same without a skip connection", {"piecewise_polynomial": _SPLINE, **_ALONE}),
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
    wrong_network=(
        "A network that computes something else than the function beside it",
        {**FIVE_POINTS, "function": _FUNCTION, "network": _NETWORK},
    ),
    certificate_alone=(
        "A lower bound for every interpolator",
        {**FIVE_POINTS, "certificate": {"dual_values": _DUAL}},
    ),
    free_biases=(
        "The chords have the least norm if biases are free, and there is a proof of ones",
        {**CONVEX, **_FREE, "function": _CHORDS, "norm": 5, "certificate": {"dual_values": [0, 1, 1, 1, 1, 1, 0]}},
    ),
    without_skip=(
        "A constant neuron for a constant: its network, its norm, and a dual with a total that proves it",
        {
            "x": [0, 1],
            "y": [1, 1],
            **_ALONE,
            "network": _CONSTANT,
            "norm": 1,
            "certificate": {"dual_values": [0, 0], "dual_total": 1},
        },
    ),
    fewest_kinks=(
        "Three kinks are the fewest, but five are claimed",
        {
            **CONVEX,
            "objective": "kinks",
            "function": _PAIRED,
            "kink_count": 5,
            "certificate": {"dual_values": [0, 1, 0, 1, 0, 1, 0]},
        },
    ),
    small_path_norm=(
        "An l^p path norm, p = 1/2, as claimed",
        {**CONVEX, "objective": "lp", "p": 0.5, "function": _PAIRED, "objective_value": 6.546173178819616},
    ),
    standardised=(
        "A function of (x - 1000) / 10, which is what standardising these data leads to",
        {"x": [986, 998, 1002, 1014], "y": [14, 2, 2, 14], **_STANDARD, "function": _VALLEY, "norm": 20},
    ),
    fit=(
        "A fit, and the proof that none is better",
        {
            **_FIT,
            "function": _FITTED,
            "norm": 1.1,
            "loss_value": 0.045,
            "objective_value": 0.155,
            "certificate": {"dual_values": [0, 1, 0], "lower_bound": 0.15499999},
        },
    ),
    worse_fit=(
        "A fit that is 1.6 % from the best, but is claimed to be it",
        {**_FIT, "function": _FITTED | {"y0": 0.9}, "certificate": {"dual_values": [0, 1, 0], "relative_gap": 1e-9}},
    ),
    margins=(
        "A function that keeps its margins at a norm of 6.4, but does not decrease",
        {**LABELS, **_FREE, "loss": "hard_margin", "function": _SEPARATING, "norm": 6.4, "shape": ["decreasing"]},
    ),
)
TRAININGS = _examples(
    experiment=(
        "The experiment of the paper: two kinks, and 0.00802728, where 0.00802674 is the best",
        EXPERIMENT | {"steps": 400_000, "seeds": [0]},
    ),
    free_biases=(
        "The same with biases free: many kinks, near 0.00753204",
        EXPERIMENT | _FREE | {"steps": 800_000, "seeds": [0]},
    ),
    labels=(
        "Labels, logistic loss, Adam with a falling step size",
        LABELS
        | {
            "loss": "logistic",
            "weight_decay": 0.01,
            "steps": 10_000,
            "optimiser": {"name": "adam", "step_size": 0.02, "schedule": "cosine"},
        },
    ),
    momentum=(
        "Nesterov's momentum from two seeds, with the functions on the way",
        NOISY
        | {
            "weight_decay": 0.05,
            "width": 100,
            "steps": 20_000,
            "optimiser": {"name": "momentum", "nesterov": True, "step_size": 0.005},
            "seeds": [1, 2],
            "frames": 10,
        },
    ),
    no_decay=(
        "No weight decay: one of the many networks that interpolate, with a norm of 9.11",
        FIVE_POINTS | {"weight_decay": 0, "steps": 100_000, "optimiser": {"step_size": 0.05}},
    ),
    balanced=(
        "The same from smaller and balanced neurons: a norm of 8.28, where 8.20 is the least of all that interpolate",
        FIVE_POINTS
        | {
            "weight_decay": 0,
            "steps": 100_000,
            "optimiser": {"step_size": 0.05},
            "initialisation": {"scale": 0.3, "balanced": True},
        },
    ),
    nile=(
        "Annual flow of the Nile at Aswan, 1871-1900, until the gradient is small",
        NILE
        | _STANDARD
        | {
            "weight_decay": 5,
            "tolerance": 10,
            "steps": 20_000,
            "optimiser": {"name": "adam", "step_size": 1, "schedule": "cosine"},
        },
    ),
)
BATCHES = _examples(
    two_interpolations=(
        "Two data sets",
        {"items": [_item("paper", "interpolations", **FIVE_POINTS), _item("nile", "interpolations", **NILE)]},
    ),
    several_kinds=(
        "Items of several kinds, with a note",
        {
            "items": [
                _item("least", "interpolations", **FIVE_POINTS),
                _item("norm", "norms", function=_FUNCTION),
                _item("spline", "norms", piecewise_polynomial=_SPLINE),
                _item("fewest", "interpolations", **CONVEX, objective="kinks"),
                _item("fit", "regressions", **NOISY, regularisation=0.05),
                _item("labels", "classifications", **LABELS),
                _item("proof", "verifications", **FIVE_POINTS, function=_FUNCTION, certificate={"dual_values": _DUAL}),
            ],
            "metadata": {"experiment": "the five points"},
        },
    ),
    two_trainings=(
        "A training with two step sizes",
        {
            "items": [
                _item("short steps", "trainings", **EXPERIMENT | {"steps": 20_000}),
                _item("long steps", "trainings", **EXPERIMENT | {"steps": 20_000, "optimiser": {"step_size": 0.2}}),
            ]
        },
    ),
    one_fails=(
        "An item that fails without harm to the other one",
        {"items": [_item("good", "interpolations", **FIVE_POINTS), _item("bad", "interpolations", x=[0, 1], y=[0])]},
    ),
)
BATCH_LINES = _by_line(BATCHES)
PLOTS = _examples(
    five_points=(
        "The five points of the paper with their interpolator, and the certificate in its envelope",
        {"kind": "interpolations", "problem": FIVE_POINTS, "result": _PROVED},
    ),
    result_alone=(
        "A result whose problem is not at hand any more: the function alone, on a dark ground",
        {"kind": "interpolations", "result": _PROVED, "theme": "dark"},
    ),
    spline=(
        "A spline whose norm was measured",
        {
            "kind": "norms",
            "problem": {"piecewise_polynomial": _SPLINE},
            "result": {"representational_cost": 6.975960159830406},
            "width": 600,
            "height": 400,
        },
    ),
)
