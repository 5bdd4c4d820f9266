"""Reducing a frame by a whole factor before the link, and cutting the enlarged one back to size after it."""

import cv2
import numpy as np

from edgesr_ros.errors import InputError

MAX_SCALE = 8  # the largest that a network here enlarges by


def reduce_frame(image: np.ndarray, scale: int) -> np.ndarray:
    """(H, W[, 3]) uint8 → (ceil(H / scale), ceil(W / scale)[, 3]) by area average.

    A size that `scale` does not divide is first padded at the right and bottom by repeating the border. So
    every pixel stands for exactly scale x scale pixels, and enlarging by `scale` puts it back in place.

    Raises:
        InputError: `scale` is below 1.
    """
    if scale < 1:
        raise InputError(f"scale is {scale}, expected at least 1")
    if scale == 1:
        return image
    height, width = image.shape[:2]
    bottom, right = -height % scale, -width % scale
    if bottom or right:
        image = cv2.copyMakeBorder(image, 0, bottom, 0, right, cv2.BORDER_REPLICATE)
    size = (image.shape[1] // scale, image.shape[0] // scale)
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def reduction(full: tuple[int, int], reduced: tuple[int, int]) -> int:
    """The scale by which `reduce_frame` made a frame of the size `reduced` from one of the size `full`.

    Sizes are (width, height); they may come over a network, so nothing larger than `MAX_SCALE` is believed.

    Raises:
        InputError: no scale does.
    """
    for scale in range(1, MAX_SCALE + 1):
        if all(-(-whole // scale) == part for whole, part in zip(full, reduced, strict=True)):
            return scale
    raise InputError(
        f"compressed image: {reduced[0]}x{reduced[1]} pixels of a full size of {full[0]}x{full[1]}, "
        f"expected a reduction of both sides by 1 to {MAX_SCALE}"
    )


def crop_to(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """The top left `width` x `height` of (H, W[, 3]), contiguous: takes off what `reduce_frame` padded.

    Raises:
        InputError: the image is smaller than that.
    """
    if image.shape[0] < height or image.shape[1] < width:
        raise InputError(
            f"image is {image.shape[1]}x{image.shape[0]}, expected at least the full size {width}x{height}"
        )
    return np.ascontiguousarray(image[:height, :width])
