"""Columns of numbers in request bodies: strict JSON numbers, finite, as NumPy arrays."""

import math
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, TypeAdapter
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

Floats = NDArray[np.float64]

_NUMBERS = frozenset((int, float))


class ColumnOf:
    """Validates a JSON array of `least` to `most` numbers, perhaps all positive, into a float64 array.

    pydantic looks at each number by itself, which for a million of them takes longer than solving the problem. Here the
    types are looked at in one pass, and only a column with something wrong in it goes the slow way, for its message.
    """

    def __init__(self, least: int = 0, most: int | None = None, *, positive: bool = False) -> None:
        self.least = least
        self.most = most
        self.above = 0.0 if positive else None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Strict numbers behind a fast path."""
        number = core_schema.float_schema(strict=True, allow_inf_nan=False, gt=self.above)
        slow = core_schema.list_schema(number, min_length=self.least, max_length=self.most, strict=True, fail_fast=True)
        return core_schema.no_info_wrap_validator_function(self._validate, slow)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """An array of numbers."""
        item = {"type": "number"} | ({} if self.above is None else {"exclusiveMinimum": self.above})
        document: JsonSchemaValue = {"type": "array", "items": item}
        if self.least:
            document["minItems"] = self.least
        return document | ({} if self.most is None else {"maxItems": self.most})

    def _validate(self, value: Any, slow: core_schema.ValidatorFunctionWrapHandler) -> Floats:
        if isinstance(value, np.ndarray):  # the column of a table: finite, and no JSON
            if self._allows(value.size) and (self.above is None or (value > self.above).all()):
                return value
            value = value[: (self.most or value.size) + 1].tolist()
        if type(value) is list and self._allows(len(value)) and _NUMBERS.issuperset(map(type, value)):
            column = _finite(value)
            if column is not None and (self.above is None or (column > self.above).all()):
                return column
        return np.array(slow(value), dtype=np.float64)

    def _allows(self, length: int) -> bool:
        return self.least <= length and (self.most is None or length <= self.most)


def _finite(numbers: list[int | float]) -> Floats | None:
    """As a column; None if one is not finite, or perhaps too large: an integer of hundreds of digits."""
    try:
        column = np.array(numbers, dtype=np.float64)
        # Their sum is finite if they are, unless it overflows; to ask each of a few numbers takes longer.
        return column if math.isfinite(sum(numbers)) or np.isfinite(column).all() else None
    except OverflowError:
        return None


class NumberOrColumn:
    """Validates a positive number, or a JSON array of 1 to `most` of them. A union would put its names in pointers."""

    def __init__(self, most: int) -> None:
        self._column = TypeAdapter(Annotated[Floats, ColumnOf(1, most, positive=True)])

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """A strict positive number, unless an array comes."""
        number = core_schema.float_schema(strict=True, allow_inf_nan=False, gt=0.0)
        return core_schema.no_info_wrap_validator_function(self._validate, number)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Either form."""
        return {"anyOf": [{"type": "number", "exclusiveMinimum": 0.0}, self._column.json_schema()]}

    def _validate(self, value: Any, number: core_schema.ValidatorFunctionWrapHandler) -> float | Floats:
        return self._column.validate_python(value) if isinstance(value, list | np.ndarray) else float(number(value))


Column = Annotated[Floats, ColumnOf()]
"""Any number of numbers."""

Points = Annotated[Floats, ColumnOf(least=2)]
"""At least two numbers."""
