"""How much trouble SVT-AV1 takes: as much as leaves a slow machine its frame rate."""

from collections.abc import Callable
from math import prod
from statistics import median

USUAL = 9
SLOWEST, FASTEST = 9, 12  # SVT-AV1 4.2 refuses a change to 8 while it runs

# Time of a preset in times that of the next faster one, at 640x480.
_STEP = {9: 1.2, 10: 1.3, 11: 1.15}
_LONGEST = 0.010  # s a frame, in the median; each ms is as much age of the picture …
_UP_TO = 1280 * 720  # … of so many pixels, and in proportion of more; but at most …
_SHARE = 0.45  # … of the time from frame to frame
_SHORTEST = 0.6  # of that; a slower preset must be expected to stay below: so it does not swing
_FRAMES = 15  # that are timed before a change, and the first of which do not count
_SKIPPED = 3  # a new preset's first frames, whose memory is new


class PresetChoice:
    """Takes the time of each frame; says which preset is to be used.

    Args:
        pixels: of a frame.
        period: tells seconds from frame to frame.

    Attributes:
        preset: of the next frame, 9 (slowest, best) to 12. From 9 to 12 LPIPS rises by 80 %.
    """

    def __init__(self, pixels: int, period: Callable[[], float]) -> None:
        self.preset = USUAL
        self._most, self._period = _LONGEST * max(pixels / _UP_TO, 1.0), period
        self._times: list[float] = []

    @property
    def saving(self) -> float:
        """Times that the fastest preset is faster than the one in use."""
        return prod(_STEP[preset] for preset in range(self.preset, FASTEST))

    def spent(self, seconds: float) -> None:
        """A frame took so long to encode."""
        self._times.append(seconds)
        if len(self._times) < _FRAMES:
            return
        # Not the mean: long ones tell of something else that the processor had to do.
        usual, longest = median(self._times[_SKIPPED:]), min(self._most, _SHARE * self._period())
        self._times.clear()
        if usual > longest and self.preset < FASTEST:
            self.preset += 1
        elif self.preset > SLOWEST and usual * _STEP[self.preset - 1] < _SHORTEST * longest:
            self.preset -= 1
