"""Eight doubles at a time, in compiled code only: one instruction where the processor has it, the same bits everywhere.

A compiler may only change the order of a sum if it is told that the digits do not matter, and the order that it then
chooses differs from processor to processor. Here the order is written down. A sum in lanes is eight sums, each over
every eighth number, which `total` adds in pairs.
"""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic, models, register_model
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WIDTH = 8
_VECTOR = ir.VectorType(ir.DoubleType(), WIDTH)
_ZERO = ir.Constant(_VECTOR, [0.0] * WIDTH)
_INDEX = ir.IntType(32)


class Lanes(types.Type):
    """The type of eight doubles."""

    def __init__(self) -> None:
        super().__init__("Lanes")


_LANES = Lanes()


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    """They live in a register, or several."""

    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VECTOR)  # type: ignore[no-untyped-call]


def _address(context: Any, builder: Any, kind: Any, array: Any, index: Any) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), _VECTOR.as_pointer())


def _load(_typing: Any, array: Any, index: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load(_address(context, builder, signature.args[0], *arguments), align=8)

    return _LANES(array, index), generate


def _store(_typing: Any, array: Any, index: Any, value: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.store(arguments[2], _address(context, builder, signature.args[0], *arguments[:2]), align=8)
        return context.get_dummy_value()

    return types.none(array, index, value), generate


def _spread(_typing: Any, _number: Any) -> Any:
    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        first = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), arguments[0], ir.Constant(_INDEX, 0))
        return builder.shuffle_vector(first, first, ir.Constant(ir.VectorType(_INDEX, WIDTH), [0] * WIDTH))

    return _LANES(types.float64), generate


def _multiply_add(_typing: Any, _a: Any, _b: Any, _c: Any) -> Any:
    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(_VECTOR, [_VECTOR] * 3)
        name = f"llvm.fma.v{WIDTH}f64"
        function = cgutils.get_or_insert_function(builder.module, kind, name)  # type: ignore[no-untyped-call]
        return builder.call(function, arguments)

    return _LANES(_LANES, _LANES, _LANES), generate


def _multiply(_typing: Any, _a: Any, _b: Any) -> Any:
    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.fmul(*arguments)

    return _LANES(_LANES, _LANES), generate


def _positive_part(_typing: Any, _a: Any) -> Any:
    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.select(builder.fcmp_ordered(">", arguments[0], _ZERO), arguments[0], _ZERO)

    return _LANES(_LANES), generate


def _add_where_positive(_typing: Any, _total: Any, _where: Any, _value: Any) -> Any:
    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        total, where, value = arguments
        return builder.fadd(total, builder.select(builder.fcmp_ordered(">", where, _ZERO), value, _ZERO))

    return _LANES(_LANES, _LANES, _LANES), generate


def _total(_typing: Any, _a: Any) -> Any:
    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        parts = [builder.extract_element(arguments[0], ir.Constant(_INDEX, lane)) for lane in range(WIDTH)]
        while len(parts) > 1:
            half = len(parts) // 2
            parts = [builder.fadd(*pair) for pair in zip(parts[:half], parts[half:], strict=True)]
        return parts[0]

    return types.float64(_LANES), generate


load = cast(Callable[[Floats, int], Lanes], intrinsic(_load))
"""Eight neighbours in an array; the caller sees to it that they are there."""
store = cast(Callable[[Floats, int, Lanes], None], intrinsic(_store))
"""The reverse."""
spread = cast(Callable[[float], Lanes], intrinsic(_spread))
"""The same number in all lanes."""
multiply_add = cast(Callable[[Lanes, Lanes, Lanes], Lanes], intrinsic(_multiply_add))
"""`a b + c`, rounded once."""
multiply = cast(Callable[[Lanes, Lanes], Lanes], intrinsic(_multiply))
"""`a b`."""
positive_part = cast(Callable[[Lanes], Lanes], intrinsic(_positive_part))
"""`max(a, 0)`."""
add_where_positive = cast(Callable[[Lanes, Lanes, Lanes], Lanes], intrinsic(_add_where_positive))
"""`total + value` in the lanes in which `where` is positive, and `total` in the others."""
total = cast(Callable[[Lanes], float], intrinsic(_total))
"""The sum of all lanes."""
