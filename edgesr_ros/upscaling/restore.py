"""A frame as it was received → the picture at the camera's size: the one way for all who show or judge it."""

from collections.abc import Callable, Mapping

import cv2
import numpy as np

from edgesr_ros.frames.reduce import crop_to, reduction
from edgesr_ros.upscaling.base import Upscaled, Upscaler
from edgesr_ros.upscaling.bicubic import BicubicUpscaler

# (h, w, 3) uint8 RGB and a factor → the picture, so many times larger.
Enlarge = Callable[[np.ndarray, int], Upscaled]


def restore(
    received: np.ndarray,
    size: tuple[int, int],
    enlarge: Enlarge | None = None,
    grey: bool = False,
    width: int = 0,
) -> Upscaled:
    """Enlarge a frame to the camera's size, cut off what reducing it had padded, and leave out false colour.

    Args:
        received: (h, w, 3) uint8 RGB, decoded; `reduce_frame` made it of a frame of `size`.
        size: (width, height) of the camera.
        enlarge: not called for a frame that came at full size; None: bicubic.
        grey: whether the camera has no colour, which networks and codecs may add.
        width: of the picture that is wanted, if less than the camera's; its height goes with it. The frame is
            enlarged no further than that needs, if at all, and reduced by area average where it is more.

    Returns:
        The picture, contiguous: (height, width, 3) uint8 RGB, or (height, width) with `grey`.

    Raises:
        InputError: no whole reduction leads from `size` to the frame's.
    """
    factor = reduction(size, (received.shape[1], received.shape[0]))
    wanted = shown_size(size, width)
    step = next(
        step for step in range(1, factor + 1) if factor % step == 0 and step * size[0] >= factor * wanted[0]
    )
    if step == 1:
        made = Upscaled(received, "none", "none", "none")
    else:
        made = (enlarge or enlarge_by({}))(received, step)
    picture = crop_to(made.picture, *(-(-side * step // factor) for side in size))
    if wanted != (picture.shape[1], picture.shape[0]):
        picture = cv2.resize(picture, wanted, interpolation=cv2.INTER_AREA)
    return made._replace(picture=cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) if grey else picture)


def shown_size(size: tuple[int, int], width: int) -> tuple[int, int]:
    """(width, height) of what is shown of a camera of `size` to who wants `width` pixels; 0: all."""
    if not 0 < width < size[0]:
        return size
    return width, max(round(size[1] * width / size[0]), 1)


def enlarge_by(networks: Mapping[int, Upscaler]) -> Enlarge:
    """By the network of each scale; bicubic where there is none."""
    return lambda rgb, factor: (networks.get(factor) or BicubicUpscaler(factor)).upscaled(rgb)
