"""Words drawn on a picture: what the operator must not overlook."""

import cv2
import numpy as np

WHITE, RED = (255, 255, 255), (255, 64, 64)

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_PICTURE_HEIGHT_PER_UNIT = 900.0  # font scale 1 fits a picture of this height


def draw_label(rgb: np.ndarray, text: str, colour: tuple[int, int, int] = WHITE) -> np.ndarray:
    """A copy of (H, W, 3) uint8 RGB with one line of text in its upper left corner, outlined in black."""
    size = max(0.4, rgb.shape[0] / _PICTURE_HEIGHT_PER_UNIT)
    thickness = max(1, round(2 * size))
    place = (round(12 * size), round(32 * size))
    labelled = rgb.copy()
    for shade, width in (((0, 0, 0), thickness + 2), (colour, thickness)):
        cv2.putText(labelled, text, place, _FONT, size, shade, width, cv2.LINE_AA)
    return labelled
