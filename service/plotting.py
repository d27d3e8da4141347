"""Results of anybody, on their way to a picture: and what is refused."""

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from service.items import REQUESTS, Place, invalid
from service.pictures.drawing import Look, draw
from service.schemas.plots import PlotRequest
from service.schemas.results import (
    ChosenResult,
    ChosenSeparationResult,
    FitResult,
    InfeasibleResult,
    InterpolationResult,
    NormResult,
    PathResult,
    SeparationPathResult,
    SeparationResult,
    VerificationResult,
)
from service.schemas.trainings import TrainingResult

MOST_OBJECTS = 50_000
"""More than any result has that is drawn. Validation writes some errors for each that is not what it should be."""
MOST_MIXED = 1_000
"""Longest list of anything but numbers."""
_LARGEST = 2**63
_NOT_DRAWN = {"interpolations": ("runs",)}
"""What may be long, and is in no picture."""


def plotted(request: PlotRequest, media_type: str) -> bytes:
    """The picture. Raises what is wrong with the result, as `RequestValidationError` or one of the other errors."""
    problem = {} if request.problem is None else _validated(REQUESTS[request.kind], request.problem, "problem")
    given = {name: value for name, value in request.result.items() if name not in _NOT_DRAWN.get(request.kind, ())}
    _check_size(given)
    result = _validated(_model_of(request.kind, given), given, "result")
    look = Look(media_type, request.theme, request.width, request.height, request.frame)
    return draw(request.kind, problem, result, look)


def _model_of(kind: str, result: Mapping[str, Any]) -> type[BaseModel]:
    """The form of this result: pointers into a union would name its forms."""
    if kind == "regressions":
        return _form(result, FitResult, PathResult, ChosenResult)
    if kind == "classifications":
        if "conflict" in result:
            return InfeasibleResult
        return _form(result, SeparationResult, SeparationPathResult, ChosenSeparationResult)
    models: Mapping[str, type[BaseModel]] = {
        "interpolations": InterpolationResult,
        "norms": NormResult,
        "verifications": VerificationResult,
        "trainings": TrainingResult,
    }
    return models[kind]


def _form(
    result: Mapping[str, Any], one: type[BaseModel], several: type[BaseModel], chosen: type[BaseModel]
) -> type[BaseModel]:
    if "path" not in result:
        return one
    return chosen if "cross_validation" in result else several


def _validated(model: type[BaseModel], value: Any, name: str) -> dict[str, Any]:
    """The fields of a value that fits the model, by their wire names, columns as arrays."""
    try:
        checked = model.model_validate(value)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError([item | {"loc": ("body", name, *item["loc"])} for item in found]) from None
    fields: dict[str, Any] = _fields(checked)
    return fields


def _fields(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return {name: _fields(field) for name, field in value if field is not None}
    if isinstance(value, list) and value and isinstance(value[0], BaseModel):
        return [_fields(item) for item in value]
    return value


def _check_size(result: Mapping[str, Any]) -> None:
    """Refuse what would take long to refuse later, and whole numbers that do not fit in 64 bits."""
    for count, (place, value) in enumerate(_parts(result, ("result",))):
        if count > MOST_OBJECTS:
            raise invalid(("result",), "too_long", f"a result to be drawn has at most {MOST_OBJECTS:,} parts")
        numbers = value if isinstance(value, list) else [value]
        if set(map(type, numbers)) <= {int, float}:
            if any(type(number) is int and abs(number) >= _LARGEST for number in numbers):
                raise invalid(place, "too_large", "whole numbers fit in 64 bits")
        elif len(numbers) > MOST_MIXED:
            raise invalid(place, "too_long", f"at most {MOST_MIXED:,} parts that are not all numbers")


def _parts(value: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    """Objects, lists and numbers, from the outside inwards; of lists of numbers not each of them."""
    yield place, value
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _parts(item, (*place, name))
    elif isinstance(value, list) and not set(map(type, value)) <= {int, float}:
        for index, item in enumerate(value):
            yield from _parts(item, (*place, index))
