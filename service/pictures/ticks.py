"""Numbers beside an axis on which logarithms are drawn."""

import math


def power(exponent: float) -> str:
    """A power of ten, in few digits; ticks are placed where these are exact."""
    decade = math.floor(exponent + 1e-9)
    digit = round(10.0 ** (exponent - decade))
    return f"{digit * 10.0**decade:.6g}" if -4 < decade < 4 else f"{digit}e{decade}"


def decades(low: float, high: float, places: int) -> list[float]:
    """Logarithms of 1, 2, 5, 10, ... or of fewer numbers, between two of them."""
    decades = range(math.floor(low), math.ceil(high) + 1)
    for digits in ((1, 2, 5), (1, 3), (1,)):
        ticks = [decade + math.log10(digit) for decade in decades for digit in digits]
        ticks = [tick for tick in ticks if low <= tick <= high]
        if len(ticks) <= places:
            break
    every = math.ceil(len(ticks) / places) or 1
    return ticks[::every]
