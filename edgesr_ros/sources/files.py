"""Image files on disk ↔ RGB arrays."""

import re
from collections.abc import Collection
from pathlib import Path

import cv2
import numpy as np

from edgesr_ros.errors import InputError
from edgesr_ros.frames.visible_range import VisibleRange
from edgesr_ros.schema import write_bytes

ALPHA_SUFFIXES = frozenset({".png", ".webp", ".tif", ".tiff"})
IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".ppm", ".pgm"})
BAG_SUFFIXES = frozenset({".bag", ".db3", ".mcap"})  # recordings of ROS


def by_number(path: Path) -> tuple[list[list[str | int]], str]:
    """Sorts paths by name as people count: frame2 before frame10."""
    parts = [re.split("([0-9]+)", name) for name in path.parts]  # every other piece is a number
    counted = [[int(piece) if odd % 2 else piece for odd, piece in enumerate(pieces)] for pieces in parts]
    return counted, str(path)  # the path itself, where only zeros tell two names apart


def list_images(
    folder: Path, recursive: bool = False, suffixes: Collection[str] = IMAGE_SUFFIXES
) -> list[Path]:
    """The image files of a folder, those with one of `suffixes`, sorted by path, numbers by their value.

    Raises:
        InputError: no such folder, or no image in it.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    found = folder.rglob("*") if recursive else folder.iterdir()
    images = sorted((path for path in found if path.suffix.lower() in suffixes), key=by_number)
    if not images:
        raise InputError(f"{folder}: no image in it (looked for {', '.join(sorted(suffixes))})")
    return images


def read_image(path: Path, keep_grey: bool = False, visible: VisibleRange | None = None) -> np.ndarray:
    """An image file as (H, W, 3) uint8 RGB; with `keep_grey`, (H, W) where it holds one channel.

    Args:
        path: of the file.
        keep_grey: do not make three channels of one.
        visible: what scales values of more than 8 bits, for the pictures of one stream; None: their upper
            8 bits are taken.

    Raises:
        InputError: the file is missing or is not an image.
    """
    colour = cv2.IMREAD_ANYCOLOR if keep_grey else cv2.IMREAD_COLOR
    image = cv2.imread(str(path), colour if visible is None else colour | cv2.IMREAD_ANYDEPTH)
    if image is None:
        reason = "not an image that can be decoded" if path.is_file() else "no such file"
        raise InputError(f"{path}: {reason}")
    if visible is not None and image.dtype in (np.uint16, np.float32):
        image = visible.show(image, "colour" if image.ndim == 3 else "grey")
    return image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def write_image(path: Path, image: np.ndarray) -> None:
    """Write (H, W, 3) RGB, (H, W) grey or (H, W, 4) RGBA, uint8; the suffix chooses the format.

    Transparency is kept by those of `ALPHA_SUFFIXES`.

    Raises:
        InputError: the suffix is none that can be written, or the folder cannot be written to.
    """
    try:
        encoded, data = cv2.imencode(path.suffix or ".", _as_stored(image, path.suffix.lower()))
    except cv2.error:
        encoded = False
    if not encoded:
        raise InputError(f"{path}: cannot be written (suffix one of {', '.join(sorted(IMAGE_SUFFIXES))}?)")
    write_bytes(path, data.tobytes())


def _as_stored(image: np.ndarray, suffix: str) -> np.ndarray:
    """In OpenCV's order of channels, and with those that the format has."""
    if image.ndim == 2:
        return cv2.cvtColor(image, cv2.COLOR_GRAY2BGR) if suffix == ".ppm" else image
    if image.shape[2] == 4 and suffix in ALPHA_SUFFIXES:
        return cv2.cvtColor(image, cv2.COLOR_RGBA2BGRA)
    return cv2.cvtColor(image[:, :, :3], cv2.COLOR_RGB2BGR)
