"""AVIF through Pillow: pictures as AV1 key frames."""

import io

import numpy as np
import PIL
from PIL import Image

from edgesr_ros.errors import InputError

try:
    from PIL import AvifImagePlugin  # Pillow 11.3

    SUPPORTED = bool(AvifImagePlugin.SUPPORTED)
except ImportError:
    SUPPORTED = False

# libaom's speed: effort rises as pictures get smaller. CPU time of a textured 640x480 frame at quality 50, in
# times that of WebP, at 1/1, 1/2, 1/4 and 1/8 of the size:
#   speed 6  14.4  4.7  1.6  0.5  (Pillow's own)
#   speed 7   7.5  2.1  0.7  0.2
#   speed 8   4.6  1.5  0.5  0.2
#   speed 9   1.1  0.3  0.2  0.1
# Mean LPIPS of 6 frames at full size at 8, 12, 16, 24 and 40 kB:
#   speed 6  .122  .076  .052  .028  .010
#   speed 8  .145  .091  .063  .034  .013
#   speed 9  .161  .103  .072  .041  .015
#   WebP     .162  .105  .073  .043  .014
# So 8 is the fastest that is worth it at full size, and 6 for who has the time.
_SPEEDS = ((160 * 120, 6), (320 * 240, 7))  # up to so many pixels
_SPEED = 8  # of larger pictures
_SLOW_SPEED = 6


def encode_avif(image: np.ndarray, quality: int, slow: bool = False) -> bytes:
    """(H, W, 3) RGB or (H, W) grey uint8 as an AVIF file.

    Args:
        quality: 1..100.
        slow: take the time that Pillow takes of itself: at full size three times as long, for a tenth to a
            fifth less LPIPS at equal bytes.

    Raises:
        InputError: Pillow has no AVIF here, or the image is larger than the format can hold.
    """
    check_support()
    height, width = image.shape[:2]
    usual = next((speed for pixels, speed in _SPEEDS if width * height <= pixels), _SPEED)
    speed = _SLOW_SPEED if slow else usual
    file = io.BytesIO()
    try:
        # One thread: the robot has other things to do, and a small frame gives no work to more.
        Image.fromarray(image).save(file, "AVIF", quality=quality, speed=speed, max_threads=1)
    except (OSError, RuntimeError, ValueError):
        raise InputError(f"an image of {width}x{height} is more than avif can hold") from None
    return file.getvalue()


def decode_avif(data: bytes) -> np.ndarray | None:
    """(H, W, 3) RGB or, where it holds one channel, (H, W) uint8; None where the data are damaged.

    The caller has checked the size.

    Raises:
        InputError: Pillow has no AVIF here.
    """
    check_support()
    try:
        with Image.open(io.BytesIO(data), formats=("AVIF",)) as image:
            return np.asarray(image if image.mode == "L" else image.convert("RGB"))
    except (OSError, RuntimeError, ValueError, SyntaxError):
        return None


def check_support() -> None:
    """Raises InputError where Pillow has no AVIF."""
    if not SUPPORTED:
        raise InputError(f"avif: Pillow is {PIL.__version__}, expected 11.3 or newer, built with libavif")
