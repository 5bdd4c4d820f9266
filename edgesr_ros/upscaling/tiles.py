"""Pictures of any size through a model that takes one size only."""

from collections.abc import Callable, Iterator

import numpy as np

from edgesr_ros.upscaling.card import InputSize

# Low-resolution pixels that are not used of a tile's inner sides: more than the 21 that a pixel of EdgeSRGAN
# depends on (a 9x9 convolution and seventeen 3x3 ones), so that there is no seam.
MARGIN = 24


def upscale_in_tiles(
    upscale: Callable[[np.ndarray], np.ndarray],
    rgb: np.ndarray,
    scale: int,
    size: InputSize,
    margin: int = MARGIN,
) -> np.ndarray:
    """Enlarge a picture in overlapping tiles; a picture smaller than a tile is continued by its mirror image.

    Args:
        upscale: (size.height, size.width, 3) uint8 RGB → the same, `scale` times larger.
        rgb: (H, W, 3) uint8.

    Returns:
        (scale·H, scale·W, 3) uint8; what the whole picture would have given, away from continued sides, if
        no pixel depends on another that is more than `margin` away.
    """
    height, width = rgb.shape[:2]
    missing = (max(size.height - height, 0), max(size.width - width, 0))
    padded = np.pad(rgb, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="symmetric")
    enlarged = np.empty((scale * padded.shape[0], scale * padded.shape[1], 3), np.uint8)
    for top, skipped_rows in _starts(padded.shape[0], size.height, margin):
        for left, skipped_columns in _starts(padded.shape[1], size.width, margin):
            tile = padded[top : top + size.height, left : left + size.width]
            # Later tiles overwrite the margin of earlier ones and leave out their own.
            enlarged[
                scale * (top + skipped_rows) : scale * (top + size.height),
                scale * (left + skipped_columns) : scale * (left + size.width),
            ] = upscale(np.ascontiguousarray(tile))[scale * skipped_rows :, scale * skipped_columns :]
    return np.ascontiguousarray(enlarged[: scale * height, : scale * width])


def _starts(length: int, tile: int, margin: int) -> Iterator[tuple[int, int]]:
    """Where tiles start along an axis, and how much of each is left to the one before it."""
    step = max(tile - 2 * margin, 1)
    yield 0, 0
    for start in range(step, length - tile + step, step):
        yield min(start, length - tile), min(margin, tile // 2)
