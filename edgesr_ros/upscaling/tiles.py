"""Pictures in overlapping tiles: for models that take one size only, and to bound memory.

Tiles repeat the pixels of their overlaps, so that they cost time. By measurement (2 threads, EdgeSRGAN-tiny
x4 in onnxruntime, 960x540 in), a whole picture takes 0.48 s and 950 MB in float32, 0.18 s and 230 MB in int8;
tiles of at most 100,000 pixels take 0.55 s and 150 MB, 0.20 s and 70 MB. Caches gain nothing from tiles, and
batches of them nothing either: four of 320x240 at once take 1.0 to 1.1 times as long as in turn. (Of 80x60 it
would be 0.7 to 0.9, but such a picture is not done in tiles.)
"""

import math
from collections.abc import Callable, Iterator

import numpy as np

from edgesr_ros.upscaling.card import MARGIN, InputSize, ModelCard

# Low-resolution pixels beyond which a picture is done in tiles: what takes EdgeSRGAN x4 700 MB in float32.
LARGEST = 200_000


def upscale_large(
    upscale: Callable[[np.ndarray], np.ndarray],
    rgb: np.ndarray,
    scale: int,
    largest: int = LARGEST,
    margin: int = MARGIN,
) -> np.ndarray:
    """Enlarge a picture whole, or in equal tiles of at most `largest` pixels where it has more.

    Arguments and result as of `upscale_in_tiles`, with an `upscale` that takes any size.
    """
    height, width = rgb.shape[:2]
    if height * width <= largest:
        return upscale(rgb)
    return upscale_in_tiles(upscale, rgb, scale, tile_size(height, width, largest, margin), margin)


def upscale_any(upscale: Callable[[np.ndarray], np.ndarray], rgb: np.ndarray, card: ModelCard) -> np.ndarray:
    """Enlarge a picture of any size by what runs a model: in tiles where it takes one size, or for memory.

    Arguments and result as of `upscale_in_tiles`; the card says scale, size and margin.
    """
    if card.input_size is not None:
        return upscale_in_tiles(upscale, rgb, card.scale, card.input_size, card.margin)
    return upscale_large(upscale, rgb, card.scale, margin=card.margin)


def tile_size(height: int, width: int, largest: int, margin: int = MARGIN) -> InputSize:
    """The size of at most `largest` pixels whose tiles cover a picture with the fewest pixels in all.

    That of the picture where margins leave nothing of such a tile: ESRGAN sees 350 pixels far.
    """

    def side(length: int, parts: int) -> int:
        return math.ceil((length + 2 * margin * (parts - 1)) / parts)

    choices: list[tuple[int, InputSize]] = []
    for columns in range(1, width // (2 * margin + 1) + 2):
        tile_width = side(width, columns)
        most_rows = largest // tile_width
        if most_rows > 2 * margin:
            rows = max(1, math.ceil((height - 2 * margin) / (most_rows - 2 * margin)))
            tile = InputSize(width=tile_width, height=side(height, rows))
            choices.append((rows * columns * tile.pixels, tile))
    whole = InputSize(width=width, height=height)
    return min(choices, key=lambda choice: choice[0])[1] if choices else whole


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
        margin: small pixels that are not used of a tile's inner sides, so that there is no seam: as many as a
            pixel of the result depends on, which the model's card says.

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
