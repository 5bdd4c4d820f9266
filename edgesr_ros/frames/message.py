"""sensor_msgs/Image ↔ array; duck-typed, so that rclpy's, rosbags' and test messages all do."""

from array import array
from types import SimpleNamespace
from typing import Any, Literal

import cv2
import numpy as np

from edgesr_ros.errors import InputError

Encoding = Literal["rgb8", "mono8"]

_CHANNELS = {"rgb8": 3, "bgr8": 3, "rgba8": 4, "bgra8": 4, "mono8": 1}
_TO_RGB = {"bgr8": cv2.COLOR_BGR2RGB, "rgba8": cv2.COLOR_RGBA2RGB, "bgra8": cv2.COLOR_BGRA2RGB}


def image_to_array(msg: Any) -> np.ndarray:
    """The picture of a sensor_msgs/Image as (H, W, 3) uint8 RGB, or (H, W) uint8 for `mono8`.

    rgb8 and mono8 without padding are a view of the message's data: copy before writing to it. rgb8, bgr8,
    rgba8, bgra8 and mono8 are converted here, and have no byte order; every other encoding is left to
    cv_bridge where that is installed.

    Raises:
        InputError: size, step or data contradict each other, or the encoding cannot be converted.
    """
    channels = _CHANNELS.get(msg.encoding)
    if channels is None:
        return _convert_by_cv_bridge(msg)
    rows = _rows(msg, channels, 1)
    if msg.encoding == "mono8":
        return np.ascontiguousarray(rows)
    pixels = rows.reshape(msg.height, msg.width, channels)
    if msg.encoding == "rgb8":
        return np.ascontiguousarray(pixels)
    return cv2.cvtColor(pixels, _TO_RGB[msg.encoding])


def fill_image(msg: Any, image: np.ndarray, encoding: Encoding = "rgb8") -> None:
    """Put (H, W, 3) RGB or (H, W) grey uint8 into a sensor_msgs/Image; its header stays as it is.

    A message that already holds as many bytes keeps them and gets other values: whoever publishes one
    message again and again takes no new memory for each picture.

    Raises:
        InputError: the array does not fit the encoding.
    """
    shape = image.shape if image.ndim == 3 else (*image.shape, 1)
    if encoding not in ("rgb8", "mono8") or len(shape) != 3 or shape[2] != _CHANNELS[encoding]:
        raise InputError(
            f"encoding is {encoding!r} for an array {image.shape}, expected rgb8 or mono8 to fit"
        )
    if image.dtype != np.uint8 or image.size == 0:
        raise InputError(f"array is {image.dtype} {image.shape}, expected uint8, not empty")
    msg.height, msg.width = image.shape[:2]
    msg.step = msg.width * shape[2]
    msg.is_bigendian = 0
    msg.encoding = encoding
    if isinstance(msg.data, array) and len(msg.data) == image.size:
        np.copyto(np.frombuffer(msg.data, np.uint8).reshape(image.shape), image)
        return
    # rclpy takes an array.array as it is; numpy arrays and memoryviews it checks byte by byte, 1000x slower.
    data = array("B")
    data.frombytes(np.ascontiguousarray(image).data.cast("B"))
    msg.data = data


def _rows(msg: Any, channels: int, sample_bytes: int) -> np.ndarray:
    """(height, width * channels * sample_bytes) uint8: the message's rows without padding, not copied."""
    if msg.height == 0 or msg.width == 0:
        raise InputError(f"image: size is {msg.width}x{msg.height}, expected at least 1x1")
    row_bytes = msg.width * channels * sample_bytes
    if msg.step < row_bytes:
        raise InputError(
            f"image: step is {msg.step}, expected at least {row_bytes} "
            f"(width {msg.width} of encoding {msg.encoding!r})"
        )
    needed = msg.step * msg.height
    if len(msg.data) < needed:
        raise InputError(
            f"image: data holds {len(msg.data)} bytes, expected {needed} "
            f"(step {msg.step} * height {msg.height})"
        )
    data = np.frombuffer(msg.data, np.uint8, needed)
    return data.reshape(msg.height, msg.step)[:, :row_bytes]


def _convert_by_cv_bridge(msg: Any) -> np.ndarray:
    ours = ", ".join(_CHANNELS)
    try:
        from cv_bridge import CvBridge
    except Exception as error:  # a cv_bridge built for another numpy fails with more than ImportError
        raise InputError(
            f"image: encoding is {msg.encoding!r}, expected {ours}, or a working cv_bridge ({error})"
        ) from None
    try:
        bridge = CvBridge()
        dtype, channels = bridge.encoding_to_dtype_with_channels(msg.encoding)
        sample_bytes = np.dtype(dtype).itemsize
        rows = _rows(msg, channels, sample_bytes)
        # cv_bridge from PyPI ignores the step: it gets rows without padding.
        tight = SimpleNamespace(
            height=msg.height,
            width=msg.width,
            encoding=msg.encoding,
            is_bigendian=msg.is_bigendian,
            step=rows.shape[1],
            data=rows.tobytes(),
        )
        return np.ascontiguousarray(bridge.imgmsg_to_cv2(tight, "rgb8"))
    except InputError:
        raise
    except Exception as error:  # CvBridgeError, but also cv2.error and AttributeError for some encodings
        reason = " ".join(str(error).split())
        raise InputError(
            f"image: encoding is {msg.encoding!r}, expected {ours}, "
            f"or one that cv_bridge turns into rgb8 ({reason})"
        ) from None
