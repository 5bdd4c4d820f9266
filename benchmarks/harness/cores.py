"""So many cores for what is measured."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import cv2


@contextmanager
def bound_to(cores: int) -> Iterator[None]:
    """This process, and OpenCV's threads, on the first so many of the cores that it may use."""
    before, threads = os.sched_getaffinity(0), cv2.getNumThreads()
    os.sched_setaffinity(0, set(sorted(before)[:cores]))
    cv2.setNumThreads(cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
        cv2.setNumThreads(threads)
