"""Memory of pictures: kept for the next one, instead of given back to the system and asked for again."""

import ctypes
import os

# Of glibc's malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_LARGEST = 32 << 20  # bytes: a picture of 3840x2160 fits, and glibc takes no more
_KEPT = 128 << 20  # bytes at the end of the heap that may lie idle
_CHOSEN = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES")  # by the user


def keep_freed() -> bool:
    """Let glibc keep what is freed; whether it will: there are other libraries, and users who know better.

    The system clears each page that it hands out, which costs more than what is done with it: of a message
    of 1920x1080, from the middleware to Python, 13 ms of processor, and 3 so.
    """
    if any(name in os.environ for name in _CHOSEN):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and bool(
        mallopt(_MMAP_THRESHOLD, _LARGEST) and mallopt(_TRIM_THRESHOLD, _KEPT)
    )
