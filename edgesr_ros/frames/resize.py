"""Bicubic enlargement and reduction with the kernel, smoothing and rounding of MATLAB's `imresize`.

Super-resolution papers make their low-resolution pictures and their baseline with it. OpenCV's cubic
kernel is another one (a = -0.75) and does not smooth before reducing; Pillow's treats borders differently.
Borders are repeated: that is what the usual Set5 files were made with, within 1 grey level.
"""

from functools import lru_cache

import cv2
import numpy as np

_A = -0.5  # Keys' cubic convolution, as MATLAB
_SUPPORT = 2.0


def _cubic(x: np.ndarray) -> np.ndarray:
    x = np.abs(x)
    inner = (_A + 2) * x**3 - (_A + 3) * x**2 + 1
    outer = _A * (x**3 - 5 * x**2 + 8 * x - 4)
    return np.where(x <= 1, inner, np.where(x < _SUPPORT, outer, 0.0))


@lru_cache(maxsize=32)
def _weights(size_in: int, size_out: int) -> np.ndarray:
    """(size_out, size_in) float32 matrix that resizes one axis; rows sum to 1, borders repeated."""
    ratio = size_in / size_out
    stretch = max(ratio, 1.0)  # the kernel widens when reducing: MATLAB's antialiasing
    centre = (np.arange(size_out) + 0.5) * ratio - 0.5
    first = np.floor(centre - _SUPPORT * stretch).astype(int)
    source = first[:, None] + np.arange(int(np.ceil(2 * _SUPPORT * stretch)) + 2)
    weight = _cubic((source - centre[:, None]) / stretch)
    weight /= weight.sum(axis=1, keepdims=True)
    source = source.clip(0, size_in - 1)
    matrix = np.zeros((size_out, size_in), np.float64)
    np.add.at(matrix, (np.arange(size_out)[:, None], source), weight)
    return matrix.astype(np.float32)


@lru_cache(maxsize=32)
def _phases(scale: int) -> np.ndarray:
    """(scale, 5) float32: the weights of a pixel and its neighbours for each pixel that it becomes."""
    places = (np.arange(scale) + 0.5) / scale - 0.5
    weight = _cubic(np.arange(-2, 3) - places[:, None])
    return (weight / weight.sum(axis=1, keepdims=True)).astype(np.float32)


def enlarge_bicubic(image: np.ndarray, scale: int) -> np.ndarray:
    """(H, W[, C]) uint8 → (scale·H, scale·W[, C]) uint8: as `resize_bicubic`, in a fifth of its time.

    Where the scale is whole, pixels lie at no more than `scale` places between their neighbours, and those of
    one place are one short filter's.
    """
    height, width = image.shape[:2]
    flipped = cv2.transpose(image)
    channels = flipped.shape[2:]
    tall = np.empty((width, height, scale, *channels), np.uint8)
    for place, weights in enumerate(_phases(scale)):
        tall[:, :, place] = _filter(flipped, weights[None])
    tall = tall.reshape(width, scale * height, *channels)
    # Rows come last: they lie together, so that those of one place are quickly put where they belong.
    wide = np.empty((scale * width, scale * height, *channels), np.uint8)
    for place, weights in enumerate(_phases(scale)):
        wide[place::scale] = _filter(tall, weights[:, None])
    return cv2.transpose(wide).reshape(scale * height, scale * width, *image.shape[2:])


def _filter(image: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Rounds and clips, as MATLAB does between the two passes."""
    return cv2.filter2D(image, cv2.CV_8U, weights, borderType=cv2.BORDER_REPLICATE)


def resize_bicubic(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """(H, W[, C]) uint8 → (height, width[, C]) uint8, as MATLAB's `imresize(…, 'bicubic')`."""
    rows = _weights(image.shape[0], height)
    columns = _weights(image.shape[1], width)
    channels = image.size // (image.shape[0] * image.shape[1])
    flat = image.reshape(image.shape[0], -1).astype(np.float32)
    # MATLAB rounds and clips between the two passes; without that LR pictures differ by up to 6 grey levels.
    tall = np.clip(np.rint(rows @ flat), 0, 255).reshape(height, image.shape[1], channels)
    flipped = np.ascontiguousarray(tall.transpose(1, 0, 2)).reshape(image.shape[1], -1)
    wide = np.rint(columns @ flipped).clip(0, 255).astype(np.uint8).reshape(width, height, channels)
    return np.ascontiguousarray(wide.transpose(1, 0, 2)).reshape(height, width, *image.shape[2:])
