"""Pictures to calibrate a quantizer with: what the network will typically see."""

from pathlib import Path

import numpy as np

from edgesr_ros.errors import InputError
from edgesr_ros.sources.files import list_images, read_image
from edgesr_ros.training.degradation import DEGRADATIONS
from edgesr_ros.upscaling.card import InputSize

CALIBRATION_PICTURES = 32  # that are enough


def calibration_pictures(
    folder: Path, scale: int, size: InputSize | None, count: int, seed: int, degradation: str = "bicubic"
) -> list[np.ndarray]:
    """Low-resolution pictures of random photographs below a folder, (H, W, 3) uint8 RGB.

    Args:
        folder: searched recursively.
        scale: that the photographs are reduced by.
        size: of the pictures, cut at a random place; a smaller one is continued by mirroring. None: whole.
        count: how many; all photographs if there are fewer.
        seed: of the choice.
        degradation: one of `training.degradation.DEGRADATIONS`, as in the recipe.

    Raises:
        InputError: no photograph in the folder, one that cannot be read or one that is smaller than `scale`.
    """
    rng = np.random.default_rng(seed)
    photographs = list_images(folder, recursive=True)
    chosen = rng.choice(len(photographs), min(count, len(photographs)), replace=False)
    pictures = []
    for path in (photographs[index] for index in sorted(chosen)):
        photograph = read_image(path)
        if min(photograph.shape[:2]) < scale:
            raise InputError(
                f"{path}: {photograph.shape[1]}x{photograph.shape[0]} is too small for scale {scale}"
            )
        low, _ = DEGRADATIONS[degradation].reduce(photograph, scale, rng)
        pictures.append(_cut(low, size, rng) if size else low)
    return pictures


def _cut(picture: np.ndarray, size: InputSize, rng: np.random.Generator) -> np.ndarray:
    missing = (max(0, size.height - picture.shape[0]), max(0, size.width - picture.shape[1]))
    whole = np.pad(picture, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="symmetric")
    y = int(rng.integers(whole.shape[0] - size.height, endpoint=True))
    x = int(rng.integers(whole.shape[1] - size.width, endpoint=True))
    return np.ascontiguousarray(whole[y : y + size.height, x : x + size.width])
