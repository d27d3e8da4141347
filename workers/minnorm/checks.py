"""Checks that every column of untrusted numbers passes before it enters the mathematics."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workers.minnorm.compiled import compiled
from workers.minnorm.doubles import LARGEST
from workers.minnorm.errors import LengthMismatch, NotFinite, Overflow

Floats = NDArray[np.float64]


def column(values: ArrayLike, pointer: str, like: Floats | None = None) -> Floats:
    """A finite one-dimensional float64 array, as long as `like`.

    Raises `NotFinite`, `Overflow` (beyond 2**960, where products of two numbers leave no room) or `LengthMismatch`.
    """
    array = any_column(values, pointer, like)
    check_magnitude(array, pointer)
    return array


def any_column(values: ArrayLike, pointer: str, like: Floats | None = None) -> Floats:
    """A one-dimensional float64 array, as long as `like`, of any numbers. Raises `LengthMismatch`."""
    array = np.ascontiguousarray(values, dtype=np.float64)
    if not array.flags.writeable:  # compiled code takes it for another type, and would be compiled once more
        array = array.copy()
    if array.ndim != 1:
        raise LengthMismatch("A column of numbers is expected.", pointer)
    if like is not None and array.size != like.size:
        raise LengthMismatch(f"{array.size} numbers where {like.size} are expected.", pointer)
    return array


def check_magnitude(array: Floats, pointer: str, scalar: bool = False) -> None:
    """Every number finite and below 2**960 in magnitude."""
    if _is_moderate(np.asarray(array, dtype=np.float64)):
        return
    where = int(np.flatnonzero(~(np.abs(array) < LARGEST))[0])
    place = pointer if scalar else f"{pointer}/{where}"
    if not np.isfinite(array[where]):
        raise NotFinite("Not a finite number.", place)
    raise Overflow("Too large in magnitude: at most 2**960 (9.7e288) can be computed with.", place)


@compiled
def _is_moderate(array: Floats) -> bool:
    """Whether every number is finite and can be computed with."""
    result = True
    for number in array:
        result &= abs(number) < LARGEST
    return result


def check_results(*results: float | None) -> None:
    """Raise `Overflow` where numbers that were fine have led to one that is not; what was not computed passes."""
    if not all(result is None or math.isfinite(result) for result in results):
        raise Overflow("The numbers are finite, but what follows from them is too large to compute with.")
