"""The encodings of sensor_msgs/Image (sensor_msgs/image_encodings.hpp) → RGB or grey of 8 bits.

What OpenCV's type names leave open is taken as OpenCV itself stores it: three channels are BGR, four BGRA.
"""

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np

from edgesr_ros.frames.bayer import PATTERNS, demosaic
from edgesr_ros.frames.visible_range import Kind, VisibleRange

# (H, W) or (H, W, C) values of the machine's byte order, and what chooses the range to show → the picture.
Convert = Callable[[np.ndarray, VisibleRange], np.ndarray]


class Layout(NamedTuple):
    """How pixels of an encoding lie in a row, and what makes a picture of them.

    Attributes:
        sample: numpy's name of a value's type, without byte order.
        channels: values per pixel.
        convert: (H, W) or (H, W, channels) values → (H, W, 3) RGB or (H, W) grey, uint8, contiguous.
    """

    sample: str
    channels: int
    convert: Convert

    @property
    def pixel_bytes(self) -> int:
        """Of one pixel in its row."""
        return np.dtype(self.sample).itemsize * self.channels


def _as_it_is(values: np.ndarray, shown: VisibleRange) -> np.ndarray:  # noqa: ARG001 - needs no range
    return np.ascontiguousarray(values)


def _reordered(code: int) -> Convert:
    return lambda values, _: cv2.cvtColor(values, code)


def _scaled(kind: Kind, as_type: type[np.generic] | None = None) -> Convert:
    """One channel; `as_type`: what to make of values of a type that cannot be scaled."""

    def convert(values: np.ndarray, shown: VisibleRange) -> np.ndarray:
        return shown.show(values if as_type is None else values.astype(as_type), kind)

    return convert


def _scaled_colour(code: int | None = None) -> Convert:
    def convert(values: np.ndarray, shown: VisibleRange) -> np.ndarray:
        image = shown.show(
            np.ascontiguousarray(values[:, :, :3]), "colour"
        )  # alpha says nothing of brightness
        return image if code is None else cv2.cvtColor(image, code)

    return convert


def _mosaic(pattern: str) -> Convert:
    def convert(values: np.ndarray, shown: VisibleRange) -> np.ndarray:
        return demosaic(values if values.dtype == np.uint8 else shown.show(values, "colour"), pattern)

    return convert


# By their names in lower case.
LAYOUTS: dict[str, Layout] = {
    "rgb8": Layout("u1", 3, _as_it_is),
    "bgr8": Layout("u1", 3, _reordered(cv2.COLOR_BGR2RGB)),
    "rgba8": Layout("u1", 4, _reordered(cv2.COLOR_RGBA2RGB)),
    "bgra8": Layout("u1", 4, _reordered(cv2.COLOR_BGRA2RGB)),
    "mono8": Layout("u1", 1, _as_it_is),
    "rgb16": Layout("u2", 3, _scaled_colour()),
    "bgr16": Layout("u2", 3, _scaled_colour(cv2.COLOR_BGR2RGB)),
    "rgba16": Layout("u2", 4, _scaled_colour()),
    "bgra16": Layout("u2", 4, _scaled_colour(cv2.COLOR_BGR2RGB)),
    "mono16": Layout("u2", 1, _scaled("grey")),
    "8sc1": Layout("i1", 1, _scaled("measurement", np.float32)),
    "16uc1": Layout("u2", 1, _scaled("measurement")),
    "16sc1": Layout("i2", 1, _scaled("measurement", np.float32)),
    "32sc1": Layout("i4", 1, _scaled("measurement", np.float64)),
    "32fc1": Layout("f4", 1, _scaled("measurement")),
    "64fc1": Layout("f8", 1, _scaled("measurement")),
    "32fc3": Layout("f4", 3, _scaled_colour(cv2.COLOR_BGR2RGB)),
}
for _pattern in PATTERNS:
    LAYOUTS[f"bayer_{_pattern}8"] = Layout("u1", 1, _mosaic(_pattern))
    LAYOUTS[f"bayer_{_pattern}16"] = Layout("u2", 1, _mosaic(_pattern))
for _name, _same in {
    "8uc1": "mono8",
    "8uc3": "bgr8",
    "8uc4": "bgra8",
    "16uc3": "bgr16",
    "16uc4": "bgra16",
    "8uc": "mono8",  # one channel where the name says no number
    "16uc": "16uc1",
    "32fc": "32fc1",
}.items():
    LAYOUTS[_name] = LAYOUTS[_same]

# What holds luma and chroma apart. Their canonical names; those of older drivers beside them.
PACKED_YUV = {"uyvy": "uyvy", "yuv422": "uyvy", "yuyv": "yuyv", "yuv422_yuy2": "yuyv", "yuy2": "yuyv"}
PLANAR_YUV = {"nv12": 2, "nv21": 2, "nv24": 1}  # by how much chroma is reduced


def bayer_pattern(encoding: str) -> str | None:
    """The colours of the upper left 2x2 pixels by an encoding's name in lower case; None: it is no mosaic."""
    pattern = encoding.removeprefix("bayer_")[:4]
    return pattern if encoding.startswith("bayer_") and pattern in PATTERNS else None


def is_grey(encoding: str) -> bool:
    """Whether an encoding, by its name in lower case, has no colour."""
    layout = LAYOUTS.get(encoding)
    return layout is not None and layout.channels == 1 and bayer_pattern(encoding) is None
