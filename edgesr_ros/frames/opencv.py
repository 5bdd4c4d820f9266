"""OpenCV's errors as ours: one line each, which whoever shows it may throttle."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import cv2

from edgesr_ros.errors import InputError

# OpenCV writes lines of its own to stderr for each picture that it refuses, however many come.
if "OPENCV_LOG_LEVEL" not in os.environ:
    getattr(cv2.utils, "logging", cv2).setLogLevel(0)  # it moved between OpenCV 4.10 and 4.14


@contextmanager
def opencv_errors(what: str) -> Iterator[None]:
    """What OpenCV refuses inside becomes one line that begins with `what`, instead of its own of several.

    Raises:
        InputError: OpenCV refused it.
    """
    try:
        yield
    except cv2.error as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{what}: {reason}") from None
