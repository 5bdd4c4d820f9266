"""CameraInfo that follows a resize of its image."""

import math
from typing import Any

import numpy as np

_ROUNDING = 1e-6  # pixels: 30 * (1 / 3) must not count as a started 11th


def scale_camera_info(info: Any, factor_x: float, factor_y: float, width: int, height: int) -> None:
    """Change a sensor_msgs/CameraInfo in place for its image resized by `factor_x`, `factor_y`.

    Rows of K and P are multiplied by the factor of their axis, the region of interest grows to whole pixels,
    `width` and `height` are set; distortion (in units of the focal length), R and binning do not depend on
    the size. The principal point is multiplied like the focal length, without the half pixel between corner
    and centre of a pixel: the convention of image_proc/resize, so that both agree.
    """
    info.k = _scale_rows(info.k, factor_x, factor_y)
    info.p = _scale_rows(info.p, factor_x, factor_y)
    roi = info.roi
    roi.x_offset, roi.width = _scale_span(roi.x_offset, roi.width, factor_x, width)
    roi.y_offset, roi.height = _scale_span(roi.y_offset, roi.height, factor_y, height)
    info.width = width
    info.height = height


def copy_camera_info(source: Any, target: Any) -> None:
    """Copy every field but the header, also between message classes (rosbags → rclpy)."""
    for name in ("height", "width", "distortion_model", "binning_x", "binning_y"):
        setattr(target, name, getattr(source, name))
    target.d = [float(value) for value in source.d]
    for name in ("k", "r", "p"):
        setattr(target, name, np.array(getattr(source, name), np.float64))
    for name in ("x_offset", "y_offset", "height", "width", "do_rectify"):
        setattr(target.roi, name, getattr(source.roi, name))


def _scale_rows(matrix: Any, factor_x: float, factor_y: float) -> np.ndarray:
    """A row-major matrix of three rows, the first times `factor_x` and the second times `factor_y`."""
    rows = np.array(matrix, np.float64).reshape(3, -1)
    return (rows * [[factor_x], [factor_y], [1.0]]).ravel()


def _scale_span(offset: int, length: int, factor: float, limit: int) -> tuple[int, int]:
    """Offset and length of the whole pixels that cover a scaled span; all 0 (the full image) stays 0."""
    first = math.floor(offset * factor + _ROUNDING)
    end = min(math.ceil((offset + length) * factor - _ROUNDING), limit)
    return first, max(end - first, 0)
