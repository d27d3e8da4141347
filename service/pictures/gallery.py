"""The pictures of the docs: `python -m service.pictures` draws them into docs/pictures."""

import csv
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from service.pictures.certificates import draw_below, dual_of
from service.pictures.contents import Contents, number
from service.pictures.curves import Floats, Window
from service.pictures.drawing import Look, draw
from service.pictures.interpolations import draw_function
from service.pictures.sheet import Sheet
from workers import compute, payloads

FOLDER = Path(__file__).parent.parent.parent / "docs" / "pictures"
_DATA = FOLDER.parent.parent / "tests" / "data"
_LOOK = Look(theme="auto", width_px=760, height_px=520)
_LOW = Look(theme="auto", width_px=760, height_px=400)


def _points(name: str) -> dict[str, Floats]:
    """The first two columns of a file."""
    with (_DATA / f"{name}.csv").open(newline="") as file:
        rows = np.array([row for row in csv.reader(file) if row][1:], dtype=np.float64)
    return {"x": rows[:, 0], "y": rows[:, 1]}


def _solved(kind: str, **problem: Any) -> Contents:
    return Contents(problem, payloads.loads(compute.answer(kind, problem).result))


def _five_points() -> dict[str, Floats]:
    return _points("boursier_flammarion_five_points")


def biases() -> bytes:
    """Interpolators of least norm with penalised and with free biases, side by side."""
    sheet = Sheet(Look(theme="auto", width_px=900, height_px=420), [["penalised", "free"]])
    norms = []
    for name in ("penalised", "free"):
        contents = _solved("interpolations", **_five_points(), penalise_biases=name == "penalised")
        window = Window.around(contents.problem["x"])
        function = contents.function("function")
        draw_function(sheet.panel(name, window, share=2), contents, function, window)
        sheet.label(name, f"abscissa x; biases {name}")
        norms.append(f"biases {name}: norm {number(contents.result['norm'])}")
    sheet.title("Interpolators of least norm, with skip connection", *norms)
    return sheet.bytes()


def certificate() -> bytes:
    """The dual of the same points within its envelope, which it touches at both kinks."""
    contents = _solved("interpolations", **_five_points())
    sheet = Sheet(_LOW, [["dual"]])
    window = Window.around(contents.problem["x"])
    dual = dual_of(contents, contents.result["certificate"])
    draw_below(sheet, dual, window, contents.function("function"), None)
    sheet.label("dual", "abscissa x")
    sheet.title("A certificate", f"norm {number(contents.result['norm'])}", "proved by the dual function")
    return sheet.bytes()


def nile() -> bytes:
    """A regularised fit to the annual flow of the Nile."""
    contents = _solved(
        "regressions", **_points("nile"), loss="squared", regularisation=0.3, standardise=True, gap=1e-8, shape=[]
    )
    return draw("regressions", contents.problem, {**contents.result, "certificate": {}}, _LOW)


def training() -> bytes:
    """Gradient descent on the same five points, beside the optimum."""
    contents = _solved(
        "trainings",
        **_five_points(),
        width=200,
        skip_connection=False,
        weight_decay=1e-3,
        steps=400_000,
        optimiser={"name": "gradient_descent", "step_size": 0.05},
        snapshots=40,
    )
    return draw("trainings", contents.problem, contents.result, _LOOK)


GALLERY: Mapping[str, Callable[[], bytes]] = {
    "biases": biases,
    "certificate": certificate,
    "nile": nile,
    "training": training,
}
