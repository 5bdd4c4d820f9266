"""Words drawn on a picture: what the operator must not overlook."""

import cv2
import numpy as np

WHITE, RED = (255, 255, 255), (255, 64, 64)

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_PICTURE_HEIGHT_PER_UNIT = 900.0  # font scale 1 fits a picture of this height


def draw_label(picture: np.ndarray, text: str, colour: tuple[int, int, int] = WHITE) -> None:
    """Draw one line of text, outlined in black, into the upper left corner of a picture.

    Args:
        picture: (H, W, 3) RGB or (H, W) grey uint8, changed in place.
        colour: RGB; grey takes the first.
    """
    size = max(0.4, picture.shape[0] / _PICTURE_HEIGHT_PER_UNIT)
    thickness = max(1, round(2 * size))
    place = (round(12 * size), round(32 * size))
    for shade, width in (((0, 0, 0), thickness + 2), (colour, thickness)):
        cv2.putText(picture, text, place, _FONT, size, shade, width, cv2.LINE_AA)
