"""Words drawn on a picture: what the operator must not overlook."""

import textwrap

import cv2
import numpy as np

WHITE, RED = (255, 255, 255), (255, 64, 64)

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_PICTURE_HEIGHT_PER_UNIT = 900.0  # font scale 1 fits a picture of this height

_NOTICE_SHAPE = (360, 640, 3)
_NOTICE_COLUMNS = 64  # letters a line
_NOTICE_LINE = 24  # pixels


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


def notice(text: str) -> np.ndarray:
    """A dark picture that says something in place of one: (360, 640, 3) uint8 RGB; ASCII, others become ?."""
    picture = np.full(_NOTICE_SHAPE, 40, np.uint8)
    lines = textwrap.wrap(text.encode("ascii", "replace").decode(), _NOTICE_COLUMNS)
    first = (_NOTICE_SHAPE[0] - _NOTICE_LINE * (len(lines) - 1)) // 2
    for number, line in enumerate(lines):
        place = (16, first + _NOTICE_LINE * number)
        cv2.putText(picture, line, place, _FONT, 0.5, WHITE, 1, cv2.LINE_AA)
    return picture
