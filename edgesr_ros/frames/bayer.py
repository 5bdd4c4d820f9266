"""Mosaics of one colour a pixel → colour."""

import cv2
import numpy as np

# By the colours of the first row and the second, as ROS names them; OpenCV names a pattern by the second and
# third pixel of its second row.
_CODES = {
    "rggb": cv2.COLOR_BayerBG2RGB,
    "bggr": cv2.COLOR_BayerRG2RGB,
    "gbrg": cv2.COLOR_BayerGR2RGB,
    "grbg": cv2.COLOR_BayerGB2RGB,
}
PATTERNS = tuple(_CODES)


def demosaic(mosaic: np.ndarray, pattern: str) -> np.ndarray:
    """(H, W) uint8 → (H, W, 3) uint8 RGB, bilinear.

    Args:
        mosaic: one colour a pixel.
        pattern: one of `PATTERNS`: the colours of the upper left 2x2 pixels, row by row.
    """
    code = _CODES[pattern]
    height, width = mosaic.shape
    # Mirrored at the outermost pixels, which keeps the pattern: at its own borders OpenCV repeats pixels, and
    # of fewer than 3 it makes black.
    padded = cv2.copyMakeBorder(mosaic, 2, 2, 2, 2, cv2.BORDER_REFLECT_101)
    return np.ascontiguousarray(cv2.cvtColor(padded, code)[2 : 2 + height, 2 : 2 + width])
