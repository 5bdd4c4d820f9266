"""A camera of known size and rate, made of the demo's clip."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from edgesr_ros.cli.demo import default_clip
from edgesr_ros.experiment.footage import Footage
from edgesr_ros.experiment.runner import content_kbps
from edgesr_ros.frames.files import write_image
from edgesr_ros.frames.sources import open_source

WIDTH, HEIGHT, RATE_HZ = 640, 480, 25.0
CAMERA = f"{WIDTH}x{HEIGHT} at {RATE_HZ:g} Hz"


def frames() -> Iterator[np.ndarray]:
    """The clip in the camera's size, (H, W, 3) uint8 RGB; its 640x272 pixels are stretched upwards.

    Raises:
        InputError: the package that ships the clip is not installed.
    """
    source = open_source(default_clip())
    for frame in source:
        yield cv2.resize(frame.array, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    source.close()


def write_frames(folder: Path) -> None:
    """The clip as JPEG files of the camera's size; errors as `frames`."""
    for index, picture in enumerate(frames()):
        write_image(folder / f"{index:04}.jpg", picture)


def camera_kbps() -> float:
    """What the camera could fill: every frame as the robot encodes it without a link; errors as `frames`."""
    return content_kbps(Footage("camera", frames()), RATE_HZ)
