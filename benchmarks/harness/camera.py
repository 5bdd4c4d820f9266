"""A camera of chosen size and rate, made of the demo's clip."""

import tempfile
from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from sensor_msgs.msg import CompressedImage

from edgesr_ros.codecs.format import FrameFormat
from edgesr_ros.codecs.stills import encode
from edgesr_ros.experiment.content import content_kbps
from edgesr_ros.experiment.footage import Footage
from edgesr_ros.experiment.plan import Camera
from edgesr_ros.frames.reduce import reduce_frame
from edgesr_ros.nodes.messages import as_array
from edgesr_ros.sources.clip import default_clip
from edgesr_ros.sources.files import write_image
from edgesr_ros.sources.opening import open_source

CAMERA = Camera(width=640, height=480, rate_hz=25.0)
SCALE, QUALITY = 4, 70  # of its frames, as onboard sends them without a ladder

_SPREAD = 25  # frames that stand for the clip
_MOST_BYTES = 250_000_000  # of frames on disk: the whole clip at 640x480, its first seconds beyond that


def frames(camera: Camera = CAMERA) -> Iterator[np.ndarray]:
    """The clip in the camera's size, (H, W, 3) uint8 RGB; its 640x272 pixels are stretched.

    Raises:
        InputError: the package that ships the clip is not installed.
    """
    source = open_source(default_clip())
    for frame in source:
        yield cv2.resize(frame.array, (camera.width, camera.height), interpolation=cv2.INTER_CUBIC)
    source.close()


def spread_frames() -> list[np.ndarray]:
    """Some of the clip in the size of `CAMERA`, spread over it; shape and errors as `frames`."""
    clip = list(frames())
    return clip[:: max(len(clip) // _SPREAD, 1)]


def frames_folder(camera: Camera) -> Path:
    """The clip as files of the camera's size, kept until this process ends; errors as `frames`."""
    return Path(_folder(camera.width, camera.height).name)


@cache
def _folder(width: int, height: int) -> tempfile.TemporaryDirectory[str]:
    folder = tempfile.TemporaryDirectory(prefix="camera_")
    most = _MOST_BYTES // (3 * width * height)
    for index, picture in enumerate(islice(frames(Camera(width=width, height=height)), most)):
        # Uncompressed: a camera that decodes takes from the processor what is to be measured.
        write_image(Path(folder.name, f"{index:04}.bmp"), picture)
    return folder


def compressed(picture: np.ndarray) -> CompressedImage:
    """(H, W, 3) uint8 RGB as the robot sends it without a ladder."""
    height, width = picture.shape[:2]
    form = FrameFormat(encoding="rgb8", codec="webp", full_width=width, full_height=height)
    data = encode(reduce_frame(picture, SCALE), form.codec, QUALITY)
    return CompressedImage(format=form.text(), data=as_array(data))


def camera_kbps() -> float:
    """What `CAMERA` could fill: every frame as the robot encodes it without a link; errors as `frames`."""
    return content_kbps(Footage("camera", frames()), CAMERA.rate_hz)
