"""What the C library does with memory that is let go of."""

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_LONG_BYTES = 2**24


def give_back_what_is_long() -> None:
    """Have glibc give long blocks back to the system, and the end of its heap; other libraries are left alone.

    By itself it keeps blocks of up to 32 MB, once one of them has been let go of, and keeps them in pieces between what
    lives longer: after some large requests, several times what any of them needs. If it gave back short ones, too,
    a tenth of the time of such a request would go into asking for them again.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_MMAP_THRESHOLD, _LONG_BYTES)
        library.mallopt(_TRIM_THRESHOLD, 2 * _LONG_BYTES)
