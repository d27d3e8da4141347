"""Columns of numbers in request bodies: strict JSON numbers, finite, as NumPy arrays."""

from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

Floats = NDArray[np.float64]

_NUMBERS = frozenset((int, float))


class ColumnOf:
    """Validates a JSON array of at least `least` numbers into a float64 array.

    pydantic looks at each number by itself, which for a million of them takes longer than solving the problem. Here the
    types are looked at in one pass, and only a column with something wrong in it goes the slow way, for its message.
    """

    def __init__(self, least: int = 0) -> None:
        self.least = least

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Strict numbers behind a fast path."""
        number = core_schema.float_schema(strict=True, allow_inf_nan=False)
        slow = core_schema.list_schema(number, min_length=self.least, strict=True, fail_fast=True)
        return core_schema.no_info_wrap_validator_function(self._validate, slow)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """An array of numbers."""
        document: JsonSchemaValue = {"type": "array", "items": {"type": "number"}}
        return document | ({"minItems": self.least} if self.least else {})

    def _validate(self, value: Any, slow: core_schema.ValidatorFunctionWrapHandler) -> Floats:
        if type(value) is list and len(value) >= self.least and _NUMBERS.issuperset(map(type, value)):
            try:
                column = np.array(value, dtype=np.float64)
            except OverflowError:  # an integer of hundreds of digits
                column = np.array([np.inf])
            if np.isfinite(column).all():
                return column
        return np.array(slow(value), dtype=np.float64)


Column = Annotated[Floats, ColumnOf()]
"""Any number of numbers."""

Points = Annotated[Floats, ColumnOf(least=2)]
"""At least two numbers."""
