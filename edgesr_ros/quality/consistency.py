"""How far a super-resolved picture agrees with the picture that was received."""

import numpy as np

from edgesr_ros.errors import InputError
from edgesr_ros.frames.reduce import reduce_frame
from edgesr_ros.quality.distortion import PSNR_LIMIT, psnr

_MIDDLE = (480, 640)  # rows and columns of the upscaled picture


def consistency_db(upscaled: np.ndarray, received: np.ndarray) -> float:
    """PSNR in dB between the upscaled picture, reduced again as the robot reduces, and the received one.

    It needs no original. A low figure means that the network changed what the robot did send; a high one
    says nothing about the detail that it added between the pixels.

    Args:
        upscaled: (H, W[, 3]) uint8, whole or cut to the camera's full size.
        received: (h, w[, 3]) uint8, where h and w are H and W over the scale, rounded up.

    Returns:
        At most `PSNR_LIMIT`.

    Raises:
        InputError: no whole scale leads from one size to the other.
    """
    scale = max(
        -(-large // small) for large, small in zip(upscaled.shape[:2], received.shape[:2], strict=True)
    )
    reduced = reduce_frame(upscaled, scale)
    if reduced.shape != received.shape:
        raise InputError(f"consistency: {upscaled.shape} is no whole multiple of {received.shape}")
    return min(psnr(reduced, received), PSNR_LIMIT)


def middle_consistency_db(upscaled: np.ndarray, received: np.ndarray) -> float:
    """As `consistency_db`, of a large picture's middle 640x480 pixels: a millisecond, whatever the camera."""
    scale = -(-upscaled.shape[0] // received.shape[0])
    small, large = [], []
    for side, most in zip(received.shape[:2], _MIDDLE, strict=True):
        judged = min(side, most // scale)
        first = (side - judged) // 2
        small.append(slice(first, first + judged))
        large.append(slice(scale * first, scale * (first + judged)))
    return consistency_db(np.ascontiguousarray(upscaled[tuple(large)]), received[tuple(small)])
