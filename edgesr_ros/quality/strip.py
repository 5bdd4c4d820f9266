"""The picture strip: original, received, bicubic and super-resolved side by side, whole and zoomed."""

from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from edgesr_ros.quality.distortion import luma

_PANEL = 320  # px: width of a panel; four of them fit a laptop's screen
_LOWEST, _HIGHEST = 16, 960  # px: of a panel; a picture of a more extreme shape is squeezed into it
_ZOOM = 2  # the second row shows each full-size pixel so many pixels wide
_GAP, _BAR, _TEXT = 8, 30, 17  # px: between panels, height of a line of text, size of its letters
_BACKGROUND, _FOREGROUND = (24, 26, 30), (235, 235, 235)


def picture_strip(
    original: np.ndarray,
    received: np.ndarray,
    bicubic: np.ndarray,
    shown: np.ndarray,
    caption: str,
    label: str,
) -> np.ndarray:
    """One moment of a run: four labelled panels, and below them the most detailed region, zoomed.

    Args:
        original, bicubic, shown: (H, W, 3) uint8 RGB.
        received: (h, w, 3) uint8 RGB; enlarged by repeating pixels, so that they are seen.
        caption: one line above the panels.
        label: of the panel of what was shown.

    Returns:
        (H', W', 3) uint8 RGB.
    """
    height, width = original.shape[:2]
    panels = {
        "original": original,
        f"received {received.shape[1]}x{received.shape[0]}": _repeat(received, height, width),
        "bicubic": bicubic,
        label: shown,
    }
    panel_height = min(max(round(height * _PANEL / width), _LOWEST), _HIGHEST)
    top, left, bottom, right = detailed_region(
        original, min(height, panel_height // _ZOOM), min(width, _PANEL // _ZOOM)
    )
    columns = []
    for label, picture in panels.items():
        whole = _fit(picture, panel_height)
        zoomed = _fit(picture[top:bottom, left:right], panel_height)
        columns.append(np.vstack([_text(label, _PANEL), whole, _blank(_GAP, _PANEL), zoomed]))
    gap = _blank(columns[0].shape[0], _GAP)
    row = np.hstack([part for column in columns for part in (gap, column)] + [gap])
    return np.vstack([_text(caption, row.shape[1], indent=_GAP), row, _blank(_GAP, row.shape[1])])


def stack_strips(strips: Sequence[np.ndarray]) -> np.ndarray:
    """Several moments (one at least) below each other, as (H, W, 3) uint8 RGB."""
    width = max(strip.shape[1] for strip in strips)
    return np.vstack([np.hstack([s, _blank(s.shape[0], width - s.shape[1])]) for s in strips])


def detailed_region(picture: np.ndarray, height: int, width: int) -> tuple[int, int, int, int]:
    """Top, left, bottom, right of the region of that size with the strongest edges."""
    grey = cv2.GaussianBlur(luma(picture), (0, 0), 1.0)  # so that noise does not pass for detail
    edges = np.hypot(cv2.Sobel(grey, cv2.CV_64F, 1, 0), cv2.Sobel(grey, cv2.CV_64F, 0, 1))
    total = cv2.integral(edges)  # sums of any rectangle from its four corners
    below = total[height:] - total[:-height]
    sums = below[:, width:] - below[:, :-width]
    top, left = (int(i) for i in np.unravel_index(sums.argmax(), sums.shape))
    return top, left, top + height, left + width


def _repeat(received: np.ndarray, height: int, width: int) -> np.ndarray:
    factor = max(-(-height // received.shape[0]), -(-width // received.shape[1]))
    return received.repeat(factor, axis=0).repeat(factor, axis=1)[:height, :width]


def _fit(picture: np.ndarray, height: int) -> np.ndarray:
    """The picture as large as a panel: pixels repeated to enlarge, averaged to reduce."""
    method = cv2.INTER_NEAREST if picture.shape[1] < _PANEL else cv2.INTER_AREA
    return cv2.resize(picture, (_PANEL, height), interpolation=method)


def _blank(height: int, width: int) -> np.ndarray:
    return np.full((height, width, 3), _BACKGROUND, np.uint8)


def _text(text: str, width: int, indent: int = 0) -> np.ndarray:
    bar = Image.new("RGB", (width, _BAR), _BACKGROUND)
    ImageDraw.Draw(bar).text(
        (indent, _BAR // 2), text, _FOREGROUND, font=ImageFont.load_default(_TEXT), anchor="lm"
    )
    return np.asarray(bar)
