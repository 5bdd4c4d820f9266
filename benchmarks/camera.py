"""A camera of known size and rate, made of the demo's clip."""

from pathlib import Path

import cv2

from edgesr_ros.cli.demo import default_clip
from edgesr_ros.frames.files import write_image
from edgesr_ros.frames.sources import open_source

WIDTH, HEIGHT, RATE_HZ = 640, 480, 25.0
CAMERA = f"{WIDTH}x{HEIGHT} at {RATE_HZ:g} Hz"


def write_frames(folder: Path) -> None:
    """The clip as JPEG files of the camera's size; its 640x272 pixels are stretched upwards.

    Raises:
        InputError: the package that ships the clip is not installed.
    """
    source = open_source(default_clip())
    for index, frame in enumerate(source):
        picture = cv2.resize(frame.array, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
        write_image(folder / f"{index:04}.jpg", picture)
    source.close()
