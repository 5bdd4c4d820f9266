"""OpenCV's errors as ours."""

from collections.abc import Iterator
from contextlib import contextmanager

import cv2

from edgesr_ros.errors import InputError


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
