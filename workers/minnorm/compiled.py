"""How this package compiles: `@compiled` for a loop over arrays, `@inlined` for a few lines inside one.

Numba's cache on disk notices a change of a function's own file, but not of another file whose functions were compiled
into it. So the cache lives in a folder named after all sources of the mathematics: after any change it starts afresh.
Set NUMBA_CACHE_DIR to have it elsewhere (a container built read-only).
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

_HERE = Path(__file__).parent


def _digest() -> str:
    state = hashlib.blake2b(numba.__version__.encode(), digest_size=8)
    for source in sorted(_HERE.parent.glob("*/*.py")):  # of the packages beside this one, too
        state.update(source.read_bytes())
    return state.hexdigest()


def _choose_cache() -> Path:
    root = Path(os.environ.get("NUMBA_CACHE_DIR") or _HERE / "__pycache__")
    return root / f"compiled-{_digest()}"


numba.config.CACHE_DIR = str(_choose_cache())  # type: ignore[attr-defined]

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile a function of arrays and numbers; it runs without the interpreter's lock, so other threads go on."""
    return cast(F, numba.njit(cache=True, nogil=True)(function))


def inlined(function: F) -> F:
    """Compile a few lines into each function that calls them."""
    return cast(F, numba.njit(cache=True, nogil=True, inline="always")(function))
