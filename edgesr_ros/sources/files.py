"""Image files on disk ↔ RGB arrays."""

import re
from pathlib import Path

import cv2
import numpy as np

from edgesr_ros.errors import InputError
from edgesr_ros.schema import write_bytes

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".ppm", ".pgm"})
BAG_SUFFIXES = frozenset({".bag", ".db3", ".mcap"})  # recordings of ROS


def by_number(path: Path) -> tuple[list[list[str | int]], str]:
    """Sorts paths by name as people count: frame2 before frame10."""
    parts = [re.split("([0-9]+)", name) for name in path.parts]  # every other piece is a number
    counted = [[int(piece) if odd % 2 else piece for odd, piece in enumerate(pieces)] for pieces in parts]
    return counted, str(path)  # the path itself, where only zeros tell two names apart


def list_images(folder: Path, recursive: bool = False) -> list[Path]:
    """The image files of a folder, sorted by path, numbers by their value.

    Raises:
        InputError: no such folder, or no image in it.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    found = folder.rglob("*") if recursive else folder.iterdir()
    images = sorted((path for path in found if path.suffix.lower() in IMAGE_SUFFIXES), key=by_number)
    if not images:
        raise InputError(f"{folder}: no image in it (looked for {', '.join(sorted(IMAGE_SUFFIXES))})")
    return images


def read_image(path: Path, keep_grey: bool = False) -> np.ndarray:
    """An image file as (H, W, 3) uint8 RGB; with `keep_grey`, (H, W) where it holds one channel.

    Raises:
        InputError: the file is missing or is not an image.
    """
    image = cv2.imread(str(path), cv2.IMREAD_ANYCOLOR if keep_grey else cv2.IMREAD_COLOR)
    if image is None:
        reason = "not an image that can be decoded" if path.is_file() else "no such file"
        raise InputError(f"{path}: {reason}")
    return image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def write_image(path: Path, rgb: np.ndarray) -> None:
    """Write (H, W, 3) uint8 RGB; the suffix chooses the format.

    Raises:
        InputError: the suffix is none that can be written, or the folder cannot be written to.
    """
    try:
        encoded, data = cv2.imencode(path.suffix or ".", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    except cv2.error:
        encoded = False
    if not encoded:
        raise InputError(f"{path}: cannot be written (suffix one of {', '.join(sorted(IMAGE_SUFFIXES))}?)")
    write_bytes(path, data.tobytes())
