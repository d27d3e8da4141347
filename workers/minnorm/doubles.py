"""Arithmetic with twice the digits: an unevaluated sum `high + low` of two doubles.

Dekker, *A floating-point technique for extending the available precision*, Numer. Math. 18 (1971); the operations
are exact (`two_*`) or accurate to about 2**-104 (`pair_*`) as long as nothing overflows.
"""

from numba import njit

_SPLITTER = 134217729.0  # 2**27 + 1: cuts a double into two halves of 26 bits
LARGEST = 2.0**960
"""Numbers beyond this could overflow while they are split."""


@njit(cache=True, nogil=True, inline="always")
def two_sum(a: float, b: float) -> tuple[float, float]:
    """`a + b`, rounded, and the rounding error."""
    total = a + b
    shadow = total - a
    return total, (a - (total - shadow)) + (b - shadow)


@njit(cache=True, nogil=True, inline="always")
def two_product(a: float, b: float) -> tuple[float, float]:
    """`a * b`, rounded, and the rounding error."""
    product = a * b
    t = _SPLITTER * a
    a_high = t - (t - a)
    a_low = a - a_high
    t = _SPLITTER * b
    b_high = t - (t - b)
    b_low = b - b_high
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


@njit(cache=True, nogil=True, inline="always")
def pair_add(high: float, low: float, number: float) -> tuple[float, float]:
    """The pair plus a double."""
    total, error = two_sum(high, number)
    return two_sum(total, error + low)


@njit(cache=True, nogil=True, inline="always")
def pair_sum(high: float, low: float, other_high: float, other_low: float) -> tuple[float, float]:
    """The sum of two pairs."""
    total, error = two_sum(high, other_high)
    return two_sum(total, error + (low + other_low))


@njit(cache=True, nogil=True, inline="always")
def pair_product(high: float, low: float, other_high: float, other_low: float) -> tuple[float, float]:
    """The product of two pairs."""
    product, error = two_product(high, other_high)
    return two_sum(product, error + (high * other_low + low * other_high))


@njit(cache=True, nogil=True, inline="always")
def pair_quotient(high: float, low: float, other_high: float, other_low: float) -> tuple[float, float]:
    """The quotient of two pairs."""
    first = high / other_high
    product, error = pair_product(other_high, other_low, first, 0.0)
    rest, rest_error = pair_sum(high, low, -product, -error)
    second = (rest + rest_error) / other_high
    return two_sum(first, second)
