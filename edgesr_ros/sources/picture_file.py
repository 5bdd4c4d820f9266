"""A picture file with all that it holds: colour or none, transparency, and more than 8 bits."""

import warnings
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image, ImageOps

from edgesr_ros.errors import InputError
from edgesr_ros.frames.opencv import opencv_errors
from edgesr_ros.frames.visible_range import ValueRange, VisibleRange
from edgesr_ros.sources.files import IMAGE_SUFFIXES

# OpenCV writes fewer formats than Pillow reads; of the others pictures come out as PNG.
PICTURE_SUFFIXES = IMAGE_SUFFIXES | {".gif", ".avif", ".jp2", ".j2k", ".jpx"}

_BITS_16 = ("I;16", "I;16L", "I;16B", "I;16N")
_GREY = ("1", "L", "LA", "La")


class PictureFile(NamedTuple):
    """What a file holds.

    Attributes:
        picture: (H, W, 3) RGB or (H, W) grey, uint8.
        alpha: (H, W) uint8, 0 where nothing is seen of it; None: it has no transparency.
        shown: the range of its values that is shown, where they have more than 8 bits.
    """

    picture: np.ndarray
    alpha: np.ndarray | None
    shown: ValueRange | None


def read_picture(path: Path) -> PictureFile:
    """An image file, upright by its orientation tag; of several pictures the first.

    Values of more than 8 bits are scaled to 8: those that make use of 16 bits as they are, others by their
    range (`VisibleRange`).

    Raises:
        InputError: the file is missing, or no image that can be decoded.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    by_opencv = _by_opencv(path)
    alpha = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of large pictures and odd tags: the user's own file
            with Image.open(path) as image:
                upright = ImageOps.exif_transpose(image)
                alpha = _alpha(upright)
                by_pillow = _by_pillow(upright)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        if by_opencv is None:
            raise InputError(f"{path}: not an image that can be decoded") from None
        by_pillow = by_opencv  # which reads more kinds of TIFF
    # Of colour pictures of 16 bits Pillow gives the upper 8, which may be all black.
    values = by_pillow if by_opencv is None or by_opencv.dtype == np.uint8 else by_opencv
    if values.dtype == np.uint8:
        return PictureFile(_grey_where_it_is(values), alpha, None)
    if values.dtype not in (np.uint16, np.float32, np.float64):
        values = values.astype(np.float64)
    visible = VisibleRange()
    return PictureFile(visible.show(values, "colour" if values.ndim == 3 else "grey"), alpha, visible.newest)


def is_animated(path: Path) -> bool:
    """Whether an image file holds several pictures, as a GIF may."""
    try:
        with Image.open(path) as image:
            return getattr(image, "n_frames", 1) > 1
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False


def _by_opencv(path: Path) -> np.ndarray | None:
    """(H, W, 3) RGB or (H, W) grey at the file's depth; None where OpenCV cannot."""
    if path.suffix.lower() not in IMAGE_SUFFIXES:
        return None
    try:
        with opencv_errors(str(path)):
            values = cv2.imread(str(path), cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH)
    except InputError:
        return None
    return values if values is None or values.ndim == 2 else cv2.cvtColor(values, cv2.COLOR_BGR2RGB)


def _grey_where_it_is(picture: np.ndarray) -> np.ndarray:
    """A picture without colour as (H, W), also one that is stored with three channels or a palette."""
    if picture.ndim == 3 and (picture[:, :, :1] == picture).all():
        return np.ascontiguousarray(picture[:, :, 0])
    return picture


def _by_pillow(image: Image.Image) -> np.ndarray:
    if image.mode in _BITS_16:
        return np.asarray(image).astype(np.uint16)
    if image.mode in ("I", "F"):
        return np.asarray(image)
    return np.asarray(image.convert("L" if image.mode in _GREY else "RGB"))


def _alpha(image: Image.Image) -> np.ndarray | None:
    if "A" not in image.getbands() and "a" not in image.getbands() and "transparency" not in image.info:
        return None
    return np.asarray(image.convert("RGBA").getchannel("A"))
