"""sensor_msgs/Image ↔ array; duck-typed, so that rclpy's, rosbags' and test messages all do."""

from array import array
from types import SimpleNamespace
from typing import Any, Literal, cast

import numpy as np

from edgesr_ros.errors import InputError
from edgesr_ros.frames.encodings import LAYOUTS, PACKED_YUV, PLANAR_YUV, Layout
from edgesr_ros.frames.opencv import opencv_errors
from edgesr_ros.frames.visible_range import ValueRange, VisibleRange
from edgesr_ros.frames.yuv import full_chroma_to_rgb, halved_chroma_to_rgb, packed_to_rgb

Encoding = Literal["rgb8", "mono8"]

_FILLED_CHANNELS: dict[Encoding, int] = {"rgb8": 3, "mono8": 1}


class ImageReader:
    """Makes pictures of the sensor_msgs/Image of one camera.

    What has more than 8 bits is scaled to a range that follows the camera's values (`VisibleRange`), so each
    camera has a reader of its own.

    Attributes:
        shown: the range of the last picture, in the camera's unit; None: it had 8 bits and is as it was.
    """

    def __init__(self) -> None:
        self.shown: ValueRange | None = None
        self._range = VisibleRange()

    def read(self, msg: Any) -> np.ndarray:
        """The picture as (H, W, 3) uint8 RGB, or (H, W) uint8 where the encoding has no colour.

        rgb8, mono8 and 8UC1 without padding are a view of the message's data: copy before writing to it.
        `is_bigendian` counts where values have several bytes. A `step` of 0 means rows without padding, and
        the last row may lack its padding. Encodings that are not known here are left to cv_bridge where that
        is installed.

        Raises:
            InputError: size, step or data contradict each other, or the encoding cannot be converted.
        """
        name = msg.encoding.lower()
        layout = LAYOUTS.get(name)
        with opencv_errors(f"image of encoding {msg.encoding!r}"):
            if layout is not None:
                picture = layout.convert(_values(msg, layout), self._range)
            elif name in PACKED_YUV:
                rows = _packed_rows(msg)
                picture = packed_to_rgb(rows, msg.width, cast(Any, PACKED_YUV[name]))
            elif name in PLANAR_YUV:
                luma, chroma = _planes(msg, PLANAR_YUV[name])
                if name == "nv24":
                    picture = full_chroma_to_rgb(luma, chroma)
                else:
                    picture = halved_chroma_to_rgb(luma, chroma, name)
            else:
                picture = _convert_by_cv_bridge(msg)
        self.shown = self._range.newest if layout is not None and layout.sample != "u1" else None
        return picture


def image_to_array(msg: Any) -> np.ndarray:
    """As `ImageReader.read`, of a message that stands alone."""
    return ImageReader().read(msg)


def fill_image(msg: Any, image: np.ndarray, encoding: Encoding = "rgb8") -> None:
    """Put (H, W, 3) RGB or (H, W) grey uint8 into a sensor_msgs/Image; its header stays as it is.

    A message that already holds as many bytes keeps them and gets other values: whoever publishes one
    message again and again takes no new memory for each picture.

    Raises:
        InputError: the array does not fit the encoding.
    """
    shape = image.shape if image.ndim == 3 else (*image.shape, 1)
    if len(shape) != 3 or shape[2] != _FILLED_CHANNELS.get(encoding):
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


def _values(msg: Any, layout: Layout) -> np.ndarray:
    """(H, W) or (H, W, C): the message's pixels in the machine's byte order, not copied where that can be."""
    rows = _rows(msg, msg.width * layout.pixel_bytes)
    if layout.sample != "u1":
        stored = np.dtype(layout.sample).newbyteorder(">" if msg.is_bigendian else "<")
        rows = np.require(rows.view(stored), np.dtype(layout.sample), ["C", "A"])
    shape = (msg.height, msg.width)
    return rows.reshape(shape if layout.channels == 1 else (*shape, layout.channels))


def _rows(msg: Any, row_bytes: int) -> np.ndarray:
    """(height, row_bytes) uint8: the message's rows without padding, not copied."""
    if msg.height == 0 or msg.width == 0:
        raise InputError(f"image: size is {msg.width}x{msg.height}, expected at least 1x1")
    step = msg.step or row_bytes
    if step < row_bytes:
        raise InputError(
            f"image: step is {step}, expected at least {row_bytes} "
            f"(width {msg.width} of encoding {msg.encoding!r})"
        )
    needed = step * (msg.height - 1) + row_bytes
    if len(msg.data) < needed:
        raise InputError(
            f"image: data holds {len(msg.data)} bytes, expected {needed} (step {step}, height {msg.height})"
        )
    return np.ndarray((msg.height, row_bytes), np.uint8, msg.data, strides=(step, 1))


def _packed_rows(msg: Any) -> np.ndarray:
    """(height, row bytes) uint8: whole pairs of pixels, but for an odd width whose last half is left out."""
    whole = 4 * -(-msg.width // 2)
    if (msg.step or whole) >= whole and len(msg.data) >= (msg.step or whole) * (msg.height - 1) + whole:
        return _rows(msg, whole)
    return _rows(msg, 2 * msg.width)


def _planes(msg: Any, reduced: int) -> tuple[np.ndarray, np.ndarray]:
    """(H, W) luma, then (ceil(H / reduced), ceil(W / reduced), 2) chroma, not copied.

    `step` is luma's; where the data are too few for it, as where a driver counts the bytes of both planes,
    neither has padding.
    """
    width, height = msg.width, msg.height
    columns, lines = -(-width // reduced), -(-height // reduced)
    if width == 0 or height == 0:
        raise InputError(f"image: size is {width}x{height}, expected at least 1x1")
    for step in (msg.step, width):
        chroma_step = max(step * 2 // reduced, 2 * columns)
        first = step * height
        needed = first + chroma_step * (lines - 1) + 2 * columns
        if step >= width and len(msg.data) >= needed:
            luma: np.ndarray = np.ndarray((height, width), np.uint8, msg.data, strides=(step, 1))
            strides = (chroma_step, 2, 1)
            return luma, np.ndarray((lines, columns, 2), np.uint8, msg.data, first, strides)
    raise InputError(
        f"image: data holds {len(msg.data)} bytes, expected {needed} "
        f"({width}x{height} of encoding {msg.encoding!r}: luma, then chroma)"
    )


def _convert_by_cv_bridge(msg: Any) -> np.ndarray:
    """Encodings that nobody here knows: a newer cv_bridge may."""
    ours = ", ".join([*LAYOUTS, *PACKED_YUV, *PLANAR_YUV])
    try:
        from cv_bridge import CvBridge
    except Exception as error:  # a cv_bridge built for another numpy fails with more than ImportError
        raise InputError(
            f"image: encoding is {msg.encoding!r}, expected {ours}, or a working cv_bridge ({error})"
        ) from None
    try:
        bridge = CvBridge()
        dtype, channels = bridge.encoding_to_dtype_with_channels(msg.encoding)
        rows = _rows(msg, msg.width * channels * np.dtype(dtype).itemsize)
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
