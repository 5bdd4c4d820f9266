"""Frames as a YUV4MPEG2 file, which a browser and FFmpeg take for a camera.

The format: https://wiki.multimedia.cx/index.php/YUV4MPEG2.
"""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np

from edgesr_ros.experiment.footage import Footage
from edgesr_ros.frames.colour import planar_420

_FRAME = b"FRAME\n"
_LARGEST_DENOMINATOR = 1001  # of a rate; that of 29.97 Hz


def write_y4m(path: Path, footage: Footage, rate_hz: float) -> None:
    """The footage forwards and back, until it repeats: the file may be played in a loop."""
    height, width = footage.frame(0).shape[:2]
    rate = as_fraction(rate_hz)
    head = f"YUV4MPEG2 W{width} H{height} F{rate.numerator}:{rate.denominator} Ip A1:1 C420jpeg\n"
    with path.open("wb") as file:
        file.write(head.encode())
        for number in range(footage.period):
            file.write(_FRAME + planar_420(footage.picture(number), width, height).tobytes())


def as_fraction(rate_hz: float) -> Fraction:
    """A frame rate as video files hold it."""
    return Fraction(rate_hz).limit_denominator(_LARGEST_DENOMINATOR)


def read_y4m(path: Path, width: int, height: int) -> Iterator[np.ndarray]:
    """The frames of a file that `write_y4m` wrote, again and again: (height * 3 / 2, width) uint8 each."""
    size = width * height * 3 // 2
    with path.open("rb") as file:
        file.readline()
        first = file.tell()
        while True:
            if not file.read(len(_FRAME)):
                file.seek(first)
                continue
            yield np.frombuffer(file.read(size), np.uint8).reshape(-1, width)
