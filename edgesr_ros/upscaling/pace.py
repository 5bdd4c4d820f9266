"""How long a network will take for a picture, by the time that it took for the pixels of others."""

import math
from collections import deque
from statistics import median_low

import numpy as np

SAMPLE_WIDTH, SAMPLE_HEIGHT = 160, 120
TRIALS = 3  # runs on a sample: the first has to find its memory

_REMEMBERED = 5  # runs; of their times the median counts, so that one hiccup is no reason
# Of the time from frame to frame; the rest is for decoding, for publishing, and for what else there is to do.
_BEGINS, _STAYS = 0.75, 0.95
_FIRST_PAUSE = 2.0  # s until it is timed again; twice as long after each time that it was too slow …
_LONGEST_PAUSE = 60.0  # … up to this


def sample_of(rgb: np.ndarray) -> np.ndarray:
    """The middle of an (H, W, 3) picture, 160x120 at most, not copied: takes about as long for each pixel."""
    height, width = min(rgb.shape[0], SAMPLE_HEIGHT), min(rgb.shape[1], SAMPLE_WIDTH)
    top, left = (rgb.shape[0] - height) // 2, (rgb.shape[1] - width) // 2
    return rgb[top : top + height, left : left + width]


class NetworkPace:
    """Foretells a network's time, and says whether there is so much; time is in seconds."""

    def __init__(self) -> None:
        self._per_pixel: deque[float] = deque(maxlen=_REMEMBERED)
        self._in_use = False
        self._pause, self._due = 0.0, -math.inf

    def took(self, pixels: int, seconds: float) -> None:
        """It enlarged a picture that had so many pixels before."""
        self._per_pixel.append(seconds / pixels)

    def timed(self, now: float, pixels: int, seconds: list[float]) -> None:
        """It was tried on a sample: what was before does not count. No time: it failed.

        What fails is not too slow, and on a frame it says why.
        """
        self._per_pixel.clear()
        self.took(pixels, median_low(seconds) if seconds else 0.0)
        self._pause = min(2 * self._pause or _FIRST_PAUSE, _LONGEST_PAUSE)
        self._due = now + self._pause

    @property
    def known(self) -> bool:
        """It was timed."""
        return bool(self._per_pixel)

    def expected(self, pixels: int) -> float:
        """For a picture that has so many pixels; without end while it was not timed."""
        return median_low(self._per_pixel) * pixels if self._per_pixel else math.inf

    def fits(self, pixels: int, deadline: float, period: float) -> bool:
        """Whether it is expected within `deadline`, and before the frames that come every `period`."""
        share = _STAYS if self._in_use else _BEGINS
        self._in_use = self.known and self.expected(pixels) <= min(deadline, share * period)
        if self._in_use:
            self._pause, self._due = 0.0, -math.inf
        return self._in_use

    def due(self, now: float) -> bool:
        """Whether to time it: at once, and then after longer and longer pauses."""
        return now >= self._due
