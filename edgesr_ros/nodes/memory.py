"""Memory of pictures: kept for the next one, instead of given back to the system and asked for again."""

import ctypes
import os

# Of glibc's malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_LARGEST = 32 << 20  # bytes: a picture of 3840x2160 fits, and glibc takes no more
# At the end of the heap so much may lie idle: a message is copied a few times from the middleware to Python,
# and several wait for each other. More would only keep what a busy moment took: 130 MB in an hour at 640x480.
_PICTURES = 8
_KEPT_LEAST, _KEPT_MOST = 8 << 20, 128 << 20  # bytes
_CHOSEN = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES")  # by the user


class FreedMemory:
    """What glibc keeps of the memory that a process frees.

    The system clears each page that it hands out, which costs more than what is done with it: of a message
    of 1920x1080, from the middleware to Python, 13 ms of processor, and 3 where it is kept.

    Attributes:
        kept: bytes at most, at the end of the heap; 0: another library, or a user who knows better, decides.
    """

    def __init__(self) -> None:
        self.kept = 0

    def begin(self) -> None:
        """From now on, for the process."""
        chosen = any(name in os.environ for name in _CHOSEN)
        if not chosen and _set(_MMAP_THRESHOLD, _LARGEST) and _set(_TRIM_THRESHOLD, _KEPT_LEAST):
            self.kept = _KEPT_LEAST

    def picture(self, size: int) -> None:
        """A picture of so many bytes is worked on: keep enough for those that follow, if anything is kept."""
        wanted = min(_PICTURES * size, _KEPT_MOST)
        if 0 < self.kept < wanted and _set(_TRIM_THRESHOLD, wanted):
            self.kept = wanted


def _set(option: int, value: int) -> bool:
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and bool(mallopt(option, value))


FREED = FreedMemory()  # there is one heap in a process
