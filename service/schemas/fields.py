"""What all schemas are made of: strict numbers, fields that may be left out, the bases of requests and answers."""

from functools import reduce
from operator import or_
from typing import Annotated, Any, LiteralString, TypeVar, get_args

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, ValidationError
from pydantic_core import CoreSchema, PydanticCustomError


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


class _NotNull:
    """Makes `T | None` accept a T only: None is how Python sees that the field was left out."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return handler.generate_schema(reduce(or_, (kind for kind in get_args(source) if kind is not type(None))))


T = TypeVar("T")
May = Annotated[T | None, _NotNull(), Field(json_schema_extra=_without_default)]
"""A field that may be left out, and is never null on the wire."""
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Positive = Annotated[Number, Field(gt=0)]
Word = Annotated[str, Field(max_length=500)]
Metadata = Annotated[dict[Annotated[str, Field(max_length=64)], Word], Field(max_length=16)]


OPTIONS = ("time_limit_s", "metadata")
"""Fields of a request about its job; they do not change the answer."""
_PLAIN = frozenset({np.ndarray, bool, str, float, int})
"""What most fields are; to ask whether a value is a model takes longer than to look it up here."""


class Body(BaseModel):
    """Base of everything a caller sends: unknown fields and nulls are refused, numbers are strict."""

    model_config = ConfigDict(extra="forbid", strict=True, arbitrary_types_allowed=True)

    def problem(self) -> dict[str, Any]:
        """The fields that were given, by their wire names, columns as arrays."""
        return {
            name: value if type(value) in _PLAIN or not isinstance(value, Body) else value.problem()
            for name, value in vars(self).items()
            if value is not None and name not in OPTIONS
        }

    def options(self) -> dict[str, Any]:
        """What concerns the job, and not the problem."""
        given = vars(self)
        return {name: given[name] for name in OPTIONS if given.get(name) is not None}


def refusal(code: LiteralString, message: LiteralString, *place: str) -> ValidationError:
    """What a validator of a whole body raises because of one place in it, so that the pointer names that place."""
    found = PydanticCustomError(code, message)
    return ValidationError.from_exception_data(code, [{"type": found, "loc": place, "input": None}])


class Answer(BaseModel):
    """Base of everything that is answered."""

    model_config = ConfigDict(arbitrary_types_allowed=True, allow_inf_nan=False)
