"""What the C library does with memory that is let go of."""

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_LONG_BYTES = 2**22


def give_back_what_is_long() -> None:
    """Have glibc give long blocks back to the system, and the end of its heap; other libraries are left alone.

    By itself it keeps blocks of up to 32 MB, once one of them has been let go of, and keeps them in pieces between what
    lives longer: after some large requests, several times what any of them needs. What is as long as this comes in huge
    pages, for which NumPy asks, and to have them cleared again takes little; shorter blocks are kept.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_MMAP_THRESHOLD, _LONG_BYTES)
        library.mallopt(_TRIM_THRESHOLD, 2 * _LONG_BYTES)
