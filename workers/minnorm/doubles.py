"""Arithmetic with twice the digits: an unevaluated sum `high + low` of two doubles.

Dekker, *A floating-point technique for extending the available precision*, Numer. Math. 18 (1971); the operations
are exact (`two_*`) or accurate to about 2**-104 (`pair_*`) as long as nothing overflows or becomes subnormal.
"""

from collections.abc import Callable
from typing import Any, cast

from numba.core import types
from numba.extending import intrinsic

from workers.minnorm.compiled import inlined

LARGEST = 2.0**960
"""The largest magnitude that is computed with: products of slopes and steps stay finite."""


def _fma(_typing: Any, _a: Any, _b: Any, _c: Any) -> Any:
    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.fma(*arguments)

    return types.float64(types.float64, types.float64, types.float64), generate


fma = cast(Callable[[float, float, float], float], intrinsic(_fma))
"""`a * b + c`, rounded once. In compiled code only; one instruction where the processor has it."""


@inlined
def two_sum(a: float, b: float) -> tuple[float, float]:
    """`a + b`, rounded, and the rounding error."""
    total = a + b
    shadow = total - a
    return total, (a - (total - shadow)) + (b - shadow)


@inlined
def two_product(a: float, b: float) -> tuple[float, float]:
    """`a * b`, rounded, and the rounding error."""
    product = a * b
    return product, fma(a, b, -product)


@inlined
def pair_sum(high: float, low: float, other_high: float, other_low: float) -> tuple[float, float]:
    """The sum of two pairs."""
    total, error = two_sum(high, other_high)
    return two_sum(total, error + (low + other_low))
