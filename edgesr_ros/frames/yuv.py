"""Luma and chroma as cameras pack them → RGB, by BT.601 with luma 16..235.

So V4L2 means them where nothing else is said:
https://www.kernel.org/doc/html/latest/userspace-api/media/v4l/yuv-formats.html, which
sensor_msgs/image_encodings.hpp refers to.
"""

from typing import Literal

import cv2
import numpy as np

_PACKED = {"uyvy": cv2.COLOR_YUV2RGB_UYVY, "yuyv": cv2.COLOR_YUV2RGB_YUY2}
_TWO_PLANES = {"nv12": cv2.COLOR_YUV2RGB_NV12, "nv21": cv2.COLOR_YUV2RGB_NV21}
# BT.601 with its ranges of 219 and 224 steps, rows R, G, B of Y, U, V and 1.
_FULL_CHROMA = np.array(
    [
        [1.164384, 0.0, 1.596027, -222.9216],
        [1.164384, -0.391762, -0.812968, 135.5752],
        [1.164384, 2.017232, 0.0, -276.8358],
    ]
)


def packed_to_rgb(rows: np.ndarray, width: int, order: Literal["uyvy", "yuyv"]) -> np.ndarray:
    """4:2:2, two pixels in four bytes → (H, width, 3) uint8 RGB.

    Args:
        rows: (H, 2 * width) uint8, or up to two bytes more: the second pixel of a pair at an odd width.
        width: pixels.
        order: of the four bytes.
    """
    if width % 2:
        # Where the pair's second half was left out, its chroma is that of the pair before.
        half = rows[:, 2 * width : 2 * width + 2]
        if half.shape[1] < 2:
            half = rows[:, -4:-2] if width > 1 else np.full((len(rows), 2), 128, np.uint8)
        rows = np.hstack([rows[:, : 2 * width], half])
    pairs = np.ascontiguousarray(rows).reshape(len(rows), -1, 2)
    return np.ascontiguousarray(cv2.cvtColor(pairs, _PACKED[order])[:, :width])


def halved_chroma_to_rgb(luma: np.ndarray, chroma: np.ndarray, order: Literal["nv12", "nv21"]) -> np.ndarray:
    """4:2:0 in two planes → (H, W, 3) uint8 RGB.

    Args:
        luma: (H, W) uint8.
        chroma: (ceil(H / 2), ceil(W / 2), 2) uint8, U first for nv12, V first for nv21.
        order: which of them it is.
    """
    height, width = luma.shape
    if height % 2 or width % 2:
        luma = np.pad(luma, ((0, height % 2), (0, width % 2)), mode="edge")
    rgb = cv2.cvtColorTwoPlane(np.ascontiguousarray(luma), np.ascontiguousarray(chroma), _TWO_PLANES[order])
    return np.ascontiguousarray(rgb[:height, :width])


def full_chroma_to_rgb(luma: np.ndarray, chroma: np.ndarray) -> np.ndarray:
    """4:4:4 in two planes, nv24: (H, W) and (H, W, 2) uint8, U first → (H, W, 3) uint8 RGB."""
    return cv2.transform(np.dstack([luma, chroma]), _FULL_CHROMA)
