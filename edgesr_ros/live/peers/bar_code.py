"""Numbers of frames as a bar code in the picture, which a video codec of others leaves legible."""

import numpy as np

from edgesr_ros.errors import InputError
from edgesr_ros.experiment.footage import Footage
from edgesr_ros.experiment.plan import Camera

BITS = 12
CELL = 16  # pixels of a side; an encoder that halves or quarters the picture leaves enough of it
_DARK, _BRIGHT = 40, 215  # grey levels, which survive a limited range
_LEAST_WIDTH, _LEAST_HEIGHT = BITS * CELL, 2 * CELL


def check_camera(camera: Camera) -> None:
    """Whether there is room for it.

    Raises:
        InputError: there is not, or a side is odd, which the browser's camera cannot have.
    """
    width, height = camera.width, camera.height
    if width < _LEAST_WIDTH or height < _LEAST_HEIGHT or width % 2 or height % 2:
        raise InputError(
            f"camera: expected even sides of {_LEAST_WIDTH}x{_LEAST_HEIGHT} at least beside WebRTC or SRT, "
            f"got {width}x{height}"
        )


def marked(footage: Footage) -> Footage:
    """The same with the position of each frame at its bottom left, for every contender alike.

    Raises:
        InputError: there are more frames than the bar code has numbers.
    """
    if len(footage) > 1 << BITS:
        raise InputError(f"{footage.name}: expected at most {1 << BITS} frames, got {len(footage)}")
    frames = [mark(footage.frame(number), number) for number in range(len(footage))]
    return Footage(footage.name, frames, footage.notes)


def mark(picture: np.ndarray, number: int) -> np.ndarray:
    """A copy of (H, W, 3) RGB or (H, W) grey uint8 with `number`, below 4096, in cells at its bottom left."""
    made = picture.copy()
    # Of Gray's code one cell changes from frame to frame: a picture between two frames reads as one of them.
    gray = number ^ (number >> 1)
    for bit in range(BITS):
        made[-CELL:, CELL * bit : CELL * (bit + 1)] = _BRIGHT if gray >> bit & 1 else _DARK
    return made


def number_in(luma: np.ndarray) -> int:
    """The number in (H, W) uint8, the luma of a marked picture at its own size."""
    inner = luma[-CELL + 4 : -4, : BITS * CELL].reshape(CELL - 8, BITS, CELL)[:, :, 4:-4]
    bits = inner.mean(axis=(0, 2)) > (_DARK + _BRIGHT) / 2
    gray = sum(1 << bit for bit in range(BITS) if bits[bit])
    number = 0
    while gray:
        number, gray = number ^ gray, gray >> 1
    return number
